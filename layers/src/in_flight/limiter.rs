//! Who owns a semaphore, and what refers to one.
//!
//! A permit outlives the service that it was taken from, so it has to keep the semaphore alive. An `Arc` in each permit would do, at two
//! more atomic steps per call than the two that the semaphore itself takes. But the semaphore counts its permits already. So semaphores
//! live for ever: owners (layers, services, handles, waiters) share one `Arc`, and when the last of these is gone, whoever gives back last
//! puts the semaphore aside, for the next limit that is made. There are never more of them than there were limits at one time.

use super::permit::{Amount, One, Permit};
use super::semaphore::{Joined, MAX, Semaphore};
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

/// Semaphores that were put aside.
static IDLE: Mutex<Vec<&'static Semaphore>> = Mutex::new(Vec::new());

/// A limit, shared by all clones.
#[derive(Clone)]
pub(super) struct Limiter {
    semaphore: &'static Semaphore,
    _owner: Arc<Owner>,
}

struct Owner(&'static Semaphore);

/// A place in the line. Dropped, it leaves the line, and hands on what it had got.
pub(super) struct Place<A: Amount = One> {
    limiter: Limiter,
    amount: A,
    /// None once the permit is taken.
    key: Option<usize>,
}

/// What came of asking for a permit in line.
pub(super) enum Asked<A: Amount = One> {
    Acquired(Permit<A>),
    Waits(Place<A>),
    /// What is taken.
    Full(usize),
}

impl Limiter {
    /// Limits larger than the semaphore can count are taken for as much as it can: that is beyond any memory.
    pub(super) fn new(limit: NonZeroUsize) -> Limiter {
        let limit = limit.get().min(MAX);
        let idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let semaphore = match idle {
            Some(semaphore) => {
                semaphore.reopen(limit);
                semaphore
            }
            None => Box::leak(Box::new(Semaphore::new(limit))),
        };
        Limiter {
            semaphore,
            _owner: Arc::new(Owner(semaphore)),
        }
    }

    pub(super) fn limit(&self) -> NonZeroUsize {
        NonZeroUsize::new(self.semaphore.limit()).expect("was made so")
    }

    pub(super) fn taken(&self) -> usize {
        self.semaphore.taken()
    }

    pub(super) fn waiting(&self) -> usize {
        self.semaphore.waiting()
    }

    /// A permit, if there is enough and nobody waits; what is taken otherwise.
    #[inline]
    pub(super) fn try_acquire<A: Amount>(&self, amount: A) -> Result<Permit<A>, usize> {
        self.semaphore.try_acquire(amount.into())?;
        Ok(Permit::taken(self.semaphore, amount))
    }

    /// A permit, or a place in a line that is no longer than `room`.
    #[inline]
    pub(super) fn acquire<A: Amount>(&self, amount: A, room: NonZeroUsize, cx: Option<&Context<'_>>) -> Asked<A> {
        match self.try_acquire(amount) {
            Ok(permit) => Asked::Acquired(permit),
            Err(_) => self.join(amount, room, cx),
        }
    }

    #[cold]
    fn join<A: Amount>(&self, amount: A, room: NonZeroUsize, cx: Option<&Context<'_>>) -> Asked<A> {
        let waker = cx.map(|cx| cx.waker().clone());
        match self.semaphore.join(amount.into(), room.get(), waker) {
            Joined::Acquired => Asked::Acquired(Permit::taken(self.semaphore, amount)),
            Joined::Full(taken) => Asked::Full(taken),
            Joined::Waits(key) => Asked::Waits(Place {
                limiter: self.clone(),
                amount,
                key: Some(key),
            }),
        }
    }
}

impl<A: Amount> Place<A> {
    /// The permit, when it has been handed over.
    pub(super) fn poll(&mut self, cx: &Context<'_>) -> Poll<Permit<A>> {
        let key = self.key.expect("polled after completion");
        ready!(self.limiter.semaphore.poll(key, cx.waker()));
        self.key = None;
        Poll::Ready(Permit::taken(self.limiter.semaphore, self.amount))
    }
}

impl<A: Amount> Drop for Place<A> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.limiter.semaphore.leave(key);
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        if self.0.abandon() {
            put_aside(self.0);
        }
    }
}

/// After the last of all has given back.
#[cold]
pub(super) fn put_aside(semaphore: &'static Semaphore) {
    semaphore.clear();
    IDLE.lock().unwrap_or_else(PoisonError::into_inner).push(semaphore);
}

// By hand, all: what else they hold says nothing.
impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter")
            .field("limit", &self.limit())
            .field("taken", &self.taken())
            .finish_non_exhaustive()
    }
}

impl<A: Amount> fmt::Debug for Place<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place")
            .field("amount", &self.amount.into())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(limit: usize) -> Limiter {
        Limiter::new(NonZeroUsize::new(limit).unwrap())
    }

    fn is_idle(semaphore: &'static Semaphore) -> bool {
        IDLE.lock().unwrap().iter().any(|idle| std::ptr::eq(*idle, semaphore))
    }

    // One test, as others would take from the same place.
    #[test]
    fn semaphore_is_put_aside_by_whoever_is_the_last_and_used_again_clean() {
        let first = limiter(1);
        let semaphore = first.semaphore;
        let permit = first.try_acquire(1_usize).unwrap();
        drop(first);
        assert!(!is_idle(semaphore), "a permit is out");
        drop(permit);
        assert!(is_idle(semaphore));

        let second = limiter(3);
        assert!(std::ptr::eq(second.semaphore, semaphore));
        assert!(!is_idle(semaphore));
        assert_eq!((second.limit().get(), second.taken(), second.waiting()), (3, 0, 0));
        let permit = second.try_acquire(3_usize).unwrap();
        let waits = second.acquire(1_usize, NonZeroUsize::MIN, None);
        let Asked::Waits(place) = waits else {
            panic!("there was room")
        };
        drop((permit, second));
        assert!(!is_idle(semaphore), "somebody is in line");
        drop(place);
        assert!(is_idle(semaphore), "nothing was out when the last owner went");
    }
}
