use super::after::After;
use super::alarm::{Kept, Ringing};
use super::end::{End, Ending};
use super::inbound::{Cut, Inbound, Local};
use super::outbound::WRITE_HIGH;
use super::shared::Shared;
use super::slots::Server;
use super::stall::Stall;
use super::state::Outgoing;
use super::writer::Writer;
use super::{Disconnected, Stats};
use crate::codec::{Frame, FrameReader, Framing, Lines};
use crate::exchange::{Exchange, Responder};
use crate::message::Message;
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite};

/// Frames in a chunk: with fewer a full window goes back and forth in lockstep, with more the peer waits for its first answer.
pub(super) const CHUNK: usize = 64;
/// Turns before the driver lets others run.
const TURNS: usize = 16;
/// The future that does a connection's work. See [`Mux`](super::Mux).
///
/// It resolves when the connection has ended. Dropped before or after, it fails all that is in flight; [`close`](Driver::close) does
/// so with a reason of the caller's.
#[must_use = "nothing moves until the driver is polled"]
pub struct Driver<R, W, H: Exchange, F = Lines> {
    pub(super) shared: Arc<Shared>,
    /// Something was queued since `fill` found nothing left.
    pub(super) queued: Ringing,
    /// Who is woken for it.
    waker: Kept,
    pub(super) server: Option<Server<H>>,
    pub(super) frames: Vec<Frame>,
    pub(super) inbound: Vec<Inbound>,
    pub(super) locals: Vec<Local>,
    pub(super) after: After,
    /// A frame over the size limit whose id was not found in its first bytes.
    pub(super) cut: Option<Cut>,
    pub(super) reader: FrameReader<R, F>,
    pub(super) writer: Writer<W>,
    pub(super) outgoing: Vec<Outgoing>,
    /// Answers of this edge itself.
    pub(super) refusals: VecDeque<Message>,
    pub(super) refusal_bytes: usize,
    /// Requests of the handler's that the peer is to answer.
    pub(super) asks: Vec<(u32, Responder)>,
    /// Handlers to be polled.
    pub(super) ready: VecDeque<u32>,
    /// Handlers whose request waits for room.
    pub(super) held: VecDeque<u32>,
    yielding: Option<Yield>,
    pub(super) stall: Stall,
    pub(super) ending: Option<Ending>,
    pub(super) closing: bool,
    /// Nothing was left in the queues when they were looked at last.
    pub(super) emptied: bool,
    /// All connections, replies and responders were gone by then.
    pub(super) unwanted: bool,
    /// The close that was asked for has been told to whoever polls for it.
    told: bool,
    /// Why the future has resolved.
    over: Option<Disconnected>,
}

/// The woken callers run before what they queue is written, so that it leaves with one system call.
struct Yield {
    woken: usize,
    queued: usize,
}

impl<R, W, H, F> Driver<R, W, H, F>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
    H: Exchange,
    F: Framing,
{
    pub(super) fn new(
        shared: Arc<Shared>,
        queued: Ringing,
        reader: FrameReader<R, F>,
        writer: Writer<W>,
        server: Option<Server<H>>,
    ) -> Driver<R, W, H, F> {
        let stall = Stall::new(shared.bounds.write_stall);
        Driver {
            shared,
            queued,
            waker: Kept::default(),
            server,
            frames: Vec::with_capacity(CHUNK),
            inbound: Vec::with_capacity(CHUNK),
            locals: Vec::new(),
            after: After::default(),
            cut: None,
            reader,
            writer,
            outgoing: Vec::with_capacity(CHUNK),
            refusals: VecDeque::new(),
            refusal_bytes: 0,
            asks: Vec::new(),
            ready: VecDeque::new(),
            held: VecDeque::new(),
            yielding: None,
            stall,
            ending: None,
            closing: false,
            emptied: false,
            unwanted: false,
            told: false,
            over: None,
        }
    }

    /// Drives the connection until it ends, or until [`Connection::close`](super::Connection::close) is called, which is told once, by `None`.
    ///
    /// For edges that own more than a pair of streams and have to stop that as well, a child process say. After `None` the driver is to be
    /// polled on.
    pub fn poll_until_closing(&mut self, cx: &mut Context<'_>) -> Poll<Option<End>> {
        let end = self.poll_turns(cx).map(Some);
        if end.is_pending() && self.closing && !self.told {
            self.told = true;
            return Poll::Ready(None);
        }
        end
    }

    fn poll_turns(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        if !self.waker.is(cx.waker()) {
            self.be_woken_by(Some(cx.waker()));
        }
        for _ in 0..TURNS {
            if self.yields() {
                break;
            }
            self.fill();
            let mut moved = self.run_handlers(cx);
            moved |= self.watch_asks(cx);
            let full = self.writer.pending() >= WRITE_HIGH;
            if let Err(end) = self.write(cx) {
                return self.over(end);
            }
            // What waited for room in the buffer has no other waker.
            moved |= full && self.writer.pending() < WRITE_HIGH;
            if let Some(end) = self.ended(cx) {
                return self.over(end);
            }
            match self.read(cx) {
                Ok(read) => moved |= read,
                Err(end) => return self.over(end),
            }
            if !moved && self.may_park() {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Reads one chunk; whether there was one.
    fn read(&mut self, cx: &mut Context<'_>) -> Result<bool, End> {
        if self.ending.as_ref().is_some_and(|ending| !ending.reads) || self.refusal_room() == 0 {
            return Ok(false);
        }
        match self.reader.poll_frames(cx, &mut self.frames, CHUNK) {
            Poll::Pending => Ok(false),
            Poll::Ready(Err(error)) => self.read_to_the_end(End::Read(error)),
            Poll::Ready(Ok(0)) => self.read_to_the_end(End::Eof),
            Poll::Ready(Ok(_)) => {
                self.understand();
                let woken = self.deliver();
                self.act();
                if woken > 1 {
                    self.yielding = Some(Yield { woken, queued: 0 });
                }
                Ok(true)
            }
        }
    }

    /// Nothing more comes from the peer. Our calls are over; what it asked for may still be answered.
    fn read_to_the_end(&mut self, end: End) -> Result<bool, End> {
        if self.server.is_none() {
            return Err(self.ending.take().map_or(end, |ending| ending.end));
        }
        self.shared.close(end.reason());
        self.asks.clear();
        self.end_soon(end, false);
        Ok(true)
    }

    /// The reason is kept for the calls that are still in flight when the driver is dropped.
    fn over(&mut self, end: End) -> Poll<End> {
        self.over = Some(end.reason());
        Poll::Ready(end)
    }

    /// Whether there is nothing to do until a waker says so.
    fn may_park(&self) -> bool {
        if self.server.as_ref().is_some_and(Server::woken) {
            return false;
        }
        let queued = !self.refusals.is_empty() || self.queued.rings();
        !queued || self.writer.pending() >= WRITE_HIGH || self.writer.is_closed()
    }

    /// Whether the callers that were just woken should queue their next calls first.
    fn yields(&mut self) -> bool {
        let Some(turn) = &mut self.yielding else { return false };
        let queued = self.shared.lock().queue.len();
        if queued < turn.woken && (queued > turn.queued || turn.queued == 0 && queued == 0) {
            turn.queued = queued.max(1);
            return true;
        }
        self.yielding = None;
        false
    }
}

// The handlers' futures are boxed, and the handler itself is never pinned.
impl<R, W, H: Exchange, F> Unpin for Driver<R, W, H, F> {}

impl<R, W, H, F> Future for Driver<R, W, H, F>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
    H: Exchange,
    F: Framing,
{
    type Output = End;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<End> {
        self.get_mut().poll_turns(cx)
    }
}

impl<R, W, H: Exchange, F> Driver<R, W, H, F> {
    fn be_woken_by(&mut self, waker: Option<&Waker>) {
        if let Some(server) = &self.server {
            server.set_driver(waker);
        }
        let replaced = self.shared.lock().alarm.set_driver(waker);
        drop(replaced);
        self.waker = Kept::of(waker);
    }

    /// Fails all that is in flight, for this reason. The first reason stays.
    pub fn close(&self, why: Disconnected) {
        self.shared.close(why);
    }

    /// What the connection has counted since it began.
    pub fn stats(&self) -> Stats {
        self.shared.counters.snapshot()
    }
}

impl<R, W, H: Exchange, F> Drop for Driver<R, W, H, F> {
    fn drop(&mut self) {
        // Connections and handlers' wakers may live on, and must not keep the task of the driver. First, as a waker may panic below.
        self.be_woken_by(None);
        let why = self.over.take().unwrap_or_else(|| End::Dropped.reason());
        self.shared.close(why);
    }
}

impl<R, W, H: Exchange, F> fmt::Debug for Driver<R, W, H, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver")
            .field("serves", &self.server.is_some())
            .finish_non_exhaustive()
    }
}
