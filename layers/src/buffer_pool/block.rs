use super::BufferPool;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use std::ops::{Deref, Range};
use std::{fmt, mem};

/// One block, to read into: bytes are appended at its end and taken off its front.
///
/// A pool lends it ([`BufferPool::block`]) and has it back when it is dropped, also while what was taken off it is still there; or it is
/// [of no pool](Block::own), and is freed with the last of those parts.
pub struct Block {
    bytes: BytesMut,
    /// Where the block begins and ends.
    range: Range<usize>,
    size: usize,
    pool: Option<BufferPool>,
}

impl Block {
    pub(super) fn lent(bytes: BytesMut, pool: BufferPool) -> Block {
        Block {
            range: range(&bytes),
            bytes,
            size: pool.block_size(),
            pool: Some(pool),
        }
    }

    /// A block of `size` bytes that belongs to no pool.
    pub fn own(size: usize) -> Block {
        let bytes = BytesMut::with_capacity(size);
        Block {
            range: range(&bytes),
            bytes,
            size,
            pool: None,
        }
    }

    /// Bytes in the whole block.
    pub const fn size(&self) -> usize {
        self.size
    }

    /// Whether it goes back to a pool.
    pub const fn is_pooled(&self) -> bool {
        self.pool.is_some()
    }

    /// How many bytes can be appended.
    #[inline]
    pub fn room(&self) -> usize {
        self.bytes.capacity() - self.bytes.len()
    }

    /// The room itself, as what tokio's `read_buf` reads into.
    #[inline]
    pub fn room_mut(&mut self) -> impl BufMut + '_ {
        let room = self.room();
        (&mut self.bytes).limit(room)
    }

    /// The bytes, for what writes to a `BytesMut`. It should not write more than there is [room](Block::room) for: a block that grew, lost
    /// its end or was put in the place of another is freed and not kept, and the pool allocates one anew.
    #[inline]
    pub const fn bytes_mut(&mut self) -> &mut BytesMut {
        &mut self.bytes
    }

    /// Appends `bytes`.
    ///
    /// # Panics
    ///
    /// If there is not room for all of them.
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        assert!(
            bytes.len() <= self.room(),
            "{} bytes into room for {}",
            bytes.len(),
            self.room()
        );
        self.bytes.extend_from_slice(bytes);
    }

    /// Makes the whole block room again, but for what is in it, if nothing that was taken off refers to it any more.
    ///
    /// That is not done if it meant copying what is in it onto itself, so if that is more than was taken off before it.
    pub fn reclaim(&mut self) -> bool {
        self.bytes.try_reclaim(self.size.saturating_sub(self.bytes.len()))
    }

    /// Takes `len` bytes off the front.
    ///
    /// # Panics
    ///
    /// If there are fewer.
    #[inline]
    pub fn split_to(&mut self, len: usize) -> Bytes {
        self.bytes.split_to(len).freeze()
    }

    /// Drops `len` bytes off the front.
    ///
    /// # Panics
    ///
    /// If there are fewer.
    #[inline]
    pub fn advance(&mut self, len: usize) {
        self.bytes.advance(len);
    }

    /// Whether its memory is still that of the block, and no more.
    fn is_intact(&self) -> bool {
        let now = range(&self.bytes);
        // What begins in it and ends before it does has been put in its place, and is shorter for good.
        self.range.start <= now.start && now.end == self.range.end
    }

    /// Drops all that is in it.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }
}

/// Where the bytes and their room lie.
fn range(bytes: &BytesMut) -> Range<usize> {
    let start = bytes.as_ptr().addr();
    start..start + bytes.capacity()
}

impl Deref for Block {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        match &self.pool {
            Some(pool) if self.is_intact() => pool.give_back(mem::take(&mut self.bytes)),
            Some(pool) => pool.forget_one(),
            None => {}
        }
    }
}

// By hand: what is in it may be secret.
impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Block")
            .field("len", &self.bytes.len())
            .field("room", &self.room())
            .field("pooled", &self.is_pooled())
            .finish()
    }
}
