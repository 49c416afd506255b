/// What a [`BufferPool`](super::BufferPool) has done since it was made, and what it holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStats {
    /// How often room was found in a block that was there.
    pub hits: u64,
    /// How often none was: a block was allocated, or, when there may be no more, a buffer for one message.
    ///
    /// It stops rising as soon as the pool has the blocks that it needs. If it goes on, with [`blocks`](PoolStats::blocks) at its maximum,
    /// messages are kept that refer to all blocks, or more buffers are in use than there are blocks.
    pub misses: u64,
    /// Messages that outgrew a block and left with a buffer of their own.
    pub oversized: u64,
    /// Blocks that there are, those in use counted.
    pub blocks: usize,
    /// Blocks that lie in the pool. Messages may still refer to them.
    pub held: usize,
    /// The bytes of those.
    pub held_bytes: usize,
}
