use super::error::WriteStalled;
use super::inbound::{Cut, Inbound, Local, overloaded};
use super::shared::{After, Outgoing, Shared};
use super::slots::{Polled, Server};
use super::stats::count;
use super::table::{Lane, State as Slot};
use super::writer::Writer;
use super::{Disconnected, Stats};
use crate::BoxError;
use crate::codec::{Frame, FrameReader, Framing, Lines};
use crate::exchange::{Exchange, Item, Responder};
use crate::message::{Id, Message, code};
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep};

/// Frames in a chunk: with fewer a full window goes back and forth in lockstep, with more the peer waits for its first answer.
const CHUNK: usize = 64;
/// Turns before the driver lets others run.
const TURNS: usize = 16;
/// Above so many bytes that wait to be written, calls and handlers wait.
const WRITE_HIGH: usize = 128 << 10;
/// Refusals and cancels that may wait to be written, in bytes; over it the reader pauses.
const REFUSALS: usize = 1 << 20;
/// What a cancel takes on the wire, about.
const CANCEL: usize = 128;

/// The future that does a connection's work. See [`Mux`](super::Mux).
///
/// It resolves when the connection has ended. Dropped before or after, it fails all that is in flight; [`close`](Driver::close) does
/// so with a reason of the caller's.
#[must_use = "nothing moves until the driver is polled"]
pub struct Driver<R, W, H: Exchange, F = Lines> {
    pub(super) shared: Arc<Shared>,
    pub(super) server: Option<Server<H>>,
    pub(super) frames: Vec<Frame>,
    pub(super) inbound: Vec<Inbound>,
    pub(super) locals: Vec<Local>,
    pub(super) after: After,
    /// A frame over the size limit whose id was not found in its first bytes.
    pub(super) cut: Option<Cut>,
    reader: FrameReader<R, F>,
    writer: Writer<W>,
    outgoing: Vec<Outgoing>,
    /// Answers of this edge itself.
    refusals: VecDeque<Message>,
    refusal_bytes: usize,
    /// Requests of the handler's that the peer is to answer.
    asks: Vec<(u32, Responder)>,
    /// Handlers to be polled.
    ready: VecDeque<u32>,
    /// Handlers whose request waits for room.
    held: VecDeque<u32>,
    yielding: Option<Yield>,
    stall: Option<Pin<Box<Sleep>>>,
    stalled: bool,
    ending: Option<Ending>,
    closing: bool,
    /// Why the future has resolved.
    over: Option<Disconnected>,
}

/// The connection ends by itself: at the latest at the deadline.
struct Ending {
    end: End,
    deadline: Pin<Box<Sleep>>,
    /// What the peer has already said may still be read.
    reads: bool,
}

/// The woken callers run before what they queue is written, so that it leaves with one system call.
struct Yield {
    woken: usize,
    queued: usize,
}

/// How a connection has ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum End {
    /// The peer closed its side.
    Eof,
    /// The last connection and the last reply were dropped.
    Dropped,
    /// Reading failed.
    Read(io::Error),
    /// Writing failed.
    Write(io::Error),
    /// The peer did not read for so long.
    WriteStalled(Duration),
    /// The handler is dead for good.
    Handler(BoxError),
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
        reader: FrameReader<R, F>,
        writer: W,
        server: Option<Server<H>>,
    ) -> Driver<R, W, H, F> {
        Driver {
            shared,
            server,
            frames: Vec::with_capacity(CHUNK),
            inbound: Vec::with_capacity(CHUNK),
            locals: Vec::new(),
            after: After::default(),
            cut: None,
            reader,
            writer: Writer::new(writer),
            outgoing: Vec::with_capacity(CHUNK),
            refusals: VecDeque::new(),
            refusal_bytes: 0,
            asks: Vec::new(),
            ready: VecDeque::new(),
            held: VecDeque::new(),
            yielding: None,
            stall: None,
            stalled: false,
            ending: None,
            closing: false,
            over: None,
        }
    }

    /// Moves what is queued to the write buffer, as far as it has room.
    fn fill(&mut self) -> bool {
        let mut moved = false;
        while self.writer.pending() < WRITE_HIGH {
            if let Some(refusal) = self.refusals.pop_front() {
                self.refusal_bytes -= refusal.wire_len();
                self.writer.push(self.reader.framing(), &refusal);
                moved = true;
                continue;
            }
            self.shared
                .lock()
                .take_outgoing(CHUNK, &mut self.outgoing, &mut self.after);
            self.after.run();
            if self.outgoing.is_empty() {
                break;
            }
            moved = true;
            for outgoing in self.outgoing.drain(..) {
                let message = match outgoing {
                    Outgoing::Message(message) => message,
                    Outgoing::WithToken(message, at, wire) => message.splice(at, Id::number(wire.into()).as_bytes()),
                    Outgoing::Cancel(wire) => self.shared.protocol.cancel(wire),
                };
                self.writer.push(self.reader.framing(), &message);
            }
        }
        moved
    }

    /// Does what a chunk of frames asks of the driver itself.
    fn act(&mut self) {
        let mut locals = std::mem::take(&mut self.locals);
        for local in locals.drain(..) {
            match local {
                Local::Reply(message) => self.refuse(message),
                Local::Handle(message) => self.handle(message),
                Local::Cancel(id) => {
                    if !self.server.as_mut().is_some_and(|server| server.cancel(&id)) {
                        count(&self.shared.counters.late);
                    }
                }
                Local::Answered(slot, message) => {
                    if let Some(at) = self.asks.iter().position(|(ask, _)| *ask == slot) {
                        let (_, responder) = self.asks.swap_remove(at);
                        self.shared.abandon_answered(slot);
                        // The handler may have given up on it; then nobody is left to tell.
                        let _gone = responder.respond(message);
                    } else {
                        count(&self.shared.counters.late);
                    }
                }
                Local::Noted(slot, message) => {
                    if let Some((_, responder)) = self.asks.iter_mut().find(|(ask, _)| *ask == slot) {
                        let mut cx = Context::from_waker(Waker::noop());
                        let mut note = Some(message);
                        if responder.poll_notify(&mut cx, &mut note).is_pending() {
                            count(&self.shared.counters.strays_dropped);
                        }
                    }
                }
            }
        }
        self.locals = locals;
    }

    fn refuse(&mut self, message: Message) {
        self.refusal_bytes += message.wire_len();
        self.refusals.push_back(message);
    }

    fn handle(&mut self, message: Message) {
        let Some(server) = &mut self.server else { return };
        if let Some(error) = &server.failed {
            let why = chain(&**error);
            if let Some(id) = message.id() {
                self.refuse(Message::error(&id, code::INTERNAL_ERROR, &why));
            }
            return;
        }
        if let Err(message) = server.take(message) {
            match message.id() {
                Some(id) => {
                    count(&self.shared.counters.refused);
                    self.refuse(overloaded(&id, self.shared.bounds.in_flight));
                }
                None => count(&self.shared.counters.strays_dropped),
            }
        }
    }

    /// Calls and polls handlers, as far as the write buffer has room for what they say.
    fn run_handlers(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(server) = &mut self.server else { return false };
        server.take_ready(&mut self.ready);
        let mut ran = false;
        for _ in 0..self.held.len() {
            let Some(index) = self.held.pop_front() else { break };
            if let Some(server) = &mut self.server
                && let Some(item) = server.take_held(index)
                && self.say(index, item)
            {
                self.ready.push_back(index);
            }
        }
        while self.writer.pending() < WRITE_HIGH {
            let Some(server) = &mut self.server else { break };
            let next = self.ready.pop_front().or_else(|| server.dispatch(cx));
            let Some(index) = next else { break };
            ran = true;
            self.run_handler(index);
        }
        ran
    }

    fn run_handler(&mut self, index: u32) {
        while let Some(server) = &mut self.server {
            if !server.may_speak(index) {
                return;
            }
            if self.writer.pending() >= WRITE_HIGH {
                self.ready.push_back(index);
                return;
            }
            match server.poll(index) {
                Polled::Pending => return,
                Polled::Item(item) => {
                    if !self.say(index, item) {
                        return;
                    }
                }
                Polled::Ended => {
                    if let Some(id) = server.end(index) {
                        let why = "the handler ended without an answer";
                        self.refuse(Message::error(&id, code::INTERNAL_ERROR, why));
                    }
                }
                Polled::Failed(error) => {
                    if let Some(id) = server.end(index) {
                        self.refuse(Message::error(&id, code::INTERNAL_ERROR, &chain(&*error)));
                    }
                }
            }
        }
    }

    /// Writes what a handler says; whether it may go on.
    fn say(&mut self, index: u32, item: Item) -> bool {
        let Some(server) = &mut self.server else { return false };
        match item {
            Item::Notification(message) => self.writer.push(self.reader.framing(), &message),
            Item::Response(message) => {
                if let Some(id) = server.end(index) {
                    self.writer.push(self.reader.framing(), &message.with_id(id));
                }
            }
            Item::Request(message, mut responder) => {
                // `watch_asks` registers the driver's waker once the request is written.
                if responder
                    .poll_closed(&mut Context::from_waker(Waker::noop()))
                    .is_ready()
                {
                    return true;
                }
                let request = match self.shared.check(&message) {
                    Ok(Some(request)) => request,
                    Ok(None) => return true,
                    Err(error) => {
                        let _gone = responder.refuse(code::INTERNAL_ERROR, &chain(&error));
                        return true;
                    }
                };
                let mut state = self.shared.lock();
                if state.closed.is_some() {
                    return true;
                }
                let Some(slot) = state.table.reserve(Lane::Ask) else {
                    drop(state);
                    server.hold(index, Item::Request(message, responder));
                    self.held.push_back(index);
                    return false;
                };
                let wire = state.table.wire_id(slot);
                let entry = &mut state.table[slot];
                entry.state = Slot::Sent;
                entry.id = Some(request.id);
                entry.may_cancel = request.may_cancel;
                entry.echo = None;
                entry.token = request.token;
                let at = entry.token.as_ref().map(|(_, at)| at.clone());
                drop(state);
                let wire = Id::number(wire.into());
                let message = message.with_id(wire.clone());
                let message = match at {
                    Some(at) => message.splice(at, wire.as_bytes()),
                    None => message,
                };
                self.writer.push(self.reader.framing(), &message);
                self.asks.push((slot, responder));
            }
        }
        true
    }

    /// Cancels the handlers' requests that they gave up on.
    fn watch_asks(&mut self, cx: &mut Context<'_>) {
        if self.asks.is_empty() {
            return;
        }
        let shared = &self.shared;
        if shared.lock().closed.is_some() {
            // Their slots were freed with the rest.
            self.asks.clear();
            return;
        }
        self.asks.retain_mut(|(slot, responder)| {
            let open = responder.poll_closed(cx).is_pending();
            if !open {
                shared.abandon(*slot);
            }
            open
        });
    }

    /// Writes; `Err` when the connection has ended with it.
    fn write(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        if self.writer.is_empty() {
            return Ok(());
        }
        let before = self.writer.pending();
        match self.writer.poll_write(cx) {
            Poll::Ready(Ok(())) => {
                self.stalled = false;
                return Ok(());
            }
            Poll::Ready(Err(error)) => {
                self.writer.close();
                let end = End::Write(error);
                if self.server.is_some() || self.ending.is_some() {
                    return Err(end);
                }
                // The peer may have answered before it went: what it said is read first.
                self.shared.lose_writer(end.reason());
                self.end_soon(end, true);
                return Ok(());
            }
            Poll::Pending => {}
        }
        let limit = self.shared.bounds.write_stall;
        if !self.stalled || self.writer.pending() < before {
            self.stalled = true;
            let deadline = Instant::now() + limit;
            match &mut self.stall {
                Some(stall) => stall.as_mut().reset(deadline),
                None => self.stall = Some(Box::pin(tokio::time::sleep_until(deadline))),
            }
        }
        let expired = self
            .stall
            .as_mut()
            .is_some_and(|stall| stall.as_mut().poll(cx).is_ready());
        if expired { Err(End::WriteStalled(limit)) } else { Ok(()) }
    }

    /// Reads one chunk; whether there was one.
    fn read(&mut self, cx: &mut Context<'_>) -> Result<bool, End> {
        if self.ending.as_ref().is_some_and(|ending| !ending.reads) || self.refusal_room() == 0 {
            return Ok(false);
        }
        match self.reader.poll_frames(cx, &mut self.frames, CHUNK) {
            Poll::Pending => Ok(false),
            Poll::Ready(Err(error)) => Err(End::Read(error)),
            Poll::Ready(Ok(0)) if self.server.is_some() => {
                self.shared.close(End::Eof.reason());
                self.asks.clear();
                self.end_soon(End::Eof, false);
                Ok(true)
            }
            Poll::Ready(Ok(0)) => Err(self.ending.take().map_or(End::Eof, |ending| ending.end)),
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

    fn refusal_room(&self) -> usize {
        let cancels = self.shared.lock().control.len() * CANCEL;
        REFUSALS.saturating_sub(self.refusal_bytes + cancels)
    }

    /// What runs, or what the peer has already said, may still come through within the limit.
    fn end_soon(&mut self, end: End, reads: bool) {
        let deadline = Box::pin(tokio::time::sleep(self.shared.bounds.drain));
        self.ending = Some(Ending { end, deadline, reads });
    }

    /// Whether the connection has ended by now, with nothing left to do.
    fn ended(&mut self, cx: &mut Context<'_>) -> Option<End> {
        if let Some(server) = &mut self.server
            && let Some(error) = server.failed.take()
        {
            let why = chain(&*error);
            for message in std::mem::take(&mut server.inbox) {
                if let Some(id) = message.id() {
                    server.requests -= 1;
                    let refusal = Message::error(&id, code::INTERNAL_ERROR, &why);
                    self.refusal_bytes += refusal.wire_len();
                    self.refusals.push_back(refusal);
                }
            }
            if self.ending.is_none() {
                let end = End::Handler(error);
                self.shared.close(end.reason());
                self.asks.clear();
                self.end_soon(end, false);
            }
        }
        let quiet = self.refusals.is_empty() && self.writer.is_empty();
        if let Some(ending) = &mut self.ending {
            let idle = quiet && !ending.reads && self.server.as_ref().is_none_or(Server::is_idle);
            if idle || ending.deadline.as_mut().poll(cx).is_ready() {
                return self.ending.take().map(|ending| ending.end);
            }
            return None;
        }
        if !quiet || self.server.is_some() && !self.closing {
            return None;
        }
        let state = self.shared.lock();
        if !state.queue.is_empty() || !state.control.is_empty() {
            return None;
        }
        if self.closing && !self.writer.is_closed() {
            drop(state);
            self.writer.close();
            return None;
        }
        (state.orphaned && self.server.is_none() && state.asked.in_use() == 0).then_some(End::Dropped)
    }

    /// The reason is kept for the calls that are still in flight when the driver is dropped.
    fn over(&mut self, end: End) -> Poll<End> {
        self.over = Some(end.reason());
        Poll::Ready(end)
    }

    /// Whether there is nothing to do until a waker says so.
    fn park(&mut self, cx: &mut Context<'_>) -> bool {
        if self.server.as_ref().is_some_and(|server| !server.park(cx.waker())) {
            return false;
        }
        let mut state = self.shared.lock();
        let queued = !(self.refusals.is_empty() && state.queue.is_empty() && state.control.is_empty());
        if queued && self.writer.pending() < WRITE_HIGH {
            return false;
        }
        let replaced = state.driver.replace(cx.waker().clone());
        drop(state);
        drop(replaced);
        true
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
        let this = self.get_mut();
        for _ in 0..TURNS {
            if this.yields() {
                break;
            }
            let mut moved = this.fill();
            moved |= this.run_handlers(cx);
            this.watch_asks(cx);
            let full = this.writer.pending() >= WRITE_HIGH;
            if let Err(end) = this.write(cx) {
                return this.over(end);
            }
            // What waited for room in the buffer has no other waker.
            moved |= full && this.writer.pending() < WRITE_HIGH;
            if let Some(end) = this.ended(cx) {
                return this.over(end);
            }
            match this.read(cx) {
                Ok(read) => moved |= read,
                Err(end) => return this.over(end),
            }
            if !moved && this.park(cx) {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<R, W, H: Exchange, F> Driver<R, W, H, F> {
    /// Closes our side of the connection and goes on: takes no more calls, writes what is queued, drops the writer, and reads what the
    /// peer still answers until it closes its side as well.
    pub fn close_write(&mut self) {
        self.closing = true;
        self.shared.refuse_calls(End::Dropped.reason());
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
        let why = self.over.take().unwrap_or_else(|| End::Dropped.reason());
        self.shared.close(why);
    }
}

impl End {
    /// The reason that calls in flight fail with.
    pub fn reason(&self) -> Disconnected {
        match self {
            End::WriteStalled(limit) => Disconnected::new(WriteStalled(*limit)),
            other => Disconnected::new(Ended(other.to_string())),
        }
    }
}

#[derive(Debug)]
struct Ended(String);

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Ended {}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Eof => f.write_str("the peer closed the connection"),
            End::Dropped => f.write_str("the connection was dropped on our side"),
            End::Read(error) => write!(f, "reading from the peer failed: {error}"),
            End::Write(error) => write!(f, "writing to the peer failed: {error}"),
            End::WriteStalled(limit) => WriteStalled(*limit).fmt(f),
            End::Handler(error) => write!(f, "the handler has failed for good: {}", chain(&**error)),
        }
    }
}

/// An error with all its causes, on one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

impl<R, W, H: Exchange, F> fmt::Debug for Driver<R, W, H, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver")
            .field("serves", &self.server.is_some())
            .finish_non_exhaustive()
    }
}
