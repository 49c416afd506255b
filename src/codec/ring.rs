//! The blocks that a stream is read into.

use std::{
    fmt, io, mem,
    pin::pin,
    task::{Context, Poll},
};

use bytes::{BufMut, Bytes};
use tokio::io::{AsyncRead, AsyncReadExt};
use tower_transport_layers::buffer_pool::{Block, BufferPool};

use super::{RingOptions, RingStats};

/// A read buffer made of a few blocks that are used again once no frame refers to them.
///
/// One per connection and direction, owned by the task that reads: not shared, not locked. Frames are taken off its front as [`Bytes`]
/// that refer to the block, so nothing is copied but the unfinished frame at a block's end, once a block.
///
/// Memory: the ring owns at most [`RingOptions::blocks`] blocks, plus one buffer for a frame that outgrows half a block. That buffer
/// doubles up to the caller's limit, leaves with its frame (cut to its size), and is never kept. When unread frames hold every block but
/// the one being filled, frames are copied out exactly, until a block is free again. So what the consumer keeps costs at most the
/// blocks, plus the very bytes it keeps. Blocks are allocated when they are needed and freed with the ring, or with the last frame that
/// refers to them.
///
/// A [pooled](BlockRing::pooled) ring has one block only, the one being filled, and takes it from a pool; used ones go back, with the frames
/// that still refer to them, and the last one when the ring is dropped. When the pool has none, the ring fills a block of its own and copies
/// frames out of it, until the pool has one again.
pub struct BlockRing {
    /// What is read and not yet taken. Empty while there is a frame in `big`.
    current: Block,
    /// The start of one unfinished frame that outgrew half a block. Empty otherwise, without a capacity.
    big: Vec<u8>,
    /// Empty handles of the other blocks, to which frames may still refer.
    used: Vec<Block>,
    pool: Option<BufferPool>,
    /// All blocks are there and none but `current` is free, so frames are copied out of it: it stays free to be used again. While this
    /// is false, another block is free or may be allocated, and a frame may pin `current`.
    copying: bool,
    options: RingOptions,
    stats: RingStats,
}

impl BlockRing {
    /// An empty ring. It allocates nothing before its first read.
    pub fn new(options: RingOptions) -> Self {
        Self::with(None, options)
    }

    /// An empty ring that takes its blocks from `pool`: their size is the pool's, and their count is the pool's to bound.
    pub fn pooled(pool: BufferPool, options: RingOptions) -> Self {
        let options = options.block(pool.block_size());
        Self::with(Some(pool), options)
    }

    fn with(pool: Option<BufferPool>, options: RingOptions) -> Self {
        Self {
            current: Block::own(0),
            big: Vec::new(),
            used: Vec::new(),
            pool,
            copying: false,
            options: options.checked(),
            stats: RingStats::default(),
        }
    }

    /// What is read and not yet taken.
    #[inline]
    pub fn buffered(&self) -> &[u8] {
        if self.big.is_empty() { &self.current } else { &self.big }
    }

    /// What the ring has done so far.
    pub fn stats(&self) -> RingStats {
        self.stats
    }

    /// Reads once. What is buffered is taken to be one unfinished frame, of at most about `limit` bytes: that is how far a buffer grows
    /// by doubling. `Ready(Ok(0))` is the end of the stream.
    ///
    /// # Errors
    ///
    /// Those of `io`. Nothing that was read is lost.
    ///
    /// # Cancel safety
    ///
    /// There is nothing to cancel: all state is in the ring.
    pub fn poll_fill<R>(&mut self, cx: &mut Context<'_>, io: &mut R, limit: usize) -> Poll<io::Result<usize>>
    where
        R: AsyncRead + Unpin,
    {
        self.make_room(limit);
        if self.big.is_empty() {
            pin!(io.read_buf(&mut self.current.room_mut())).poll(cx)
        } else {
            // No more than a block, so that what comes behind the frame fits into one.
            let mut room = (&mut self.big).limit(self.options.block);
            pin!(io.read_buf(&mut room)).poll(cx)
        }
    }

    /// Takes `len` bytes off the front.
    ///
    /// # Panics
    ///
    /// If fewer are buffered.
    #[inline]
    pub fn take(&mut self, len: usize) -> Bytes {
        if !self.big.is_empty() {
            let mut frame = self.leave_big(len);
            frame.truncate(len);
            // In place for most allocators. The reader can't know for how long the frame is kept.
            frame.shrink_to_fit();
            return Bytes::from(frame);
        }
        if self.copying {
            self.stats.copied += 1;
            let frame = Bytes::copy_from_slice(&self.current[..len]);
            self.current.advance(len);
            return frame;
        }
        self.current.split_to(len)
    }

    /// Drops `len` bytes off the front.
    ///
    /// # Panics
    ///
    /// If fewer are buffered.
    #[inline]
    pub fn skip(&mut self, len: usize) {
        if self.big.is_empty() {
            self.current.advance(len);
        } else {
            self.leave_big(len);
        }
    }

    /// Moves all but the first `len` bytes of the big buffer back into a block, and gives the buffer away.
    fn leave_big(&mut self, len: usize) -> Vec<u8> {
        let big = mem::take(&mut self.big);
        let rest = &big[len..];
        if rest.len() > self.options.block {
            self.big = rest.to_vec();
        } else if !rest.is_empty() {
            self.make_block_room(rest.len());
            self.current.extend_from_slice(rest);
        }
        big
    }

    /// Room for at least one useful read.
    fn make_room(&mut self, limit: usize) {
        let RingOptions { block, min_read, .. } = self.options;
        let len = self.buffered().len();
        if !self.big.is_empty() {
            if self.big.capacity() - len < min_read {
                self.big.reserve_exact(growth(len, limit, min_read));
            }
        } else if self.current.room() >= min_read {
            // There is.
        } else if len > (block - min_read) / 2 {
            self.stats.oversized += 1;
            self.big.reserve_exact(len + growth(len, limit, min_read));
            self.big.extend_from_slice(&self.current);
            self.current.clear();
        } else {
            self.make_block_room(min_read);
        }
    }

    /// Room for `want` bytes in the current block, or in another one that becomes the current one.
    fn make_block_room(&mut self, want: usize) {
        let blocks = self.options.blocks;
        if self.current.room() >= want {
            return;
        }
        if self.pool.is_some() {
            self.make_pooled_room();
        } else if self.stats.blocks == 0 {
            self.current = self.allocate();
            self.copying = blocks == 1;
        } else if self.current.reclaim() {
            self.copying = self.copying && !self.has_free();
        } else {
            let mut next = match self.used.iter_mut().position(Block::reclaim) {
                Some(free) => self.used.swap_remove(free),
                None => self.allocate(),
            };
            next.extend_from_slice(&self.current);
            let mut old = mem::replace(&mut self.current, next);
            old.clear();
            self.used.push(old);
            debug_assert!(self.stats.blocks <= blocks as u64, "a frame pins the last block");
            self.copying = self.stats.blocks >= blocks as u64 && !self.has_free();
        }
    }

    /// With a pool, only the block that is being filled is the ring's.
    fn make_pooled_room(&mut self) {
        if self.current.is_pooled() && self.current.reclaim() {
            return;
        }
        let mut next = match self.pool.as_ref().and_then(BufferPool::block) {
            Some(next) => next,
            // It is the ring's own, and no frame refers to it.
            None if self.copying && self.current.reclaim() => return,
            None => Block::own(self.options.block),
        };
        next.extend_from_slice(&self.current);
        self.copying = !next.is_pooled();
        self.stats.blocks = u64::from(self.copying);
        self.current = next;
    }

    fn has_free(&mut self) -> bool {
        self.used.iter_mut().any(Block::reclaim)
    }

    fn allocate(&mut self) -> Block {
        self.stats.blocks += 1;
        Block::own(self.options.block)
    }
}

// Not derived: what is buffered may be secret, and large.
impl fmt::Debug for BlockRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockRing")
            .field("buffered", &self.buffered().len())
            .field("copying", &self.copying)
            .field("options", &self.options)
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

/// By how much a buffer that holds `len` bytes of one frame grows: it doubles, but not past `limit`, and always takes a read.
fn growth(len: usize, limit: usize, min_read: usize) -> usize {
    len.min(limit.saturating_sub(len)).max(min_read)
}
