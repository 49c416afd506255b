//! What comes out of a reader.

use std::{error::Error, fmt};

use bytes::Bytes;

/// How much of each end of a frame over the limit is kept.
pub(super) const KEPT: usize = 1024;

/// One frame, or what stands in the place of one that is over the limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// The bytes of one message, without what frames it.
    ///
    /// They usually share a block of the reader with their neighbours. What is kept for long should be [`detach`](super::detach)ed.
    Whole(Bytes),
    /// A frame over the limit begins here. Its bytes are dropped.
    TooLong(TooLong),
    /// The frame that was reported as [`TooLong`](Self::TooLong) ends here. The frames behind it follow.
    Skipped(Skipped),
}

/// A frame is over the limit of its reader.
///
/// It is reported as soon as the limit is passed, not at the frame's end, so that whoever waits for this message can be told at once,
/// also when the end never comes. If it does come, [`Skipped`] follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooLong {
    limit: usize,
    at_least: usize,
    prefix: Bytes,
}

impl TooLong {
    /// Says that a frame of `at_least` bytes is over `limit`. At most the first KiB of `start` is copied and kept.
    pub fn new(limit: usize, at_least: usize, start: &[u8]) -> Self {
        let prefix = Bytes::copy_from_slice(&start[..start.len().min(KEPT)]);
        Self {
            limit,
            at_least,
            prefix,
        }
    }

    /// The limit in bytes, without what frames a message.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// The bytes of the frame seen when it was given up: its whole size if the end was there already, else a lower bound.
    pub fn at_least(&self) -> usize {
        self.at_least
    }

    /// The first KiB of the frame at most, from which the message's id can often be recovered. It may end inside a character.
    pub fn prefix(&self) -> &Bytes {
        &self.prefix
    }
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "frame of at least {} bytes is over the limit of {} bytes: raise the limit or send less",
            self.at_least, self.limit
        )
    }
}

impl Error for TooLong {}

/// The end of a frame that was over the limit.
///
/// Some write a message's id last (`{"result":..,"jsonrpc":"2.0","id":7}`, the MCP TypeScript SDK), so that it is found only here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    size: usize,
    suffix: Bytes,
}

impl Skipped {
    /// Says that a frame of `size` bytes, which ended in `suffix`, was dropped.
    pub fn new(size: usize, suffix: impl Into<Bytes>) -> Self {
        Self {
            size,
            suffix: suffix.into(),
        }
    }

    /// The whole size of the frame in bytes, without what frames it.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The last KiB of the frame at most. It may begin inside a character.
    pub fn suffix(&self) -> &Bytes {
        &self.suffix
    }
}
