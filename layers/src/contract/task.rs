use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

/// A task of nobody's runtime: it polls when it is told to, and remembers whether it was woken since.
#[derive(Clone)]
pub(super) struct Task {
    flag: Arc<Flag>,
    waker: Waker,
}

struct Flag(AtomicBool);

impl Task {
    pub(super) fn new() -> Task {
        let flag = Arc::new(Flag(AtomicBool::new(false)));
        let waker = Waker::from(flag.clone());
        Task { flag, waker }
    }

    /// Polls as this task. What woke it before is forgotten.
    pub(super) fn poll<T>(&self, poll: impl FnOnce(&mut Context<'_>) -> T) -> T {
        self.flag.0.store(false, Ordering::SeqCst);
        poll(&mut Context::from_waker(&self.waker))
    }

    /// Whether it was woken since it last polled.
    pub(super) fn is_woken(&self) -> bool {
        self.flag.0.load(Ordering::SeqCst)
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("woken", &self.is_woken()).finish()
    }
}
