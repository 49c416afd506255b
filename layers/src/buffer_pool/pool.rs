use super::{Block, Buffer, Gather, Gathering, InvalidSize, PoolStats};
use crate::BoxError;
use bytes::{Bytes, BytesMut};
use crossbeam_queue::ArrayQueue;
use http_body::Body;
use serde::Serialize;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// So many blocks at most: the places for them are made at once.
const MOST_BLOCKS: usize = 1 << 16;
/// So many blocks that are in part used are kept at hand. With more, they would all be used up at the same time.
const OPEN: usize = 4;
/// So many used blocks are asked whether they are free, before another is allocated or the pool gives up.
const PROBES: usize = 4;

/// A bounded pool of blocks, shared by its clones. See the [module docs](super) for an example.
#[derive(Clone)]
pub struct BufferPool {
    shared: Arc<Shared>,
}

struct Shared {
    block: usize,
    blocks: usize,
    /// Blocks with room, in part used by messages that may still be there.
    open: ArrayQueue<BytesMut>,
    /// The others, the longest used first: most likely nobody refers to it any more. It has a place for every block.
    used: ArrayQueue<BytesMut>,
    counters: Counters,
}

/// Apart from what all threads read and none writes.
#[derive(Default)]
#[repr(align(128))]
struct Counters {
    /// Blocks that there are, lent ones counted.
    owned: AtomicUsize,
    hits: AtomicU64,
    misses: AtomicU64,
    oversized: AtomicU64,
}

impl BufferPool {
    /// A pool of at most `blocks` blocks of `block` bytes, so of `block * blocks` bytes. Blocks are allocated when they are first needed.
    ///
    /// A block should hold some dozens of common messages; 64 KiB suits JSON-RPC. As many blocks should be there as are filled at the same
    /// time (one for each task or connection that writes), and for what is written and not yet dropped: 1,024 messages of 200 bytes take
    /// four blocks of 64 KiB. If [`misses`](PoolStats::misses) rises at steady state, it takes more.
    ///
    /// # Errors
    ///
    /// [`InvalidSize`] for blocks of less than 64 bytes, for less than one block, for more than 65,536, and if all together exceed what can
    /// be addressed.
    pub fn new(block: usize, blocks: usize) -> Result<BufferPool, InvalidSize> {
        let bytes = block.checked_mul(blocks).and_then(|bytes| isize::try_from(bytes).ok());
        if block < 64 || blocks == 0 || blocks > MOST_BLOCKS || bytes.is_none() {
            return Err(InvalidSize::new(block, blocks));
        }
        let shared = Shared {
            block,
            blocks,
            open: ArrayQueue::new(OPEN.min(blocks)),
            used: ArrayQueue::new(blocks),
            counters: Counters::default(),
        };
        Ok(BufferPool {
            shared: Arc::new(shared),
        })
    }

    /// An empty buffer to write messages into. It takes room from the pool as soon as it is written to, and gives it back when it is dropped.
    pub fn buffer(&self) -> Buffer {
        Buffer::new(self.clone())
    }

    /// A buffer with room for `min` bytes, to be written without another look at the pool.
    pub fn take(&self, min: usize) -> Buffer {
        let mut buffer = self.buffer();
        buffer.reserve(min);
        buffer
    }

    /// A whole block, to read into; `None` if all are in use and no more may be allocated.
    pub fn block(&self) -> Option<Block> {
        Some(Block::lent(self.lend(self.shared.block)?, self.clone()))
    }

    /// Serialises `value` as JSON straight into the pool's memory.
    ///
    /// # Errors
    ///
    /// Those of the `Serialize` implementation. Nothing is lost to the pool then.
    pub fn to_message<T>(&self, value: &T) -> Result<Bytes, serde_json::Error>
    where
        T: Serialize + ?Sized,
    {
        let mut buffer = self.buffer();
        serde_json::to_writer(&mut buffer, value)?;
        Ok(buffer.split())
    }

    /// Gathers a whole body of at most `limit` bytes. What comes in one frame is passed on as it is, without a copy.
    ///
    /// The length that the body announces is looked at first. The time is not bounded here. Dropping the future drops the body and what was
    /// gathered of it.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](super::TooLarge), and the body's own.
    pub fn gather<B>(&self, body: B, limit: usize) -> Gathering<B>
    where
        B: Body,
        B::Error: Into<BoxError>,
    {
        Gathering::new(body, Gather::new(self, limit))
    }

    /// Bytes in a block.
    pub fn block_size(&self) -> usize {
        self.shared.block
    }

    /// How many blocks there may be.
    pub fn max_blocks(&self) -> usize {
        self.shared.blocks
    }

    /// How many bytes there may be in blocks.
    pub fn max_bytes(&self) -> usize {
        self.shared.block * self.shared.blocks
    }

    /// What the pool has done so far, and what it holds.
    ///
    /// Each number is right by itself; while others use the pool, they need not fit together.
    pub fn stats(&self) -> PoolStats {
        let Shared {
            open, used, counters, ..
        } = &*self.shared;
        let held = open.len() + used.len();
        PoolStats {
            hits: counters.hits.load(Ordering::Relaxed),
            misses: counters.misses.load(Ordering::Relaxed),
            oversized: counters.oversized.load(Ordering::Relaxed),
            blocks: counters.owned.load(Ordering::Relaxed),
            held,
            held_bytes: held * self.shared.block,
        }
    }

    /// A block with room for `min` bytes, or one that is allocated if that may be.
    pub(super) fn lend(&self, min: usize) -> Option<BytesMut> {
        let Shared {
            block,
            open,
            used,
            counters,
            ..
        } = &*self.shared;
        let min = min.max(self.least_room());
        if let Some(mut bytes) = open.pop() {
            if bytes.capacity() >= min || bytes.try_reclaim(*block) {
                counters.hits.fetch_add(1, Ordering::Relaxed);
                return Some(bytes);
            }
            self.keep(bytes);
        }
        for _ in 0..PROBES {
            let Some(mut bytes) = used.pop() else { break };
            if bytes.try_reclaim(*block) || bytes.capacity() >= min {
                counters.hits.fetch_add(1, Ordering::Relaxed);
                return Some(bytes);
            }
            self.keep(bytes);
        }
        counters.misses.fetch_add(1, Ordering::Relaxed);
        self.may_allocate().then(|| BytesMut::with_capacity(*block))
    }

    /// Takes back a block, to which messages may still refer.
    pub(super) fn give_back(&self, mut bytes: BytesMut) {
        bytes.clear();
        if bytes.capacity() < self.least_room() {
            return self.keep(bytes);
        }
        if let Err(bytes) = self.shared.open.push(bytes) {
            self.keep(bytes);
        }
    }

    /// One that was lent does not come back.
    pub(super) fn forget_one(&self) {
        self.shared.counters.owned.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn count_oversized(&self) {
        self.shared.counters.oversized.fetch_add(1, Ordering::Relaxed);
    }

    fn keep(&self, bytes: BytesMut) {
        let kept = self.shared.used.push(bytes);
        debug_assert!(kept.is_ok(), "there is a place for every block");
    }

    /// With less room than this a block is used up.
    fn least_room(&self) -> usize {
        self.shared.block.div_ceil(128)
    }

    fn may_allocate(&self) -> bool {
        let more = |owned| (owned < self.shared.blocks).then_some(owned + 1);
        let owned = &self.shared.counters.owned;
        owned.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }
}

// By hand: what is in the blocks may be secret.
impl fmt::Debug for BufferPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BufferPool")
            .field("block_size", &self.block_size())
            .field("max_blocks", &self.max_blocks())
            .field("stats", &self.stats())
            .finish()
    }
}
