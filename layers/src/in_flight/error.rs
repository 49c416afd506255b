use std::error::Error;
use std::fmt;

/// A call was refused, as the limit is reached. It was not sent on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overloaded {
    limit: usize,
    in_flight: usize,
    line: Option<usize>,
}

impl Overloaded {
    /// For tests of code that handles it. `line` is the length of the line, where calls wait in one.
    pub const fn new(limit: usize, in_flight: usize, line: Option<usize>) -> Overloaded {
        Overloaded { limit, in_flight, line }
    }

    /// How many calls may be in flight.
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// How many were when this one was refused: at times fewer than the limit, as what is given back is for those who wait.
    pub const fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// How many may wait, and did; `None` where calls don't wait.
    pub const fn line(&self) -> Option<usize> {
        self.line
    }
}

impl fmt::Display for Overloaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Overloaded { limit, in_flight, line } = self;
        write!(f, "refused: {in_flight} of at most {limit} calls are in flight")?;
        if let Some(line) = line {
            write!(f, ", and the line of {line} that wait is full")?;
        }
        f.write_str("; try again later")
    }
}

impl Error for Overloaded {}
