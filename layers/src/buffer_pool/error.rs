use std::error::Error;
use std::fmt;

/// A pool of that size can't be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidSize {
    block: usize,
    blocks: usize,
}

impl InvalidSize {
    /// Says that there is no pool of `blocks` blocks of `block` bytes.
    pub const fn new(block: usize, blocks: usize) -> InvalidSize {
        InvalidSize { block, blocks }
    }

    /// The bytes of a block that were asked for.
    pub const fn block(&self) -> usize {
        self.block
    }

    /// The blocks that were asked for.
    pub const fn blocks(&self) -> usize {
        self.blocks
    }
}

impl fmt::Display for InvalidSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "no pool of {} blocks of {} bytes: choose 1 to 65536 blocks of at least 64 bytes that memory can hold",
            self.blocks, self.block
        )
    }
}

impl Error for InvalidSize {}

/// A body is over the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge {
    limit: usize,
    at_least: u64,
}

impl TooLarge {
    /// Says that a body of `at_least` bytes is over `limit`.
    pub const fn new(limit: usize, at_least: u64) -> TooLarge {
        TooLarge { limit, at_least }
    }

    /// The limit in bytes.
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// What was announced, or what had come when it was given up.
    pub const fn at_least(&self) -> u64 {
        self.at_least
    }
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "body of at least {} bytes is over the limit of {} bytes: raise the limit or send less",
            self.at_least, self.limit
        )
    }
}

impl Error for TooLarge {}
