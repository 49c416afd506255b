//! Sizes of a ring, and what it counts.

/// Sizes of a [`BlockRing`](super::BlockRing).
///
/// The defaults suit messages of up to some KiB with up to a thousand of them unread. A ring never owns more than `blocks` x `block`
/// bytes (512 KiB), and none before the first read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct RingOptions {
    pub(super) block: usize,
    pub(super) blocks: usize,
    pub(super) min_read: usize,
}

impl RingOptions {
    /// 8 blocks of 64 KiB, and at least 8 KiB a read.
    pub const fn new() -> Self {
        Self {
            block: 64 * 1024,
            blocks: 8,
            min_read: 8 * 1024,
        }
    }

    /// Bytes in a block, 64 at least. One read brings up to a block.
    ///
    /// Larger blocks mean fewer reads when much is waiting; smaller ones pin less memory per frame that is kept.
    pub const fn block(mut self, bytes: usize) -> Self {
        self.block = if bytes < 64 { 64 } else { bytes };
        self
    }

    /// How many blocks a ring may own, 1 at least. When unread frames refer to all but the one being filled, frames are copied out.
    pub const fn blocks(mut self, count: usize) -> Self {
        self.blocks = if count == 0 { 1 } else { count };
        self
    }

    /// With less room than this, in bytes, a block counts as used up. It is taken as 1 at least, and as half a block at most.
    pub const fn min_read(mut self, bytes: usize) -> Self {
        self.min_read = bytes;
        self
    }

    pub(super) fn checked(mut self) -> Self {
        self.min_read = self.min_read.clamp(1, self.block / 2);
        self
    }
}

impl Default for RingOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// What a [`BlockRing`](super::BlockRing) has done since it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RingStats {
    /// Blocks that the ring owns, allocated one by one because none was free. It stops rising as soon as the consumer keeps up.
    pub blocks: u64,
    /// Frames that outgrew a block and got a buffer of their own.
    pub oversized: u64,
    /// Frames copied out, one allocation each, because unread frames hold every other block.
    pub copied: u64,
}
