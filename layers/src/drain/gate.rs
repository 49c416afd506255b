use super::Draining;
use super::sleepers::{Bed, Sleepers};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Context;
use tokio::sync::Notify;

/// No more calls are let in.
const DRAINING: usize = 1;
/// Those that run are ended. Never without `DRAINING`.
const INTERRUPTED: usize = 2;
/// One call in flight.
const CALL: usize = 4;

/// What the services of a layer, their calls, and the handles share.
pub(super) struct Gate {
    /// The flags, and above them the number of calls in flight: in one word, so that no call slips in once a drain has begun to count.
    state: AtomicUsize,
    /// Told when the last call is over and no more are let in.
    over: Notify,
    sleepers: Sleepers,
}

impl Gate {
    pub(super) fn new() -> Gate {
        Gate {
            state: AtomicUsize::new(0),
            over: Notify::new(),
            sleepers: Sleepers::new(),
        }
    }

    /// Lets a call in.
    pub(super) fn enter(self: &Arc<Self>) -> Result<Pass, Draining> {
        let mut state = self.state.load(Ordering::Relaxed);
        while state & DRAINING == 0 {
            match self
                .state
                .compare_exchange_weak(state, state + CALL, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => {
                    let waiter = Waiter::new(self.clone());
                    return Ok(Pass { waiter });
                }
                Err(now) => state = now,
            }
        }
        Err(Draining::new(state / CALL))
    }

    pub(super) fn in_flight(&self) -> usize {
        self.state.load(Ordering::Acquire) / CALL
    }

    pub(super) fn is_draining(&self) -> bool {
        self.state.load(Ordering::Acquire) & DRAINING != 0
    }

    pub(super) fn is_interrupted(&self) -> bool {
        self.state.load(Ordering::Acquire) & INTERRUPTED != 0
    }

    /// Lets no more calls in. Those that wait for readiness are woken, to be refused.
    pub(super) fn close(&self) {
        self.raise(DRAINING);
    }

    /// Ends the calls that run, as each is woken.
    pub(super) fn interrupt(&self) {
        self.raise(DRAINING | INTERRUPTED);
    }

    fn raise(&self, flags: usize) {
        // The flags are up before anybody is woken: who falls asleep later looks at them afterwards.
        if self.state.fetch_or(flags, Ordering::AcqRel) & flags != flags {
            self.sleepers.wake_all();
        }
    }

    /// Waits until no call is in flight. To be waited for once the gate is closed.
    pub(super) async fn over(&self) {
        loop {
            let over = self.over.notified();
            if self.in_flight() == 0 {
                return;
            }
            over.await;
        }
    }
}

/// One that waits for an inner service or reply, reached by a drain.
pub(super) struct Waiter {
    pub(super) gate: Arc<Gate>,
    bed: Option<Bed>,
}

impl Waiter {
    pub(super) const fn new(gate: Arc<Gate>) -> Waiter {
        Waiter { gate, bed: None }
    }

    /// Has the task woken when a flag goes up. Look at the flags afterwards.
    pub(super) fn wait(&mut self, cx: &Context<'_>) {
        self.gate.sleepers.lie_down(&mut self.bed, cx.waker());
    }

    pub(super) fn stop_waiting(&mut self) {
        self.gate.sleepers.get_up(&mut self.bed);
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.stop_waiting();
    }
}

/// One call in flight.
pub(super) struct Pass {
    waiter: Waiter,
}

impl Pass {
    pub(super) fn is_interrupted(&self) -> bool {
        self.waiter.gate.is_interrupted()
    }

    /// Whether the call may wait for what is inside, or is to end. An interruption wakes it.
    pub(super) fn may_wait(&mut self, cx: &Context<'_>) -> bool {
        self.waiter.wait(cx);
        !self.is_interrupted()
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let gate = &self.waiter.gate;
        let before = gate.state.fetch_sub(CALL, Ordering::AcqRel);
        if before / CALL == 1 && before & DRAINING != 0 {
            gate.over.notify_waiters();
        }
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("in_flight", &self.in_flight())
            .field("draining", &self.is_draining())
            .field("interrupted", &self.is_interrupted())
            .finish()
    }
}
