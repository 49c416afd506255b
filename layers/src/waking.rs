//! Wakes tasks one after the other, so that a waker that panics takes nothing from those behind it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Waker;

/// What came of waking several. The first panic goes on once all are woken.
#[derive(Debug, Default)]
pub(crate) struct Waking {
    panic: Option<Box<dyn Any + Send>>,
}

impl Waking {
    pub(crate) fn wake(&mut self, waker: Waker) {
        let woken = catch_unwind(AssertUnwindSafe(|| waker.wake()));
        if let Err(panic) = woken {
            self.panic.get_or_insert(panic);
        }
    }

    pub(crate) fn finish(self) {
        if let Some(panic) = self.panic
            // Those who give back while they unwind have a panic already, and a second one would end the process.
            && !std::thread::panicking()
        {
            resume_unwind(panic);
        }
    }
}
