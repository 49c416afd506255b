//! Counted admission in one word, and a fair line of those who wait.
//!
//! The word holds what is taken, and above that two flags: somebody waits, and nobody can come any more. As long as nobody waits, taking is
//! one compare-and-swap and giving back is one subtraction. Whoever finds that there is not enough marks the word and stands in line, under
//! a mutex; whoever gives back to a marked word takes the mutex and hands what is there to the first in line. While somebody waits nobody
//! else takes: the mark stands above every limit, so a newcomer sees a full house, and those in line can't be overtaken.
//!
//! No waker is cloned, woken or dropped under the mutex, as that is code of others; and where one panics, the others are woken first.

use super::line::Line;
use super::sync::{AtomicUsize, Mutex, MutexGuard};
use super::waking::Waking;
use crossbeam_utils::CachePadded;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::task::{Poll, Waker};

/// Somebody waits. Set and cleared under the mutex alone.
const WAITING: usize = 1 << (usize::BITS - 1);
/// Nobody can take any more; the last to give back is the last of all.
const ABANDONED: usize = 1 << (usize::BITS - 2);
/// The largest limit, and the part of the word that counts.
pub(super) const MAX: usize = ABANDONED - 1;

#[derive(Debug)]
pub(super) struct Semaphore {
    word: CachePadded<Word>,
    line: Mutex<Line>,
}

#[derive(Debug)]
struct Word {
    state: AtomicUsize,
    /// Written only while nobody else knows of this semaphore.
    limit: AtomicUsize,
}

/// What came of standing in line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Joined {
    /// There was enough after all, and it is taken.
    Acquired,
    /// The key of the waiter, who must poll or leave.
    Waits(usize),
    /// The line is as long as it may be. What is taken.
    Full(usize),
}

impl Semaphore {
    pub(super) fn new(limit: usize) -> Semaphore {
        Semaphore {
            word: CachePadded::new(Word {
                state: AtomicUsize::new(0),
                limit: AtomicUsize::new(limit),
            }),
            line: Mutex::new(Line::default()),
        }
    }

    /// Frees the memory of the line, after the last of all has given back.
    pub(super) fn clear(&self) {
        debug_assert_eq!(self.word.state.load(Relaxed), ABANDONED);
        *self.line() = Line::default();
    }

    /// Begins anew, after the last of all has given back.
    pub(super) fn reopen(&self, limit: usize) {
        self.word.limit.store(limit, Relaxed);
        self.word.state.store(0, Relaxed);
    }

    pub(super) fn limit(&self) -> usize {
        self.word.limit.load(Relaxed)
    }

    /// What is taken now.
    pub(super) fn taken(&self) -> usize {
        self.word.state.load(Relaxed) & MAX
    }

    /// How many wait now.
    pub(super) fn waiting(&self) -> usize {
        self.line().len()
    }

    /// Takes `amount` if there is enough and nobody waits; tells what is taken otherwise. `amount` is no more than the limit.
    #[inline]
    pub(super) fn try_acquire(&self, amount: usize) -> Result<(), usize> {
        let limit = self.limit();
        let mut state = self.word.state.load(Relaxed);
        loop {
            // The mark of those who wait is above every limit, so this sees to it as well.
            if state + amount > limit {
                return Err(state & MAX);
            }
            match self
                .word
                .state
                .compare_exchange_weak(state, state + amount, Acquire, Relaxed)
            {
                Ok(_) => return Ok(()),
                Err(now) => state = now,
            }
        }
    }

    /// Stands in line for `amount`, if fewer than `room` do.
    pub(super) fn join(&self, amount: usize, room: usize, waker: Option<Waker>) -> Joined {
        let mut line = self.line();
        if line.len() >= room {
            drop(line);
            return Joined::Full(self.taken());
        }
        if line.len() == 0 {
            // Takes, or leaves the mark, in one step: what is given back from there on comes to the line.
            let limit = self.limit();
            let take_or_mark = |state: usize| match state + amount {
                taken if taken <= limit => taken,
                _ => state | WAITING,
            };
            let before = self
                .word
                .state
                .fetch_update(AcqRel, Relaxed, |state| Some(take_or_mark(state)))
                .unwrap_or_else(|state| state);
            if take_or_mark(before) & WAITING == 0 {
                drop(line);
                return Joined::Acquired;
            }
        }
        Joined::Waits(line.join(amount, waker))
    }

    /// Whether the waiter has got what it waits for. Its key is void then.
    pub(super) fn poll(&self, key: usize, waker: &Waker) -> Poll<()> {
        let mut line = self.line();
        if line.take(key) {
            return Poll::Ready(());
        }
        if line.waker(key).as_ref().is_some_and(|known| known.will_wake(waker)) {
            return Poll::Pending;
        }
        drop(line);
        let mut waker = Some(waker.clone());
        let mut line = self.line();
        let outcome = match line.take(key) {
            true => Poll::Ready(()),
            false => {
                std::mem::swap(line.waker(key), &mut waker);
                Poll::Pending
            }
        };
        drop(line);
        outcome
    }

    /// Takes a waiter out of the line. If it had got what it waited for, that goes on to the next.
    pub(super) fn leave(&self, key: usize) {
        let mut line = self.line();
        // The waker is dropped at the end, when nothing depends on it any more.
        let (granted, _waker) = line.leave(key);
        if let Some(amount) = granted {
            self.word.state.fetch_sub(amount, Release);
        } else if line.len() == 0 {
            self.word.state.fetch_and(!WAITING, Relaxed);
        }
        drop(line);
        // Also if it had not: those behind it may want less than it did.
        self.hand_on();
    }

    /// Gives `amount` back. Whether that was the last of all, as nobody can take any more.
    #[inline]
    pub(super) fn release(&self, amount: usize) -> bool {
        let state = self.word.state.fetch_sub(amount, Release);
        state > MAX && self.release_marked(state, amount)
    }

    #[cold]
    fn release_marked(&self, state: usize, amount: usize) -> bool {
        if state & WAITING != 0 {
            self.hand_on();
        }
        state == ABANDONED + amount
    }

    /// Says that nobody will take any more, and nobody waits. Whether nothing is out, so that this is the last of all.
    pub(super) fn abandon(&self) -> bool {
        self.word.state.fetch_or(ABANDONED, AcqRel) == 0
    }

    /// Hands what is there to the first in line, for as long as it is enough.
    fn hand_on(&self) {
        let mut waking = Waking::default();
        let mut more = true;
        while more {
            let mut line = self.line();
            if !self.suffices(&line) {
                break;
            }
            let amount = line.first().expect("it suffices for somebody");
            let unmark = if line.len() == 1 { WAITING } else { 0 };
            // While the word is marked nobody else takes, so what was there just now is still there.
            self.word.state.fetch_add(amount.wrapping_sub(unmark), AcqRel);
            let waker = line.grant_first();
            more = self.suffices(&line);
            drop(line);
            if let Some(waker) = waker {
                waking.wake(waker);
            }
        }
        waking.finish();
    }

    /// Whether there is enough for the first in line. What others give back meanwhile they hand on themselves, as they see the mark.
    fn suffices(&self, line: &Line) -> bool {
        line.first().is_some_and(|amount| self.taken() + amount <= self.limit())
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        // Nothing under the mutex panics but for want of memory, before it has changed anything.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
