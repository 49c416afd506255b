//! What belongs to no exchange of ours.

use super::Error;
use crate::exchange::Item;
use std::collections::VecDeque;
use std::task::Waker;

/// Stray notifications that wait for a listener, at most.
const RING: usize = 64;
/// What they may weigh, in bytes.
const RING_BYTES: usize = 256 << 10;

/// One listener at a time, and a small ring for the time without.
#[derive(Debug, Default)]
pub(super) struct Listener {
    /// The turn of the one who listens; an earlier listener finds that its turn is over.
    turn: u64,
    open: bool,
    items: VecDeque<(Item, usize)>,
    held: usize,
    failed: Option<Error>,
    waker: Option<Waker>,
}

impl Listener {
    /// A new listener: it gets what waits in the ring, and the earlier one ends.
    pub(super) fn open(&mut self) -> (u64, Option<Waker>) {
        self.turn += 1;
        self.open = true;
        self.failed = None;
        (self.turn, self.waker.take())
    }

    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// Takes a stray item. What is to be dropped without the lock goes to `trash`; whether something was lost.
    pub(super) fn push(&mut self, item: Item, weight: usize, limit: usize, trash: &mut Vec<Item>) -> bool {
        self.items.push_back((item, weight));
        self.held += weight;
        if self.open {
            if self.held <= limit {
                return false;
            }
            self.failed = Some(Error::unread(limit, self.held, false));
            self.open = false;
            trash.extend(self.items.drain(..).map(|(item, _)| item));
            self.held = 0;
            return true;
        }
        self.shrink(trash) > 0
    }

    /// The next item; `Err(())` when there is none yet.
    pub(super) fn next(&mut self, turn: u64) -> Result<Option<Result<Item, Error>>, ()> {
        if turn != self.turn {
            return Ok(None);
        }
        if let Some(error) = self.failed.take() {
            return Ok(Some(Err(error)));
        }
        if !self.open {
            return Ok(None);
        }
        match self.items.pop_front() {
            Some((item, weight)) => {
                self.held -= weight;
                Ok(Some(Ok(item)))
            }
            None => Err(()),
        }
    }

    pub(super) fn set_waker(&mut self, waker: &Waker) -> Option<Waker> {
        self.waker.replace(waker.clone())
    }

    pub(super) fn take_waker(&mut self) -> Option<Waker> {
        self.waker.take()
    }

    /// The listener has gone; what it left unread waits for the next one, as far as the ring has room.
    pub(super) fn close(&mut self, turn: u64, trash: &mut Vec<Item>) {
        if turn != self.turn {
            return;
        }
        self.open = false;
        for (item, weight) in std::mem::take(&mut self.items) {
            // A request has to be answered by somebody who is there.
            if matches!(item, Item::Request(..)) {
                self.held -= weight;
                trash.push(item);
            } else {
                self.items.push_back((item, weight));
            }
        }
        self.shrink(trash);
    }

    /// Drops the oldest over the bounds of the ring; how many were lost.
    fn shrink(&mut self, trash: &mut Vec<Item>) -> usize {
        let before = trash.len();
        while (self.items.len() > RING || self.held > RING_BYTES)
            && let Some((item, weight)) = self.items.pop_front()
        {
            self.held -= weight;
            trash.push(item);
        }
        trash.len() - before
    }

    /// Drops everything, as the connection has ended.
    pub(super) fn clear(&mut self, trash: &mut Vec<Item>) -> Option<Waker> {
        if !self.open {
            trash.extend(self.items.drain(..).map(|(item, _)| item));
            self.held = 0;
        }
        self.waker.take()
    }

    pub(super) fn len(&self, turn: u64) -> usize {
        if turn == self.turn { self.items.len() } else { 0 }
    }
}
