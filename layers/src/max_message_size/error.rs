use std::error::Error;
use std::fmt;

/// A message is over the limit. What carried it has been dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge {
    direction: Direction,
    limit: usize,
    size: usize,
    cut: bool,
}

/// Which way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the caller to the inner service.
    Request,
    /// From the inner service to the caller.
    Response,
}

impl TooLarge {
    /// A message whose size is known.
    pub const fn new(direction: Direction, limit: usize, size: usize) -> TooLarge {
        TooLarge {
            direction,
            limit,
            size,
            cut: false,
        }
    }

    /// A message of which so much had come when it was cut off.
    pub const fn cut(direction: Direction, limit: usize, at_least: usize) -> TooLarge {
        TooLarge {
            direction,
            limit,
            size: at_least,
            cut: true,
        }
    }

    /// Which way the message went.
    pub const fn direction(&self) -> Direction {
        self.direction
    }

    /// The most that a message may have, in bytes.
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// What the message has, in bytes; if it [was cut](TooLarge::is_cut), what had come of it. `usize::MAX` stands for all that is more.
    pub const fn size(&self) -> usize {
        self.size
    }

    /// Whether the message was cut off while it was read, so that its whole size is not known.
    pub const fn is_cut(&self) -> bool {
        self.cut
    }
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, advice) = match self.direction {
            Direction::Request => ("request", "send less"),
            Direction::Response => ("response", "ask for less"),
        };
        let at_least = if self.cut { "at least " } else { "" };
        let (size, limit) = (self.size, self.limit);
        write!(
            f,
            "{what} too large: {at_least}{size} bytes, the limit is {limit}; {advice}, or raise the limit"
        )
    }
}

impl Error for TooLarge {}

/// A reply has more items than the limit. It has been dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyItems {
    limit: usize,
}

impl TooManyItems {
    /// For tests of code that handles it.
    pub const fn new(limit: usize) -> TooManyItems {
        TooManyItems { limit }
    }

    /// The most items that a reply may have.
    pub const fn limit(&self) -> usize {
        self.limit
    }
}

impl fmt::Display for TooManyItems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = self.limit;
        write!(
            f,
            "too many items in a reply: the limit is {limit}; ask for less, or raise the limit"
        )
    }
}

impl Error for TooManyItems {}
