//! Requests of the peer that wait for their [`Responder`](crate::exchange::Responder).

use super::after::After;
use crate::message::{Id, Message};
use std::task::Waker;

/// Room for the answer is reserved with the request: one place each, so an answer never waits for room.
#[derive(Debug)]
pub(super) struct Asked {
    entries: Vec<Entry>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Entry {
    generation: u32,
    id: Id,
    state: State,
    /// A notification of ours about the request, until it is written.
    note: Option<Message>,
    note_waker: Option<Waker>,
    closed_waker: Option<Waker>,
}

#[derive(Debug)]
enum State {
    Free,
    Open,
    /// The answer, until it is written.
    Answered(Option<Message>),
    /// The peer gave up on the request; its responder still stands.
    Closed,
}

impl Asked {
    pub(super) fn new(room: usize) -> Asked {
        let room = u32::try_from(room).expect("at most 65,536");
        Asked {
            entries: (0..room).map(|_| Entry::new()).collect(),
            free: (0..room).rev().collect(),
        }
    }

    /// A place for the request `id`, by its key, unless all are taken.
    pub(super) fn open(&mut self, id: Id) -> Option<u64> {
        let index = self.free.pop()?;
        let entry = &mut self.entries[index as usize];
        entry.id = id;
        entry.state = State::Open;
        Some(u64::from(entry.generation) << 32 | u64::from(index))
    }

    /// Puts the answer in its place; whether it is to be written. Otherwise the peer gave up, or the connection has ended, and the
    /// place is free again.
    pub(super) fn answer(&mut self, key: u64, answer: Message, after: &mut After) -> bool {
        let Some(index) = self.find(key) else { return false };
        let entry = &mut self.entries[index as usize];
        after.bury(entry.closed_waker.take());
        match entry.state {
            State::Open => {
                entry.state = State::Answered(Some(answer.with_id(entry.id.clone())));
                true
            }
            State::Closed => {
                self.release(index);
                false
            }
            State::Free | State::Answered(_) => false,
        }
    }

    /// Takes the answer to be written, and frees its place.
    pub(super) fn take_answer(&mut self, key: u64) -> Option<Message> {
        let index = self.find(key)?;
        let State::Answered(answer) = &mut self.entries[index as usize].state else {
            return None;
        };
        let answer = answer.take();
        self.release(index);
        answer
    }

    /// Puts a notification in its place, or the waker where one is still waiting to be written. `None`: the request is gone.
    pub(super) fn note(
        &mut self,
        key: u64,
        note: &mut Option<Message>,
        waker: &Waker,
        after: &mut After,
    ) -> Option<bool> {
        let index = self.find(key)?;
        let entry = &mut self.entries[index as usize];
        if !matches!(entry.state, State::Open) {
            return None;
        }
        if entry.note.is_some() {
            after.bury(entry.note_waker.replace(waker.clone()));
            return Some(false);
        }
        entry.note = note.take();
        Some(true)
    }

    pub(super) fn take_note(&mut self, key: u64) -> (Option<Message>, Option<Waker>) {
        let Some(index) = self.find(key) else {
            return (None, None);
        };
        let entry = &mut self.entries[index as usize];
        (entry.note.take(), entry.note_waker.take())
    }

    /// Whether nobody waits for the answer; registers the waker otherwise.
    pub(super) fn is_closed(&mut self, key: u64, waker: &Waker, after: &mut After) -> bool {
        let Some(index) = self.find(key) else { return true };
        let entry = &mut self.entries[index as usize];
        if matches!(entry.state, State::Closed) {
            return true;
        }
        if !entry.closed_waker.as_ref().is_some_and(|old| old.will_wake(waker)) {
            after.bury(entry.closed_waker.replace(waker.clone()));
        }
        false
    }

    /// The peer gives up its request `id`; whether it had one here.
    pub(super) fn close(&mut self, id: &Id, after: &mut After) -> bool {
        let Some(entry) = self
            .entries
            .iter_mut()
            .find(|entry| matches!(entry.state, State::Open) && entry.id == *id)
        else {
            return false;
        };
        entry.close(after);
        true
    }

    /// The connection has ended: answers that were not written never will be.
    pub(super) fn close_all(&mut self, after: &mut After) {
        for index in 0..self.entries.len() {
            match self.entries[index].state {
                State::Open => self.entries[index].close(after),
                State::Answered(_) => self.release(index as u32),
                State::Free | State::Closed => {}
            }
        }
    }

    pub(super) fn in_use(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    fn find(&self, key: u64) -> Option<u32> {
        let index = key as u32;
        let entry = self.entries.get(index as usize)?;
        (u64::from(entry.generation) == key >> 32 && !matches!(entry.state, State::Free)).then_some(index)
    }

    fn release(&mut self, index: u32) {
        let entry = &mut self.entries[index as usize];
        entry.generation = entry.generation.wrapping_add(1);
        entry.state = State::Free;
        entry.note = None;
        self.free.push(index);
    }
}

impl Entry {
    fn new() -> Entry {
        Entry {
            generation: 0,
            id: Id::null(),
            state: State::Free,
            note: None,
            note_waker: None,
            closed_waker: None,
        }
    }

    fn close(&mut self, after: &mut After) {
        self.state = State::Closed;
        self.note = None;
        after.wake(self.closed_waker.take());
        after.wake(self.note_waker.take());
    }
}
