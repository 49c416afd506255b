//! How the driver learns that something was queued for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;

/// Stands beside a queue, under its lock. Rung by whoever puts something in, silenced by the driver once it has taken everything.
///
/// The driver is woken by the first ring after a silence, and by no other: until then it has not looked.
#[derive(Debug)]
pub(super) struct Alarm {
    rung: Arc<AtomicBool>,
    driver: Option<Waker>,
}

/// The driver's end, which needs no lock: where nothing rings, nothing was queued, or a wake-up is on its way.
#[derive(Debug)]
pub(super) struct Ringing(Arc<AtomicBool>);

impl Alarm {
    /// It rings, as the driver has not looked yet.
    pub(super) fn new() -> (Alarm, Ringing) {
        let rung = Arc::new(AtomicBool::new(true));
        let ringing = Ringing(rung.clone());
        (Alarm { rung, driver: None }, ringing)
    }

    /// The driver's waker, to be woken after the lock was given back, unless that was done since it looked last.
    #[must_use]
    pub(super) fn ring(&mut self) -> Option<Waker> {
        // No read-modify-write: only who has the lock writes.
        if self.rung.load(Ordering::Relaxed) {
            return None;
        }
        self.rung.store(true, Ordering::Release);
        self.driver.clone()
    }

    pub(super) fn silence(&mut self) {
        self.rung.store(false, Ordering::Relaxed);
    }

    /// Whom to wake from now on. What it replaces is to be dropped without the lock.
    #[must_use]
    pub(super) fn set_driver(&mut self, driver: Option<&Waker>) -> Option<Waker> {
        std::mem::replace(&mut self.driver, driver.cloned())
    }
}

impl Ringing {
    pub(super) fn rings(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// The waker that was given to an alarm, if any, and the vtable of the one that it is a clone of.
#[derive(Default)]
pub(super) struct Kept(Option<(Waker, usize)>);

impl Kept {
    pub(super) fn of(waker: Option<&Waker>) -> Kept {
        Kept(waker.map(|waker| (waker.clone(), vtable(waker))))
    }

    /// Whether it wakes the same task, which its data tell as long as the clone is kept. `will_wake` says no to a clone wherever the compiler
    /// has made two vtables of one, as it does with tokio's for `block_on`.
    pub(super) fn is(&self, waker: &Waker) -> bool {
        matches!(&self.0, Some((kept, of)) if kept.data() == waker.data() && *of == vtable(waker))
    }
}

fn vtable(waker: &Waker) -> usize {
    std::ptr::from_ref(waker.vtable()).addr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_ring_after_a_silence_wakes_and_no_other() {
        let (mut alarm, ringing) = Alarm::new();
        assert!(alarm.set_driver(Some(Waker::noop())).is_none());
        assert!(ringing.rings() && alarm.ring().is_none());
        alarm.silence();
        assert!(!ringing.rings());
        assert!(alarm.ring().is_some());
        assert!(ringing.rings() && alarm.ring().is_none());
    }
}
