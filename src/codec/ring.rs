//! The blocks that a stream is read into.

use std::{
    fmt, io, mem,
    pin::pin,
    task::{Context, Poll},
};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

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
pub struct BlockRing {
    /// What is read and not yet taken. Empty while there is a frame in `big`.
    current: BytesMut,
    /// The start of one unfinished frame that outgrew half a block. Empty otherwise, without a capacity.
    big: Vec<u8>,
    /// Empty handles of the other blocks, to which frames may still refer.
    used: Vec<BytesMut>,
    /// All blocks are there and none but `current` is free, so frames are copied out of it: it stays free to be used again. While this
    /// is false, another block is free or may be allocated, and a frame may pin `current`.
    copying: bool,
    options: RingOptions,
    stats: RingStats,
}

impl BlockRing {
    /// An empty ring. It allocates nothing before its first read.
    pub fn new(options: RingOptions) -> Self {
        Self {
            current: BytesMut::new(),
            big: Vec::new(),
            used: Vec::new(),
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
            pin!(io.read_buf(&mut self.current)).poll(cx)
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
        self.current.split_to(len).freeze()
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
        } else if self.current.capacity() - len >= min_read {
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
        let RingOptions { block, blocks, .. } = self.options;
        let len = self.current.len();
        if self.current.capacity() - len >= want {
            return;
        }
        if self.stats.blocks == 0 {
            self.current = self.allocate();
            self.copying = blocks == 1;
        } else if self.current.try_reclaim(block - len) {
            self.copying = self.copying && !self.has_free();
        } else {
            let mut next = match self.used.iter_mut().position(|used| used.try_reclaim(block)) {
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

    fn has_free(&mut self) -> bool {
        let block = self.options.block;
        self.used.iter_mut().any(|used| used.try_reclaim(block))
    }

    fn allocate(&mut self) -> BytesMut {
        self.stats.blocks += 1;
        BytesMut::with_capacity(self.options.block)
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
