//! What callers and the driver share: one short lock, never held across an await, a wake-up or a drop of what a user gave us.

use super::asked::Asked;
use super::listener::Listener;
use super::options::Bounds;
use super::stats::Counters;
use super::table::{Lane, State as Slot, Table};
use super::waiters::Waiters;
use super::{Disconnected, Error};
use crate::exchange::{Asker, Gone, Item};
use crate::message::{Id, Message, code};
use crate::protocol::Protocol;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    pub(super) protocol: Arc<dyn Protocol>,
    pub(super) bounds: Bounds,
    pub(super) counters: Counters,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) table: Table,
    pub(super) waiters: Waiters,
    /// Calls to be written, in the order in which they were made.
    pub(super) queue: VecDeque<u32>,
    pub(super) control: VecDeque<Control>,
    pub(super) asked: Asked,
    pub(super) listener: Listener,
    /// What all callers have left unread, in bytes.
    pub(super) unread: usize,
    /// The driver's waker while it is parked: whoever queues something takes it, so it is woken once per park.
    pub(super) driver: Option<Waker>,
    /// The last connection and the last reply have been dropped.
    pub(super) orphaned: bool,
    /// Our side is to be closed once all that is queued is written.
    pub(super) close_asked: bool,
    /// Why no more calls are taken; those in flight go on.
    pub(super) closing: Option<Disconnected>,
    pub(super) closed: Option<Disconnected>,
}

/// Small messages with a place of their own: they never wait behind calls.
#[derive(Debug)]
pub(super) enum Control {
    /// The cancel of the call in this slot, which is freed when it is written.
    Cancel(u32),
    /// The cancel of a call that failed here, by its wire id.
    CancelWire(u32),
    Answer(u64),
    Note(u64),
}

/// One message to be written.
#[derive(Debug)]
pub(super) enum Outgoing {
    Message(Message),
    /// A request whose token is to be replaced by its wire id.
    WithToken(Message, Range<usize>, u32),
    Cancel(u32),
}

/// What must be woken or dropped after the lock was given back.
///
/// The first waker needs no allocation, and a caller's turn has rarely more than one.
#[derive(Debug, Default)]
pub(super) struct After {
    first: Option<Waker>,
    more: Vec<Waker>,
    /// To be dropped, not woken: a waker's drop may run the destructor of a task.
    dead: Option<Waker>,
    more_dead: Vec<Waker>,
    pub(super) trash: Vec<Item>,
}

impl After {
    pub(super) fn wake(&mut self, waker: Option<Waker>) {
        if self.first.is_none() {
            self.first = waker;
        } else {
            self.more.extend(waker);
        }
    }

    /// Has a waker dropped.
    pub(super) fn bury(&mut self, waker: Option<Waker>) {
        if self.dead.is_none() {
            self.dead = waker;
        } else {
            self.more_dead.extend(waker);
        }
    }

    /// Wakes and drops; how many were woken.
    pub(super) fn run(&mut self) -> usize {
        if self.more.is_empty() && self.more_dead.is_empty() && self.trash.is_empty() {
            self.dead = None;
            let Some(waker) = self.first.take() else { return 0 };
            waker.wake();
            return 1;
        }
        let woken = usize::from(self.first.is_some()) + self.more.len();
        if let Some(waker) = self.first.take() {
            waker.wake();
        }
        for waker in self.more.drain(..) {
            waker.wake();
        }
        self.dead = None;
        self.more_dead.clear();
        self.trash.clear();
        woken
    }
}

impl Shared {
    pub(super) fn new(protocol: Arc<dyn Protocol>, bounds: Bounds) -> Shared {
        let state = State {
            table: Table::new(bounds.in_flight, bounds.in_flight),
            waiters: Waiters::default(),
            queue: VecDeque::new(),
            control: VecDeque::new(),
            asked: Asked::new(bounds.in_flight),
            listener: Listener::default(),
            unread: 0,
            driver: None,
            orphaned: false,
            close_asked: false,
            closing: None,
            closed: None,
        };
        Shared {
            state: Mutex::new(state),
            protocol,
            bounds,
            counters: Counters::default(),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody wants the call in this slot any more. What was sent is cancelled, what was not is never written.
    pub(super) fn abandon(&self, index: u32) {
        let mut after = After::default();
        let mut state = self.lock();
        let request = state.abandon(index, &mut after);
        drop(state);
        drop(request);
        after.run();
    }

    /// Takes no more calls. Those that wait to be ready fail.
    pub(super) fn refuse_calls(&self, why: Disconnected) {
        let mut after = After::default();
        let mut state = self.lock();
        if state.closing.is_none() {
            state.closing = Some(why);
        }
        state.waiters.wake_all(&mut after.more);
        state.wake_driver(&mut after);
        drop(state);
        after.run();
    }

    /// Takes no more calls, as nothing can be written any more. Those that wait to be written fail; those that were may still be
    /// answered.
    pub(super) fn lose_writer(&self, why: Disconnected) {
        let mut after = After::default();
        let mut state = self.lock();
        while let Some(index) = state.queue.pop_front() {
            let slot = &mut state.table[index];
            if slot.state == Slot::Queued && slot.id.is_some() {
                slot.request = None;
                state.complete(index, Err(Error::disconnected(false, why.clone())), &mut after);
            } else {
                state.free(index, &mut after);
            }
        }
        drop(state);
        after.run();
        self.refuse_calls(why);
    }

    /// Ends everything that is in flight. The first reason stays.
    pub(super) fn close(&self, why: Disconnected) {
        let mut after = After::default();
        let mut state = self.lock();
        if state.closed.is_none() {
            state.close(&why, &mut after);
            state.closed = Some(why);
        }
        drop(state);
        after.run();
    }
}

impl State {
    /// Why a call made now can't be sent.
    pub(super) fn unavailable(&self) -> Option<Error> {
        let why = self.closed.as_ref().or(self.closing.as_ref())?;
        Some(Error::disconnected(false, why.clone()))
    }

    /// Frees the slot, or hands it to the first who waits.
    pub(super) fn free(&mut self, index: u32, after: &mut After) {
        let lane = self.table[index].lane;
        self.table.release(index);
        if lane == Lane::Call
            && !self.waiters.is_empty()
            && let Some(slot) = self.table.reserve(Lane::Call)
        {
            after.wake(self.waiters.grant(slot));
        }
    }

    /// Has the driver woken, if it sleeps.
    pub(super) fn wake_driver(&mut self, after: &mut After) {
        after.wake(self.driver.take());
    }

    fn abandon(&mut self, index: u32, after: &mut After) -> Option<Message> {
        self.discard_items(index, after);
        let slot = &mut self.table[index];
        let waker = slot.waker.take();
        let request = slot.request.take();
        match slot.state {
            Slot::Queued => slot.state = Slot::Dropped,
            Slot::Sent if slot.may_cancel && self.closed.is_none() => {
                slot.state = Slot::Cancelling;
                self.control.push_back(Control::Cancel(index));
                self.wake_driver(after);
            }
            Slot::Sent | Slot::Done | Slot::Reserved => self.free(index, after),
            Slot::Free | Slot::Dropped | Slot::Cancelling => {}
        }
        after.bury(waker);
        request
    }

    /// Gives an item to the call in this slot. Over the limits, the exchange that holds most fails.
    pub(super) fn push_item(&mut self, index: u32, item: Item, bounds: &Bounds, after: &mut After) -> bool {
        let weight = weight(&item);
        let slot = &mut self.table[index];
        slot.items
            .push_back(if slot.items.is_empty() { item } else { detach(item) });
        slot.held += weight;
        self.unread += weight;
        let held = slot.held;
        after.wake(slot.waker.take());
        if held > bounds.unread {
            self.fail(index, Error::unread(bounds.unread, held, false), after);
            return false;
        }
        if self.unread > bounds.unread_total {
            let most = self
                .table
                .iter()
                .max_by_key(|(_, slot)| slot.held)
                .map_or(index, |(index, _)| index);
            self.fail(most, Error::unread(bounds.unread_total, self.unread, true), after);
            return false;
        }
        true
    }

    /// Takes the first unread item.
    pub(super) fn pop_item(&mut self, index: u32) -> Option<Item> {
        let slot = &mut self.table[index];
        let item = slot.items.pop_front()?;
        let weight = weight(&item);
        slot.held = slot.held.saturating_sub(weight);
        self.unread = self.unread.saturating_sub(weight);
        Some(item)
    }

    /// Ends the call in this slot with its last item.
    pub(super) fn complete(&mut self, index: u32, last: Result<Message, Error>, after: &mut After) {
        let slot = &mut self.table[index];
        slot.last = Some(last);
        slot.state = Slot::Done;
        after.wake(slot.waker.take());
    }

    /// Ends a call that was sent with an error of ours, and has the peer told unless it has answered.
    fn fail(&mut self, index: u32, error: Error, after: &mut After) {
        self.discard_items(index, after);
        let slot = &self.table[index];
        if slot.state == Slot::Sent && slot.may_cancel {
            self.control.push_back(Control::CancelWire(self.table.wire_id(index)));
        }
        if matches!(self.table[index].state, Slot::Sent | Slot::Done) {
            self.complete(index, Err(error), after);
        }
    }

    fn discard_items(&mut self, index: u32, after: &mut After) {
        let slot = &mut self.table[index];
        self.unread = self.unread.saturating_sub(slot.held);
        slot.held = 0;
        after.trash.extend(slot.items.drain(..));
    }

    fn close(&mut self, why: &Disconnected, after: &mut After) {
        let occupied: Vec<u32> = self
            .table
            .iter()
            .filter(|(_, slot)| slot.state != Slot::Free)
            .map(|(index, _)| index)
            .collect();
        for index in occupied {
            let slot = &mut self.table[index];
            match slot.state {
                Slot::Queued | Slot::Sent if slot.id.is_some() && slot.lane == Lane::Call => {
                    let sent = slot.state == Slot::Sent;
                    slot.request = None;
                    self.complete(index, Err(Error::disconnected(sent, why.clone())), after);
                }
                Slot::Queued | Slot::Sent | Slot::Dropped | Slot::Cancelling => self.free(index, after),
                Slot::Free | Slot::Reserved | Slot::Done => {}
            }
        }
        self.queue.clear();
        self.control.clear();
        self.asked.close_all(after);
        let listener = self.listener.clear(&mut after.trash);
        after.wake(listener);
        self.waiters.wake_all(&mut after.more);
        self.wake_driver(after);
    }

    /// Moves up to `most` messages out of the queues. From here on they count as written.
    pub(super) fn take_outgoing(&mut self, most: usize, out: &mut Vec<Outgoing>, after: &mut After) {
        while out.len() < most
            && let Some(control) = self.control.pop_front()
        {
            match control {
                Control::Cancel(index) => {
                    out.push(Outgoing::Cancel(self.table.wire_id(index)));
                    self.free(index, after);
                }
                Control::CancelWire(wire) => out.push(Outgoing::Cancel(wire)),
                Control::Answer(key) => out.extend(self.asked.take_answer(key).map(Outgoing::Message)),
                Control::Note(key) => {
                    let (note, waker) = self.asked.take_note(key);
                    out.extend(note.map(Outgoing::Message));
                    after.wake(waker);
                }
            }
        }
        while out.len() < most
            && let Some(index) = self.queue.pop_front()
        {
            let wire = self.table.wire_id(index);
            let slot = &mut self.table[index];
            if slot.state == Slot::Dropped {
                self.free(index, after);
                continue;
            }
            let request = slot.request.take().expect("a queued call holds its message");
            if slot.id.is_none() {
                out.push(Outgoing::Message(request));
                self.free(index, after);
                continue;
            }
            slot.state = Slot::Sent;
            let request = request.with_id(Id::number(wire.into()));
            out.push(match &slot.token {
                Some((_, at)) => Outgoing::WithToken(request, at.clone(), wire),
                None => Outgoing::Message(request),
            });
        }
    }
}

impl Shared {
    /// Frees the slot of a handler's request that was answered.
    pub(super) fn abandon_answered(&self, index: u32) {
        let mut after = After::default();
        self.lock().free(index, &mut after);
        after.run();
    }
}

impl Asker for Shared {
    fn respond(&self, key: u64, mut answer: Message) -> Result<(), Gone> {
        let (limit, size) = (self.bounds.message, answer.wire_len());
        if size > limit {
            let why = Error::too_large(limit, size, false).to_string();
            answer = Message::error(&Id::null(), code::INTERNAL_ERROR, &why);
        }
        let mut after = After::default();
        let mut state = self.lock();
        let taken = state.asked.answer(key, answer, &mut after);
        if taken {
            state.control.push_back(Control::Answer(key));
        }
        // The driver of a connection that everybody has dropped stays for the responders.
        if taken || state.orphaned {
            state.wake_driver(&mut after);
        }
        drop(state);
        after.run();
        if taken { Ok(()) } else { Err(Gone::new()) }
    }

    fn poll_notify(&self, key: u64, cx: &mut Context<'_>, note: &mut Option<Message>) -> Poll<Result<(), Gone>> {
        let mut after = After::default();
        let mut state = self.lock();
        if state.closed.is_some() {
            return Poll::Ready(Err(Gone::new()));
        }
        let taken = state.asked.note(key, note, cx.waker(), &mut after);
        if taken == Some(true) {
            state.control.push_back(Control::Note(key));
            state.wake_driver(&mut after);
        }
        drop(state);
        after.run();
        match taken {
            Some(true) => Poll::Ready(Ok(())),
            Some(false) => Poll::Pending,
            None => Poll::Ready(Err(Gone::new())),
        }
    }

    fn poll_closed(&self, key: u64, cx: &mut Context<'_>) -> Poll<()> {
        let mut after = After::default();
        let mut state = self.lock();
        let closed = state.asked.is_closed(key, cx.waker(), &mut after);
        drop(state);
        after.run();
        if closed { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// What an item costs while it is unread: its bytes, and the room that it takes itself.
pub(super) fn weight(item: &Item) -> usize {
    item.message().wire_len() + size_of::<Item>()
}

/// A copy that pins no block of the reader: for items that wait behind others, as their caller is behind.
fn detach(item: Item) -> Item {
    match item {
        Item::Notification(message) => Item::Notification(message.detach()),
        Item::Request(message, responder) => Item::Request(message.detach(), responder),
        Item::Response(message) => Item::Response(message.detach()),
    }
}
