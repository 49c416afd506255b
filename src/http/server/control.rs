use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use tokio::sync::Notify;

/// What a server counts, and whether it still admits calls. One for all clones and all sessions.
#[derive(Debug)]
pub(super) struct Control {
    draining: AtomicBool,
    /// Told when the server begins to drain.
    begun: Notify,
    calls: AtomicUsize,
    /// Told when the last call of a draining server is out.
    idle: Notify,
    sessions: AtomicUsize,
    strays: AtomicU64,
}

/// The place of one running call. Dropped, it is given back.
#[derive(Debug)]
pub(super) struct Admitted(Arc<Control>);

/// The place of one session. Dropped, it is given back.
#[derive(Debug)]
pub(super) struct Place(Arc<Control>);

impl Control {
    pub(super) fn new() -> Control {
        Control {
            draining: AtomicBool::new(false),
            begun: Notify::new(),
            calls: AtomicUsize::new(0),
            idle: Notify::new(),
            sessions: AtomicUsize::new(0),
            strays: AtomicU64::new(0),
        }
    }

    /// Counts a call in, unless the server drains.
    pub(super) fn admit(self: &Arc<Self>) -> Option<Admitted> {
        // Counted first: `drain`, which does these two the other way round, either sees the call or is seen.
        self.calls.fetch_add(1, Ordering::SeqCst);
        let admitted = Admitted(Arc::clone(self));
        (!self.is_draining()).then_some(admitted)
    }

    /// Counts a session in, unless there are `max`.
    pub(super) fn place(self: &Arc<Self>, max: usize) -> Option<Place> {
        self.sessions
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
                (count < max).then_some(count + 1)
            })
            .ok()?;
        Some(Place(Arc::clone(self)))
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    /// Resolves when the server begins to drain.
    pub(super) fn drained(self: &Arc<Self>) -> impl Future<Output = ()> + Send + use<> {
        let control = Arc::clone(self);
        async move {
            // Made before the look, it hears of a drain that begins after it.
            let begun = control.begun.notified();
            if !control.is_draining() {
                begun.await;
            }
        }
    }

    pub(super) fn stray(&self) {
        self.strays.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        // Whoever begins to drain after this look finds the count as it is now.
        if self.0.calls.fetch_sub(1, Ordering::SeqCst) == 1 && self.0.is_draining() {
            self.0.idle.notify_waiters();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.sessions.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a server is doing, and the way to stop it gracefully. From [`Server::handle`](super::Server::handle).
///
/// A handle keeps neither the server nor its sessions alive.
#[derive(Debug, Clone)]
pub struct Handle {
    control: Arc<Control>,
}

impl Handle {
    pub(super) const fn new(control: Arc<Control>) -> Handle {
        Handle { control }
    }

    /// The sessions that are open or being opened.
    pub fn sessions(&self) -> usize {
        self.control.sessions.load(Ordering::Relaxed)
    }

    /// The calls that run. Streams opened by GET are not counted.
    pub fn calls(&self) -> usize {
        self.control.calls.load(Ordering::Relaxed)
    }

    /// The answers of clients that no request waited for: late, unknown or duplicate. They were dropped.
    pub fn strays(&self) -> u64 {
        self.control.strays.load(Ordering::Relaxed)
    }

    /// Stops the server gracefully: from this call on new calls are refused with status 503, and streams that have no end of their own
    /// (those opened by GET, and `subscriptions/listen`) end. The future resolves when the calls that run are out.
    ///
    /// Answers, notifications and cancels of clients are still taken, as the running calls may need them. There is no way back.
    /// A call may run for as long as it likes: give the future a deadline, then drop the connections.
    ///
    /// # Cancel safety
    ///
    /// The server drains on when the future is dropped, and the method may be called again.
    pub fn drain(&self) -> impl Future<Output = ()> + Send + use<> {
        let control = Arc::clone(&self.control);
        control.draining.store(true, Ordering::SeqCst);
        control.begun.notify_waiters();
        async move {
            loop {
                // As above.
                let idle = control.idle.notified();
                if control.calls.load(Ordering::SeqCst) == 0 {
                    return;
                }
                idle.await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::task::{Context, Waker};

    #[test]
    fn who_waits_for_a_drain_hears_of_it_whether_it_begins_before_or_after() {
        let control = Arc::new(Control::new());
        let mut cx = Context::from_waker(Waker::noop());
        let (mut before, mut after) = (pin!(control.drained()), pin!(control.drained()));
        assert!(before.as_mut().poll(&mut cx).is_pending());
        let _no_calls_run = Handle::new(control).drain();
        assert!(before.poll(&mut cx).is_ready());
        assert!(after.as_mut().poll(&mut cx).is_ready());
    }
}
