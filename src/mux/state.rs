//! What the lock guards.

use super::after::After;
use super::alarm::Alarm;
use super::asked::Asked;
use super::listener::Listener;
use super::options::Bounds;
use super::table::{Lane, State as Slot, Table};
use super::waiters::Waiters;
use super::{Disconnected, Error};
use crate::exchange::Item;
use crate::message::{Id, Message};
use std::collections::VecDeque;
use std::ops::Range;

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
    /// Rung with all that the driver has to look at: the queues above, and the three below.
    pub(super) alarm: Alarm,
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

    /// Has the driver woken, unless that was done since it looked last.
    pub(super) fn wake_driver(&mut self, after: &mut After) {
        after.wake(self.alarm.ring());
    }

    pub(super) fn abandon(&mut self, index: u32, after: &mut After) -> Option<Message> {
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
            self.wake_driver(after);
        }
        if matches!(self.table[index].state, Slot::Sent | Slot::Done) {
            self.complete(index, Err(error), after);
        }
    }

    pub(super) fn discard_items(&mut self, index: u32, after: &mut After) {
        let slot = &mut self.table[index];
        self.unread = self.unread.saturating_sub(slot.held);
        slot.held = 0;
        after.trash.extend(slot.items.drain(..));
    }

    pub(super) fn close(&mut self, why: &Disconnected, after: &mut After) {
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

    /// Moves messages out of the queues, up to `most`, and up to the one that fills `room` bytes. From here on they count as written.
    pub(super) fn take_outgoing(&mut self, most: usize, mut room: usize, out: &mut Vec<Outgoing>, after: &mut After) {
        while out.len() < most
            && room > 0
            && let Some(control) = self.control.pop_front()
        {
            match control {
                Control::Cancel(index) => {
                    out.push(Outgoing::Cancel(self.table.wire_id(index)));
                    self.free(index, after);
                }
                Control::CancelWire(wire) => out.push(Outgoing::Cancel(wire)),
                Control::Answer(key) => {
                    let answer = self.asked.take_answer(key);
                    room = room.saturating_sub(answer.as_ref().map_or(0, Message::wire_len));
                    out.extend(answer.map(Outgoing::Message));
                }
                Control::Note(key) => {
                    let (note, waker) = self.asked.take_note(key);
                    room = room.saturating_sub(note.as_ref().map_or(0, Message::wire_len));
                    out.extend(note.map(Outgoing::Message));
                    after.wake(waker);
                }
            }
        }
        while out.len() < most
            && room > 0
            && let Some(index) = self.queue.pop_front()
        {
            let wire = self.table.wire_id(index);
            let slot = &mut self.table[index];
            if slot.state == Slot::Dropped {
                self.free(index, after);
                continue;
            }
            let request = slot.request.take().expect("a queued call holds its message");
            room = room.saturating_sub(request.wire_len());
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
