use super::BufferPool;
use bytes::{Bytes, BytesMut};
use std::ops::Deref;
use std::{fmt, io, mem};

/// What a buffer of its own begins with. It is cut when the message is complete.
const SMALL: usize = 256;

/// Room for messages, lent by a [`BufferPool`]: they are written one after the other, and each is split off when it is complete.
///
/// What is written and not split off is one message in the making. It lies in one piece: if it does not fit into what is left of a block, it
/// moves to a fresh one, and if it outgrows a block, or none is free, to a buffer of its own, which leaves with the message and is cut to its
/// size. So a block never grows.
///
/// It takes room from the pool when it is first written to, and keeps it until it is dropped, also in a panic. A task that writes much holds
/// one for long, as each look at the pool costs two atomic exchanges that all threads share; one that writes now and then drops it between.
pub struct Buffer {
    pool: BufferPool,
    place: Place,
}

/// Where the message in the making lies.
enum Place {
    /// There is none, and no room for it.
    Nowhere,
    Block(BytesMut),
    /// The block, if there is one, is empty.
    Own {
        bytes: Vec<u8>,
        block: Option<BytesMut>,
    },
}

impl Buffer {
    pub(super) const fn new(pool: BufferPool) -> Buffer {
        Buffer {
            pool,
            place: Place::Nowhere,
        }
    }

    /// Appends `bytes` to the message in the making.
    #[inline]
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        match &mut self.place {
            Place::Block(block) if bytes.len() <= block.capacity() - block.len() => block.extend_from_slice(bytes),
            Place::Own { bytes: own, .. } => own.extend_from_slice(bytes),
            _ => self.extend_elsewhere(bytes),
        }
    }

    /// Makes room for `additional` bytes, so that the message in the making need not move while they are written.
    pub fn reserve(&mut self, additional: usize) {
        self.reserve_within(additional, usize::MAX);
    }

    /// As [`reserve`](Buffer::reserve), where a buffer of its own that grows makes room for later ones as well: for a message that has no
    /// more than `most` bytes, up to these.
    #[inline]
    pub(super) fn reserve_within(&mut self, additional: usize, most: usize) {
        match &mut self.place {
            Place::Block(block) if additional <= block.capacity() - block.len() => {}
            Place::Own { bytes, .. } if additional <= bytes.capacity() - bytes.len() => {}
            Place::Nowhere if additional == 0 => {}
            _ => self.grow(additional, most),
        }
    }

    /// Splits the message off. The buffer is empty then and keeps the rest of its room for the next one.
    ///
    /// The message refers to its block, which is free again when the last message of it is dropped, on whichever thread.
    pub fn split(&mut self) -> Bytes {
        match &mut self.place {
            // An empty part would hold the block like any other.
            Place::Block(block) if !block.is_empty() => block.split().freeze(),
            Place::Own { bytes, block } => {
                let mut bytes = mem::take(bytes);
                self.place = block.take().map_or(Place::Nowhere, Place::Block);
                // In place for most allocators. Nobody knows for how long the message is kept.
                bytes.shrink_to_fit();
                Bytes::from(bytes)
            }
            _ => Bytes::new(),
        }
    }

    /// Shortens the message in the making to `len` bytes. Without effect if it is shorter.
    pub fn truncate(&mut self, len: usize) {
        match &mut self.place {
            Place::Block(block) => block.truncate(len),
            Place::Own { bytes, .. } => bytes.truncate(len),
            Place::Nowhere => {}
        }
    }

    /// Drops the message in the making.
    pub fn clear(&mut self) {
        match &mut self.place {
            Place::Block(block) => block.clear(),
            Place::Own { block, .. } => self.place = block.take().map_or(Place::Nowhere, Place::Block),
            Place::Nowhere => {}
        }
    }

    #[inline(never)]
    fn extend_elsewhere(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.make_room(bytes.len(), usize::MAX);
            self.extend_from_slice(bytes);
        }
    }

    #[inline(never)]
    fn grow(&mut self, additional: usize, most: usize) {
        if let Place::Own { bytes, .. } = &mut self.place {
            let doubled = bytes.capacity().saturating_mul(2).min(most);
            bytes.reserve_exact(additional.max(doubled.saturating_sub(bytes.len())));
        } else {
            self.make_room(additional, most);
        }
    }

    /// Has the message in the making moved to where there is room for `additional` bytes more. It lies in a block, or nowhere.
    fn make_room(&mut self, additional: usize, most: usize) {
        let want = self.len().saturating_add(additional);
        let mut block = match mem::replace(&mut self.place, Place::Nowhere) {
            Place::Block(block) | Place::Own { block: Some(block), .. } => Some(block),
            Place::Nowhere | Place::Own { block: None, .. } => None,
        };
        if want <= self.pool.block_size() {
            // If nothing else refers to the block any more, it begins anew.
            let next = match block.take_if(|block| block.try_reclaim(additional)) {
                Some(block) => Some(block),
                None => self.pool.lend(want),
            };
            if let Some(mut next) = next {
                if let Some(old) = block {
                    next.extend_from_slice(&old);
                    self.pool.give_back(old);
                }
                self.place = Place::Block(next);
                return;
            }
        } else {
            self.pool.count_oversized();
        }
        // Where it was, as there may be no such room: then it is still there, and so is the block.
        self.place = block.map_or(Place::Nowhere, Place::Block);
        let mut bytes = Vec::with_capacity(want.max((self.len() * 2).max(SMALL).min(most)));
        bytes.extend_from_slice(self);
        let block = match mem::replace(&mut self.place, Place::Nowhere) {
            Place::Block(mut block) => {
                block.clear();
                // If nothing else refers to it. As it is it might be too short for each message that comes, though it is free.
                let _begun_anew = block.try_reclaim(self.pool.block_size());
                Some(block)
            }
            Place::Nowhere | Place::Own { .. } => None,
        };
        self.place = Place::Own { bytes, block };
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.place {
            Place::Block(block) => block,
            Place::Own { bytes, .. } => bytes,
            Place::Nowhere => &[],
        }
    }
}

impl io::Write for Buffer {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Place::Block(block) | Place::Own { block: Some(block), .. } =
            mem::replace(&mut self.place, Place::Nowhere)
        {
            self.pool.give_back(block);
        }
    }
}

// By hand: what is written may be secret, and large.
impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
