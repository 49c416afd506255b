//! The write side: messages are gathered, and many leave with one system call.

use crate::codec::Framing;
use crate::message::Message;
use bytes::{Buf, Bytes};
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncWrite;
use tower_transport_layers::buffer_pool::{Block, BufferPool};

/// From this size on a message is written from where it lies, not copied into the buffer. Below, one buffer beats many slices.
const BY_REFERENCE: usize = 8 << 10;
/// The buffer's room that is always kept: what it grows to, by doubling, for half as much.
const KEPT: usize = 128 << 10;
/// The buffer's room that is kept while it is in use: it grows to that by doubling when it is full, with a last message.
const BUSY: usize = 288 << 10;
/// After so many writes in a row that `KEPT` is enough for, the rest is given back.
const SMALL_WRITES: u8 = 32;
/// What frames a message takes no more than this.
const FRAMING: usize = 64;
/// As many slices go with one system call.
const SLICES: usize = 16;

pub(super) struct Writer<W> {
    /// Gone once our side is closed.
    io: Option<W>,
    /// What goes before `buffer`.
    chunks: VecDeque<Bytes>,
    /// It grows, unless it is a block of the pool, and goes back there when all is written.
    buffer: Block,
    pool: Option<BufferPool>,
    pending: usize,
    unflushed: bool,
    /// The most that `buffer` held since all was written.
    peak: usize,
    small_writes: u8,
}

impl<W: AsyncWrite + Unpin> Writer<W> {
    pub(super) fn new(io: W, pool: Option<BufferPool>) -> Writer<W> {
        Writer {
            io: Some(io),
            chunks: VecDeque::new(),
            buffer: Block::own(0),
            pool,
            pending: 0,
            unflushed: false,
            peak: 0,
            small_writes: 0,
        }
    }

    /// Bytes that wait to be written.
    pub(super) fn pending(&self) -> usize {
        self.pending
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pending == 0 && !self.unflushed
    }

    /// Closes our side by dropping the writing half; what waits is lost.
    pub(super) fn close(&mut self) {
        self.io = None;
        self.chunks.clear();
        // A block of the pool goes back at once: the other side may be read for long.
        self.buffer = Block::own(0);
        self.pending = 0;
        self.unflushed = false;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.io.is_none()
    }

    pub(super) fn push(&mut self, framing: &impl Framing, message: &Message) {
        if self.io.is_none() {
            return;
        }
        let parts = message.segments();
        let tail = parts.iter().rposition(|part| !part.is_empty()).unwrap_or(0);
        if parts[tail].len() < BY_REFERENCE || framing.needs_rewrite(parts[tail]) {
            self.make_room(message.wire_len());
            let before = self.buffer.len();
            framing.encode(&parts, self.buffer.bytes_mut());
            self.pending += self.buffer.len() - before;
            self.peak = self.peak.max(self.buffer.len());
            return;
        }
        self.make_room(parts[..tail].iter().map(|part| part.len()).sum());
        let before = self.buffer.len();
        framing.head(message.wire_len(), self.buffer.bytes_mut());
        for part in &parts[..tail] {
            framing.body(part, self.buffer.bytes_mut());
        }
        self.pending += self.buffer.len() - before;
        self.peak = self.peak.max(self.buffer.len());
        self.close_chunk();
        let by_reference = message.tail();
        self.pending += by_reference.len();
        self.chunks.push_back(by_reference);
        self.buffer.bytes_mut().extend_from_slice(framing.tail());
        self.pending += framing.tail().len();
    }

    /// With a pool: a block with room for `len` bytes and what frames them, twice as there may be a tail of its own.
    fn make_room(&mut self, len: usize) {
        let Some(pool) = &self.pool else { return };
        let want = len + 2 * FRAMING;
        if self.buffer.room() >= want {
            return;
        }
        let fits = (want <= pool.block_size()).then(|| pool.block()).flatten();
        let next = fits.unwrap_or_else(|| Block::own(want.max(BY_REFERENCE)));
        self.close_chunk();
        self.buffer = next;
    }

    /// What is in the buffer goes before what is written to it from now on.
    fn close_chunk(&mut self) {
        if !self.buffer.is_empty() {
            let len = self.buffer.len();
            self.chunks.push_back(self.buffer.split_to(len));
        }
    }

    /// Writes all that waits, and flushes. `Pending` has the writer's waker registered.
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(io) = &mut self.io else {
            return Poll::Ready(Ok(()));
        };
        while self.pending > 0 {
            let written = if self.chunks.is_empty() {
                ready!(Pin::new(&mut *io).poll_write(cx, &self.buffer))?
            } else {
                let mut slices = [IoSlice::new(&[]); SLICES];
                let waiting = self.chunks.iter().map(|chunk| &**chunk).chain([&*self.buffer]);
                let mut used = 0;
                for (slice, waiting) in slices.iter_mut().zip(waiting) {
                    *slice = IoSlice::new(waiting);
                    used += 1;
                }
                ready!(Pin::new(&mut *io).poll_write_vectored(cx, &slices[..used]))?
            };
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unflushed = true;
            self.pending -= written;
            advance(&mut self.chunks, &mut self.buffer, written);
        }
        if self.unflushed {
            ready!(Pin::new(&mut *io).poll_flush(cx))?;
            self.unflushed = false;
        }
        self.shrink();
        Poll::Ready(Ok(()))
    }

    /// Gives back what the buffer grew to, once it is not needed any more. All is written.
    fn shrink(&mut self) {
        if self.pool.is_some() {
            self.buffer = Block::own(0);
            return;
        }
        let small = std::mem::take(&mut self.peak) <= KEPT / 2;
        let kept = match self.small_writes {
            _ if !small => {
                self.small_writes = 0;
                BUSY
            }
            SMALL_WRITES => {
                self.small_writes = 0;
                KEPT
            }
            // Small writes do not make it grow past `BUSY`.
            _ => {
                self.small_writes += 1;
                return;
            }
        };
        // What was written counts again, once it is reclaimed.
        if self.buffer.bytes_mut().try_reclaim(kept + 1) {
            self.buffer = Block::own(0);
        }
    }
}

fn advance(chunks: &mut VecDeque<Bytes>, buffer: &mut Block, mut written: usize) {
    while let Some(first) = chunks.front_mut() {
        if written < first.len() {
            first.advance(written);
            return;
        }
        written -= first.len();
        chunks.pop_front();
    }
    if written == buffer.len() {
        // Unlike `advance`, this leaves nothing to be reclaimed.
        buffer.clear();
    } else {
        buffer.advance(written);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Lines;
    use crate::message::Id;

    #[test]
    fn a_closed_side_gives_back_what_it_did_not_write() {
        let pool = BufferPool::new(4096, 4).unwrap();
        let mut writer = Writer::new(tokio::io::sink(), Some(pool.clone()));
        for id in 1..=3 {
            writer.push(
                &Lines::new(),
                &Message::request(&Id::number(id), "m", &"x".repeat(3000)).unwrap(),
            );
        }
        assert_eq!((pool.stats().blocks, pool.stats().held), (3, 2));
        writer.close();
        assert_eq!(pool.stats().held, 3);
        assert!(pool.block().is_some_and(|block| block.room() == 4096));
    }

    // PITFALLS 30
    #[test]
    fn what_goes_before_a_part_by_reference_makes_the_buffer_no_larger_for_good() {
        let (large, tail) = ("x".repeat(4 << 20), "x".repeat(2 * BY_REFERENCE));
        let request = format!(r#"{{"jsonrpc":"2.0","method":"m","x":"{large}","id":1,"params":["{tail}"]}}"#);
        let request = Message::parse(request.into()).unwrap().with_id(Id::number(2));
        let mut writer = Writer::new(tokio::io::sink(), None);
        writer.push(&Lines::new(), &request);
        drop(request);
        let mut cx = Context::from_waker(std::task::Waker::noop());
        assert!(writer.poll_write(&mut cx).is_ready() && writer.is_empty());
        assert!(!writer.buffer.bytes_mut().try_reclaim(BUSY + 1));
    }
}
