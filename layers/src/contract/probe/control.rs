use super::plan::{End, Head, Plan, Step};
use crate::contract::hint::Hint;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Waker;

/// What the suite holds of a probe, of all its clones and of all that came of them.
#[derive(Debug, Clone, Default)]
pub(in crate::contract) struct Control {
    state: Arc<Mutex<State>>,
    /// Calls on probes that were not ready, also on those of other controls that came of this one.
    pub(super) unready_calls: Arc<AtomicUsize>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) gate: Gate,
    /// Who waits at the gate, by the number of the probe.
    pub(super) waiting: Vec<(usize, Waker)>,
    pub(super) probes_made: usize,
    pub(super) counts: Counts,
    pub(super) plan: Option<Plan>,
    pub(super) calls: Vec<Call>,
}

impl State {
    pub(super) fn take_waiting(&mut self, probe: usize) -> Option<Waker> {
        let place = self.waiting.iter().position(|(waiting, _)| *waiting == probe)?;
        Some(self.waiting.swap_remove(place).1)
    }
}

/// Whether the probes are ready.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::contract) enum Gate {
    #[default]
    Open,
    /// Ready so many times more.
    Grants(usize),
    Fail,
    Panic,
}

/// What is alive, and what has been done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::contract) struct Counts {
    pub(in crate::contract) probes: usize,
    pub(in crate::contract) reserved: usize,
    pub(in crate::contract) futures: usize,
    pub(in crate::contract) replies: usize,
    pub(in crate::contract) ready_polls: usize,
}

#[derive(Debug)]
pub(super) struct Call {
    pub(super) number: u32,
    pub(super) plan: Plan,
    pub(super) future: Option<Waker>,
    pub(super) reply: Option<Waker>,
}

impl Control {
    /// For other probes, of which nothing is known yet.
    pub(in crate::contract) fn fresh(&self) -> Control {
        Control {
            state: Arc::default(),
            unready_calls: self.unready_calls.clone(),
        }
    }

    pub(in crate::contract) fn unready_calls(&self) -> usize {
        self.unready_calls.load(Ordering::Relaxed)
    }

    pub(in crate::contract) fn counts(&self) -> Counts {
        self.state().counts
    }

    /// How many calls have reached the probe.
    pub(in crate::contract) fn calls(&self) -> usize {
        self.state().calls.len()
    }

    /// The numbers of the requests that have reached the probe, in order.
    pub(in crate::contract) fn numbers(&self) -> Vec<u32> {
        self.state().calls.iter().map(|call| call.number).collect()
    }

    /// How the next calls go.
    pub(in crate::contract) fn plan(&self, plan: Plan) {
        self.state().plan = Some(plan);
    }

    pub(in crate::contract) fn set_gate(&self, gate: Gate) {
        let mut state = self.state();
        state.gate = gate;
        let waiting = mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(|(_, waker)| waker.wake());
    }

    /// Ends the wait of a future.
    pub(in crate::contract) fn resolve(&self, call: usize, head: Head) {
        let mut state = self.state();
        state.calls[call].plan.head = head;
        let waker = state.calls[call].future.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }

    /// Adds to a reply that is open.
    pub(in crate::contract) fn push(&self, call: usize, step: Step) {
        let mut state = self.state();
        state.calls[call].plan.steps.push_back(step);
        let waker = state.calls[call].reply.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }

    /// Ends a reply that is open.
    pub(in crate::contract) fn end(&self, call: usize) {
        let mut state = self.state();
        state.calls[call].plan.end = End::Told;
        let waker = state.calls[call].reply.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }

    /// What the reply to a call tells of its end, in items.
    pub(in crate::contract) fn hint(&self, call: usize) -> Hint {
        let state = self.state();
        let plan = &state.calls[call].plan;
        let left = plan.steps.len() as u64;
        match plan.end {
            End::Told => Hint::new(left, Some(left)),
            End::Open => Hint::new(left, None),
            End::Untold => Hint::new(0, None),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics under this lock")
    }
}
