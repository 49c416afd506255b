//! The slots of what we sent or are about to send.

use super::Error;
use crate::exchange::Item;
use crate::message::{Id, Message};
use std::collections::VecDeque;
use std::ops::Range;
use std::task::Waker;

/// Wire ids stay below 2^31, as some peers read them into an `i32`.
const WIRE_IDS: u32 = i32::MAX as u32;

/// What a slot is for. Each kind has room of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// A call made on a [`Connection`](super::Connection).
    Call,
    /// A request that a handler makes of the peer.
    Ask,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Free,
    /// A readied connection holds it.
    Reserved,
    /// In the outgoing queue.
    Queued,
    /// In the outgoing queue, but nobody wants it any more: the slot is freed when the writer comes to it.
    Dropped,
    /// Taken into the write buffer; the response is awaited.
    Sent,
    /// In the queue of control messages, as the cancel is to be written.
    Cancelling,
    /// The last item is there, for the caller to take.
    Done,
}

#[derive(Debug)]
pub(super) struct Slot {
    generation: u32,
    pub(super) lane: Lane,
    pub(super) state: State,
    pub(super) request: Option<Message>,
    /// The caller's id; `None` for a notification.
    pub(super) id: Option<Id>,
    /// The caller's token, and where it stands in the request.
    pub(super) token: Option<(Id, Range<usize>)>,
    /// Where the response repeats the id.
    pub(super) echo: Option<&'static [&'static str]>,
    pub(super) may_cancel: bool,
    pub(super) waker: Option<Waker>,
    pub(super) items: VecDeque<Item>,
    /// What `items` weighs.
    pub(super) held: usize,
    pub(super) last: Option<Result<Message, Error>>,
}

#[derive(Debug)]
pub(super) struct Table {
    slots: Vec<Slot>,
    /// The longest-free slot first, so that an id comes back as late as can be.
    free: VecDeque<u32>,
    room: [usize; 2],
}

impl Table {
    pub(super) fn new(calls: usize, asks: usize) -> Table {
        let slots = calls + asks;
        Table {
            slots: (0..slots).map(|_| Slot::new()).collect(),
            free: (0..u32::try_from(slots).expect("at most 2 * 65,536 slots")).collect(),
            room: [calls, asks],
        }
    }

    /// The longest-free slot, if its lane has room.
    pub(super) fn reserve(&mut self, lane: Lane) -> Option<u32> {
        let room = &mut self.room[lane as usize];
        *room = room.checked_sub(1)?;
        let index = self.free.pop_front().expect("as many slots as room in all lanes");
        let slot = &mut self[index];
        slot.lane = lane;
        slot.state = State::Reserved;
        Some(index)
    }

    /// Frees a slot that holds nothing any more: what it held has to be taken out before, to be dropped without the lock.
    pub(super) fn release(&mut self, index: u32) {
        let generations = WIRE_IDS / self.slots.len() as u32;
        let slot = &mut self[index];
        debug_assert!(slot.items.is_empty(), "items are dropped without the lock");
        slot.generation = if slot.generation + 1 >= generations {
            1
        } else {
            slot.generation + 1
        };
        slot.state = State::Free;
        slot.request = None;
        slot.id = None;
        slot.token = None;
        slot.echo = None;
        slot.last = None;
        slot.held = 0;
        if slot.items.capacity() > 64 {
            slot.items = VecDeque::new();
        }
        self.room[self[index].lane as usize] += 1;
        self.free.push_back(index);
    }

    pub(super) fn wire_id(&self, index: u32) -> u32 {
        self[index].generation * self.slots.len() as u32 + index
    }

    /// The slot that was sent with this wire id and still awaits its response.
    pub(super) fn sent(&self, wire: u64) -> Option<u32> {
        let wire = u32::try_from(wire).ok()?;
        let slots = self.slots.len() as u32;
        let index = wire % slots;
        let slot = &self[index];
        (slot.generation == wire / slots && slot.state == State::Sent && slot.id.is_some()).then_some(index)
    }

    /// The one call that awaits its response, if it is the only one.
    pub(super) fn sole_call(&self) -> Option<u32> {
        let mut sent = self
            .iter()
            .filter(|(_, slot)| slot.lane == Lane::Call && slot.state == State::Sent && slot.id.is_some());
        let (index, _) = sent.next()?;
        sent.next().is_none().then_some(index)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Slot)> {
        (0..).zip(&self.slots)
    }

    pub(super) fn in_use(&self) -> usize {
        self.slots.len() - self.free.len()
    }
}

impl Slot {
    fn new() -> Slot {
        Slot {
            generation: 1,
            lane: Lane::Call,
            state: State::Free,
            request: None,
            id: None,
            token: None,
            echo: None,
            may_cancel: false,
            waker: None,
            items: VecDeque::new(),
            held: 0,
            last: None,
        }
    }
}

impl std::ops::Index<u32> for Table {
    type Output = Slot;
    fn index(&self, index: u32) -> &Slot {
        &self.slots[index as usize]
    }
}

impl std::ops::IndexMut<u32> for Table {
    fn index_mut(&mut self, index: u32) -> &mut Slot {
        &mut self.slots[index as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    // mux-structure.md, traps: a late answer to a cancelled call becomes another caller's.
    #[test]
    fn a_wire_id_comes_back_as_late_as_can_be() {
        let mut table = Table::new(1 << 15, 1 << 15);
        let mut seen = HashSet::new();
        // Twice as many as one slot has generations.
        for _ in 0..1 << 16 {
            let slot = table.reserve(Lane::Call).unwrap();
            assert!(seen.insert(table.wire_id(slot)));
            table.release(slot);
        }
        assert!(seen.iter().all(|id| *id < 1 << 31));
    }

    #[test]
    fn the_last_generation_is_followed_by_the_first() {
        let mut table = Table::new(1 << 16, 1 << 16);
        // Always the same slot, so that its generations run out.
        table.free.retain(|slot| *slot == 0);
        for _ in 0..20_000 {
            let slot = table.reserve(Lane::Call).unwrap();
            assert!(table.wire_id(slot) < 1 << 31);
            assert!(table.wire_id(slot) >= 1 << 17, "generation 0 is never used");
            table.release(slot);
        }
    }
}
