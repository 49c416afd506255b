use crate::exchange::Item;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Waker;

type Panic = Box<dyn Any + Send>;

/// What must be woken or dropped after the lock was given back.
///
/// The first waker needs no allocation, and a caller's turn has rarely more than one.
#[derive(Debug, Default)]
pub(super) struct After {
    first: Option<Waker>,
    pub(super) more: Vec<Waker>,
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

    /// Wakes and drops; how many were woken. A waker that panics takes nothing from those behind it: the first panic goes on afterwards.
    pub(super) fn run(&mut self) -> usize {
        if self.more.is_empty() && self.more_dead.is_empty() && self.trash.is_empty() {
            let Some(waker) = self.first.take() else {
                self.dead = None;
                return 0;
            };
            let woken = wake(waker);
            self.dead = None;
            go_on(woken.err());
            return 1;
        }
        let count = usize::from(self.first.is_some()) + self.more.len();
        let mut panic = None;
        for waker in self.first.take().into_iter().chain(self.more.drain(..)) {
            if let Err(why) = wake(waker) {
                panic.get_or_insert(why);
            }
        }
        self.dead = None;
        self.more_dead.clear();
        self.trash.clear();
        go_on(panic);
        count
    }
}

fn wake(waker: Waker) -> Result<(), Panic> {
    catch_unwind(AssertUnwindSafe(|| waker.wake()))
}

fn go_on(panic: Option<Panic>) {
    if let Some(why) = panic
        // Whoever unwinds has a panic already, and a second one would end the process.
        && !std::thread::panicking()
    {
        resume_unwind(why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::Wake;

    #[derive(Default)]
    struct Flag(AtomicBool);

    impl Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    struct Fatal;

    impl Wake for Fatal {
        fn wake(self: Arc<Self>) {}
    }

    impl Drop for Fatal {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }

    #[test]
    fn a_waker_that_panics_when_it_is_dropped_keeps_nobody_from_being_woken() {
        let woken = Arc::new(Flag::default());
        let mut after = After::default();
        after.wake(Some(woken.clone().into()));
        after.bury(Some(Arc::new(Fatal).into()));
        assert!(catch_unwind(AssertUnwindSafe(|| after.run())).is_err());
        assert!(woken.0.load(Ordering::Relaxed));
    }
}
