//! The semaphore of the in-flight limit, over all interleavings of two or three threads.
//!
//! Its source is compiled into this test with loom's types in place of those of `std`, so no flags are needed.

#[path = "../src/in_flight/line.rs"]
mod line;
#[path = "../src/in_flight/semaphore.rs"]
mod semaphore;
#[path = "../src/waking.rs"]
mod waking;

mod sync {
    pub(super) use loom::sync::atomic::AtomicUsize;
    pub(super) use loom::sync::{Mutex, MutexGuard};
}

use loom::sync::atomic::AtomicUsize;
use loom::sync::{Arc, Notify};
use loom::thread;
use semaphore::{Joined, MAX, Semaphore};
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Poll, Wake, Waker};

const ROOM: usize = 8;

/// All interleavings.
fn exhaust(test: impl Fn() + Send + Sync + 'static) {
    loom::model::Builder::new().check(test);
}

/// All interleavings in which threads are taken off at most twice where they could have gone on. The others are too many for three threads.
fn bounded(test: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(test);
}

/// A thread that sleeps until it is woken. If the wake-up is lost, loom finds that all threads sleep, and fails.
struct Sleeper {
    woken: Notify,
    times: std::sync::atomic::AtomicUsize,
}

impl Sleeper {
    fn new() -> (std::sync::Arc<Sleeper>, Waker) {
        let sleeper = std::sync::Arc::new(Sleeper {
            woken: Notify::new(),
            times: std::sync::atomic::AtomicUsize::new(0),
        });
        (sleeper.clone(), Waker::from(sleeper))
    }

    fn wakes(&self) -> usize {
        self.times.load(Relaxed)
    }
}

impl Wake for Sleeper {
    fn wake(self: std::sync::Arc<Self>) {
        self.times.fetch_add(1, Relaxed);
        self.woken.notify();
    }
}

/// Takes `amount`, in line if need be.
fn acquire(semaphore: &Semaphore, amount: usize) {
    if semaphore.try_acquire(amount).is_ok() {
        return;
    }
    let (sleeper, waker) = Sleeper::new();
    match semaphore.join(amount, ROOM, Some(waker.clone())) {
        Joined::Acquired => {}
        Joined::Full(_) => panic!("there is room"),
        Joined::Waits(key) => {
            while semaphore.poll(key, &waker).is_pending() {
                sleeper.woken.wait();
            }
            assert!(sleeper.wakes() <= 1, "woken exactly once");
        }
    }
}

/// Joins, and must wait.
fn wait(semaphore: &Semaphore, amount: usize, waker: &Waker) -> usize {
    match semaphore.join(amount, ROOM, Some(waker.clone())) {
        Joined::Waits(key) => key,
        joined => panic!("{joined:?}"),
    }
}

/// How much is inside, as seen by those inside.
struct Inside {
    now: std::sync::atomic::AtomicUsize,
    limit: usize,
    switch: AtomicUsize,
}

impl Inside {
    fn new(limit: usize) -> Inside {
        Inside {
            now: std::sync::atomic::AtomicUsize::new(0),
            limit,
            switch: AtomicUsize::new(0),
        }
    }

    fn enter_and_leave(&self, amount: usize) {
        assert!(
            self.now.fetch_add(amount, Relaxed) + amount <= self.limit,
            "over-admission"
        );
        // Only loom's own types are where it may go on with another thread.
        self.switch.load(Relaxed);
        self.now.fetch_sub(amount, Relaxed);
    }
}

#[test]
fn no_more_than_the_limit_are_inside_when_all_only_try() {
    bounded(|| {
        let shared = Arc::new((Semaphore::new(2), Inside::new(2)));
        let threads = [1, 2, 1].map(|amount| {
            let shared = shared.clone();
            thread::spawn(move || {
                let (semaphore, inside) = &*shared;
                match semaphore.try_acquire(amount) {
                    Ok(()) => {
                        inside.enter_and_leave(amount);
                        semaphore.release(amount);
                    }
                    Err(taken) => assert!(taken + amount > 2 && taken <= 2),
                }
            })
        });
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(shared.0.taken(), 0);
    });
}

#[test]
fn everybody_gets_in_once_and_no_more_than_the_limit_are_inside_when_all_wait() {
    bounded(|| {
        let shared = Arc::new((Semaphore::new(1), Inside::new(1)));
        let enter = |shared: &Arc<(Semaphore, Inside)>| {
            let (semaphore, inside) = &**shared;
            acquire(semaphore, 1);
            inside.enter_and_leave(1);
            semaphore.release(1);
        };
        let threads = [(); 2].map(|()| {
            let shared = shared.clone();
            thread::spawn(move || enter(&shared))
        });
        enter(&shared);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!((shared.0.taken(), shared.0.waiting()), (0, 0));
        assert!(shared.0.try_acquire(1).is_ok(), "nobody is marked as waiting");
    });
}

#[test]
fn those_who_want_more_and_those_who_want_less_all_get_in() {
    bounded(|| {
        let shared = Arc::new((Semaphore::new(3), Inside::new(3)));
        let threads = [2, 3].map(|amount| {
            let shared = shared.clone();
            thread::spawn(move || {
                let (semaphore, inside) = &*shared;
                acquire(semaphore, amount);
                inside.enter_and_leave(amount);
                semaphore.release(amount);
            })
        });
        acquire(&shared.0, 1);
        shared.1.enter_and_leave(1);
        shared.0.release(1);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!((shared.0.taken(), shared.0.waiting()), (0, 0));
    });
}

#[test]
fn what_is_given_back_while_somebody_joins_the_line_reaches_them() {
    exhaust(|| {
        let semaphore = Arc::new(Semaphore::new(1));
        semaphore.try_acquire(1).unwrap();
        let other = semaphore.clone();
        let thread = thread::spawn(move || acquire(&other, 1));
        semaphore.release(1);
        thread.join().unwrap();
        assert_eq!((semaphore.taken(), semaphore.waiting()), (1, 0));
    });
}

#[test]
fn a_newcomer_does_not_overtake_who_waits() {
    exhaust(|| {
        let semaphore = Arc::new(Semaphore::new(1));
        semaphore.try_acquire(1).unwrap();
        let (sleeper, waker) = Sleeper::new();
        let key = wait(&semaphore, 1, &waker);
        let other = semaphore.clone();
        let thread = thread::spawn(move || assert!(other.try_acquire(1).is_err()));
        semaphore.release(1);
        while semaphore.poll(key, &waker).is_pending() {
            sleeper.woken.wait();
        }
        thread.join().unwrap();
    });
}

#[test]
fn what_is_handed_to_a_waiter_that_is_being_dropped_goes_to_the_next() {
    bounded(|| {
        let semaphore = Arc::new(Semaphore::new(1));
        semaphore.try_acquire(1).unwrap();
        let (first, next) = (Sleeper::new(), Sleeper::new());
        let dropped = wait(&semaphore, 1, &first.1);
        let key = wait(&semaphore, 1, &next.1);
        let (one, two) = (semaphore.clone(), semaphore.clone());
        let threads = [
            thread::spawn(move || assert!(!one.release(1))),
            thread::spawn(move || two.leave(dropped)),
        ];
        while semaphore.poll(key, &next.1).is_pending() {
            next.0.woken.wait();
        }
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!((semaphore.taken(), semaphore.waiting()), (1, 0));
        assert!(first.0.wakes() <= 1 && next.0.wakes() <= 1);
        semaphore.release(1);
        assert!(semaphore.try_acquire(1).is_ok());
    });
}

#[test]
fn what_is_handed_to_the_only_waiter_while_it_is_being_dropped_is_free_again() {
    exhaust(|| {
        let semaphore = Arc::new(Semaphore::new(1));
        semaphore.try_acquire(1).unwrap();
        let key = wait(&semaphore, 1, Waker::noop());
        let other = semaphore.clone();
        let thread = thread::spawn(move || other.leave(key));
        semaphore.release(1);
        thread.join().unwrap();
        assert_eq!((semaphore.taken(), semaphore.waiting()), (0, 0));
        assert!(semaphore.try_acquire(1).is_ok());
    });
}

#[test]
fn a_large_one_that_gives_up_lets_the_small_one_behind_it_in() {
    exhaust(|| {
        let semaphore = Arc::new(Semaphore::new(2));
        semaphore.try_acquire(1).unwrap();
        let large = wait(&semaphore, 2, Waker::noop());
        let other = semaphore.clone();
        let thread = thread::spawn(move || acquire(&other, 1));
        semaphore.leave(large);
        thread.join().unwrap();
        assert_eq!((semaphore.taken(), semaphore.waiting()), (2, 0));
    });
}

#[test]
fn a_waker_that_changes_while_the_permit_is_handed_over_is_not_missed() {
    exhaust(|| {
        let semaphore = Arc::new(Semaphore::new(1));
        semaphore.try_acquire(1).unwrap();
        let key = wait(&semaphore, 1, Waker::noop());
        let other = semaphore.clone();
        let thread = thread::spawn(move || other.release(1));
        let (sleeper, waker) = Sleeper::new();
        while semaphore.poll(key, &waker).is_pending() {
            sleeper.woken.wait();
        }
        thread.join().unwrap();
    });
}

#[test]
fn exactly_one_is_the_last_when_all_give_back_and_the_owner_goes() {
    bounded(|| {
        let semaphore = Arc::new(Semaphore::new(MAX));
        semaphore.try_acquire(1).unwrap();
        semaphore.try_acquire(2).unwrap();
        let threads = [1, 2].map(|amount| {
            let semaphore = semaphore.clone();
            thread::spawn(move || semaphore.release(amount))
        });
        let mut lasts = usize::from(semaphore.abandon());
        for thread in threads {
            lasts += usize::from(thread.join().unwrap());
        }
        assert_eq!(lasts, 1);
        semaphore.clear();
        semaphore.reopen(1);
        assert_eq!(semaphore.try_acquire(1), Ok(()));
        assert_eq!(semaphore.try_acquire(1), Err(1));
    });
}

// Semaphores are used again. Who saw that somebody waits may come to the line when it is that of another limit.
#[test]
fn who_gives_back_late_does_no_harm_to_the_limit_that_the_semaphore_is_of_by_then() {
    fn next_limit(semaphore: &Semaphore) {
        semaphore.clear();
        semaphore.reopen(2);
        semaphore.try_acquire(1).unwrap();
        let (sleeper, waker) = Sleeper::new();
        let key = wait(semaphore, 2, &waker);
        assert_eq!((semaphore.taken(), semaphore.waiting()), (1, 1));
        assert!(semaphore.poll(key, &waker).is_pending());
        assert!(!semaphore.release(1));
        while semaphore.poll(key, &waker).is_pending() {
            sleeper.woken.wait();
        }
        assert_eq!((semaphore.taken(), semaphore.waiting(), sleeper.wakes()), (2, 0, 1));
        assert_eq!(semaphore.try_acquire(1), Err(2));
    }
    exhaust(|| {
        let semaphore = Arc::new(Semaphore::new(1));
        semaphore.try_acquire(1).unwrap();
        let key = wait(&semaphore, 1, Waker::noop());
        let late = semaphore.clone();
        let thread = thread::spawn(move || {
            let is_last = late.release(1);
            if is_last {
                next_limit(&late);
            }
            is_last
        });
        semaphore.leave(key);
        let is_last = semaphore.abandon();
        if is_last {
            next_limit(&semaphore);
        }
        assert_ne!(thread.join().unwrap(), is_last, "one of the two is the last");
    });
}

/// A task that can't be woken.
struct Broken;

impl Wake for Broken {
    fn wake(self: std::sync::Arc<Self>) {
        panic!("a waker");
    }
}

#[test]
fn a_waker_that_panics_keeps_nobody_behind_it_waiting() {
    exhaust(|| {
        let semaphore = Arc::new(Semaphore::new(2));
        semaphore.try_acquire(2).unwrap();
        let broken = wait(&semaphore, 1, &Waker::from(std::sync::Arc::new(Broken)));
        let (sleeper, waker) = Sleeper::new();
        let key = wait(&semaphore, 1, &waker);
        let other = semaphore.clone();
        let thread = thread::spawn(move || {
            let release = std::panic::AssertUnwindSafe(|| other.release(2));
            assert!(std::panic::catch_unwind(release).is_err(), "the panic goes on");
        });
        while semaphore.poll(key, &waker).is_pending() {
            sleeper.woken.wait();
        }
        thread.join().unwrap();
        assert_eq!(
            semaphore.poll(broken, Waker::noop()),
            Poll::Ready(()),
            "it has got its part"
        );
        assert_eq!((semaphore.taken(), semaphore.waiting()), (2, 0));
    });
}

#[test]
fn a_full_line_takes_nobody_in() {
    exhaust(|| {
        let semaphore = Semaphore::new(1);
        semaphore.try_acquire(1).unwrap();
        let key = wait(&semaphore, 1, Waker::noop());
        assert_eq!(semaphore.join(1, 1, None), Joined::Full(1));
        semaphore.release(1);
        assert_eq!(semaphore.poll(key, Waker::noop()), Poll::Ready(()));
        assert_eq!((semaphore.taken(), semaphore.waiting(), semaphore.limit()), (1, 0, 1));
    });
}
