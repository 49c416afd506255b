use std::error::Error;
use std::fmt;

/// A call was refused, as its request and those in flight are more bytes than the limit. It was not sent on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BytesOverloaded {
    limit: usize,
    in_flight: usize,
    size: usize,
    line: Option<usize>,
}

impl BytesOverloaded {
    /// For tests of code that handles it. `line` is the length of the line, where calls wait in one.
    pub const fn new(limit: usize, in_flight: usize, size: usize, line: Option<usize>) -> BytesOverloaded {
        BytesOverloaded {
            limit,
            in_flight,
            size,
            line,
        }
    }

    /// How many bytes may be in flight.
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// How many were when this call was refused: at times few enough, as what is given back is for those who wait.
    pub const fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// The bytes of the request that was refused.
    pub const fn size(&self) -> usize {
        self.size
    }

    /// How many calls may wait, and did; `None` where calls don't wait.
    pub const fn line(&self) -> Option<usize> {
        self.line
    }
}

impl fmt::Display for BytesOverloaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BytesOverloaded {
            limit,
            in_flight,
            size,
            line,
        } = self;
        write!(
            f,
            "refused {size} bytes: {in_flight} of at most {limit} bytes are in flight"
        )?;
        if let Some(line) = line {
            write!(f, ", and the line of {line} calls that wait is full")?;
        }
        f.write_str("; try again later")
    }
}

impl Error for BytesOverloaded {}

/// A call was refused, as its request alone is more bytes than may ever be in flight. It was not sent on, and trying again does not help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NeverFits {
    limit: usize,
    size: usize,
}

impl NeverFits {
    /// For tests of code that handles it.
    pub const fn new(limit: usize, size: usize) -> NeverFits {
        NeverFits { limit, size }
    }

    /// How many bytes may be in flight.
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// The bytes of the request that was refused.
    pub const fn size(&self) -> usize {
        self.size
    }
}

impl fmt::Display for NeverFits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let NeverFits { limit, size } = self;
        write!(
            f,
            "refused: a request of {size} bytes never fits into the {limit} that may be in flight; make it smaller, or raise the limit"
        )
    }
}

impl Error for NeverFits {}
