//! Connections that wait for a slot, first come, first served.

use std::collections::VecDeque;
use std::task::Waker;

/// A line of waiters. A freed slot is handed to the first of them, so nobody overtakes and no wake-up is lost.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    entries: Vec<Entry>,
    vacant: Vec<u32>,
    line: VecDeque<u32>,
}

#[derive(Debug)]
enum Entry {
    Vacant,
    /// The waker is gone while the waiter is being dropped from the line.
    Waiting(Option<Waker>),
    Granted(u32),
}

impl Waiters {
    pub(super) fn join(&mut self, waker: Waker) -> u32 {
        let entry = Entry::Waiting(Some(waker));
        let key = match self.vacant.pop() {
            Some(key) => {
                self.entries[key as usize] = entry;
                key
            }
            None => {
                self.entries.push(entry);
                u32::try_from(self.entries.len() - 1).expect("fewer than 2^32 waiters")
            }
        };
        self.line.push_back(key);
        key
    }

    /// The slot that was granted, or the old waker that the new one replaced.
    pub(super) fn poll(&mut self, key: u32, waker: &Waker) -> Result<u32, Option<Waker>> {
        match &mut self.entries[key as usize] {
            Entry::Granted(slot) => {
                let slot = *slot;
                self.vacate(key);
                Ok(slot)
            }
            Entry::Waiting(old) if old.as_ref().is_some_and(|old| old.will_wake(waker)) => Err(None),
            Entry::Waiting(old) => Err(old.replace(waker.clone())),
            Entry::Vacant => unreachable!("a waiter polls its own entry"),
        }
    }

    /// Hands a slot to the first in line, if there is one.
    pub(super) fn grant(&mut self, slot: u32) -> Option<Waker> {
        let key = self.line.pop_front()?;
        match std::mem::replace(&mut self.entries[key as usize], Entry::Granted(slot)) {
            Entry::Waiting(waker) => waker,
            Entry::Vacant | Entry::Granted(_) => unreachable!("only waiters stand in line"),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    /// Leaves the line. The slot that was granted meanwhile, if any, goes back to the caller, to be handed on.
    pub(super) fn leave(&mut self, key: u32) -> (Option<u32>, Option<Waker>) {
        let entry = std::mem::replace(&mut self.entries[key as usize], Entry::Vacant);
        self.vacant.push(key);
        match entry {
            Entry::Granted(slot) => (Some(slot), None),
            Entry::Waiting(waker) => {
                self.line.retain(|other| *other != key);
                (None, waker)
            }
            Entry::Vacant => unreachable!("a waiter leaves once"),
        }
    }

    /// Takes the wakers of all who wait, as the connection has ended. They stay in line and find out when they poll.
    pub(super) fn wake_all(&mut self, wakers: &mut Vec<Waker>) {
        for entry in &mut self.entries {
            if let Entry::Waiting(waker) = entry {
                wakers.extend(waker.take());
            }
        }
    }

    fn vacate(&mut self, key: u32) {
        self.entries[key as usize] = Entry::Vacant;
        self.vacant.push(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_in_line_gets_the_slot() {
        let mut waiters = Waiters::default();
        let (first, second) = (waiters.join(Waker::noop().clone()), waiters.join(Waker::noop().clone()));
        assert!(waiters.grant(7).is_some());
        assert!(waiters.poll(second, Waker::noop()).is_err());
        assert_eq!(waiters.poll(first, Waker::noop()).ok(), Some(7));
        assert_eq!(waiters.leave(second).0, None);
        assert!(waiters.grant(8).is_none());
    }

    #[test]
    fn a_dropped_waiter_gives_its_grant_back() {
        let mut waiters = Waiters::default();
        let first = waiters.join(Waker::noop().clone());
        let second = waiters.join(Waker::noop().clone());
        assert!(waiters.grant(7).is_some());
        let (slot, _) = waiters.leave(first);
        assert_eq!(slot, Some(7));
        assert!(waiters.grant(7).is_some());
        assert_eq!(waiters.poll(second, Waker::noop()).ok(), Some(7));
    }
}
