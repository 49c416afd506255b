use std::num::NonZeroUsize;

/// A call over the limit is refused at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refuse;

/// A call over the limit waits in its future.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    pub(super) line: NonZeroUsize,
}

impl Wait {
    /// In a line that is no longer than `line`.
    pub const fn new(line: NonZeroUsize) -> Wait {
        Wait { line }
    }

    /// How many calls may wait.
    pub const fn line(&self) -> NonZeroUsize {
        self.line
    }
}
