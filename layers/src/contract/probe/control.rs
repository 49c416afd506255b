use super::plan::{End, Head, Plan, Step};
use crate::contract::hint::Hint;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

/// What the suite holds of a probe, of all its clones and of all that came of them.
#[derive(Debug, Clone, Default)]
pub(in crate::contract) struct Control {
    state: Arc<Mutex<State>>,
    /// Calls on probes that were not ready, also on those of other controls that came of this one.
    unready_calls: Arc<AtomicUsize>,
}

#[derive(Debug, Default)]
struct State {
    gate: Gate,
    /// Who waits at the gate, by the number of the probe.
    waiting: Vec<(usize, Waker)>,
    probes_made: usize,
    counts: Counts,
    plan: Option<Plan>,
    calls: Vec<Call>,
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
struct Call {
    number: u32,
    plan: Plan,
    future: Option<Waker>,
    reply: Option<Waker>,
}

/// What a probe's future or reply is to do.
pub(super) enum Turn<T> {
    Wait,
    Go(T),
    Fail,
    Panic(&'static str),
}

/// What a panic says that is part of the play.
const AS_TOLD: &str = "the probe panics, as it was told to";

// === for the suite ===

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

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics under this lock")
    }
}

// === for the probe ===

impl Control {
    pub(super) fn add_probe(&self) -> usize {
        let mut state = self.state();
        state.counts.probes += 1;
        state.probes_made += 1;
        state.probes_made
    }

    /// The end of a probe, which may have been ready.
    pub(super) fn remove_probe(&self, probe: usize, ready: bool) {
        let mut state = self.state();
        state.counts.probes -= 1;
        let own = state.take_waiting(probe);
        let mut next = Vec::new();
        if ready {
            state.counts.reserved -= 1;
            if let Gate::Grants(left) = &mut state.gate {
                *left += 1;
                next = mem::take(&mut state.waiting);
            }
        }
        drop(state);
        drop(own);
        next.into_iter().for_each(|(_, waker)| waker.wake());
    }

    pub(super) fn poll_gate(&self, probe: usize, ready: bool, cx: &mut Context<'_>) -> Turn<()> {
        let mut state = self.state();
        state.counts.ready_polls += 1;
        match &mut state.gate {
            Gate::Fail => return Turn::Fail,
            Gate::Panic => return Turn::Panic(AS_TOLD),
            Gate::Open | Gate::Grants(_) if ready => return Turn::Go(()),
            Gate::Open => {}
            Gate::Grants(0) => {
                // Wakers are dropped outside of the lock, as nobody knows what goes with them.
                let old = state.take_waiting(probe);
                state.waiting.push((probe, cx.waker().clone()));
                drop(state);
                drop(old);
                return Turn::Wait;
            }
            Gate::Grants(left) => *left -= 1,
        }
        state.counts.reserved += 1;
        Turn::Go(())
    }

    pub(super) fn called_unready(&self) {
        self.unready_calls.fetch_add(1, Ordering::Relaxed);
    }

    /// Begins a call on a probe that was ready; `None` if it is to panic.
    pub(super) fn begin(&self, number: u32) -> Option<usize> {
        let mut state = self.state();
        state.counts.reserved -= 1;
        let plan = state.plan.clone().unwrap_or_else(|| Plan::told([]));
        let panics = plan.head == Head::PanicInCall;
        state.calls.push(Call {
            number,
            plan,
            future: None,
            reply: None,
        });
        (!panics).then(|| {
            state.counts.futures += 1;
            state.calls.len() - 1
        })
    }

    pub(super) fn poll_head(&self, call: usize, cx: &mut Context<'_>) -> Turn<()> {
        let mut state = self.state();
        let call = &mut state.calls[call];
        match call.plan.head {
            Head::Wait => {
                let old = call.future.replace(cx.waker().clone());
                drop(state);
                drop(old);
                Turn::Wait
            }
            Head::Fail => Turn::Fail,
            Head::Answer => {
                call.plan.head = Head::Given;
                state.counts.replies += 1;
                Turn::Go(())
            }
            Head::Panic | Head::PanicInCall => Turn::Panic(AS_TOLD),
            Head::Given => Turn::Panic("the probe's future was polled after it had resolved"),
        }
    }

    pub(super) fn poll_step(&self, call: usize, cx: &mut Context<'_>) -> Turn<Option<u32>> {
        let mut state = self.state();
        let call = &mut state.calls[call];
        match (call.plan.steps.pop_front(), call.plan.end) {
            (Some(Step::Item(item)), _) => Turn::Go(Some(item)),
            (Some(Step::Fail), _) => {
                call.plan.steps.clear();
                call.plan.end = End::Told;
                Turn::Fail
            }
            (Some(Step::Panic), _) => Turn::Panic(AS_TOLD),
            (None, End::Open) => {
                let old = call.reply.replace(cx.waker().clone());
                drop(state);
                drop(old);
                Turn::Wait
            }
            (None, End::Told | End::Untold) => {
                call.plan.end = End::Told;
                Turn::Go(None)
            }
        }
    }

    pub(super) fn number(&self, call: usize) -> u32 {
        self.state().calls[call].number
    }

    pub(super) fn remove_future(&self, call: usize) {
        let mut state = self.state();
        state.counts.futures -= 1;
        let waker = state.calls[call].future.take();
        drop(state);
        drop(waker);
    }

    pub(super) fn remove_reply(&self, call: usize) {
        let mut state = self.state();
        state.counts.replies -= 1;
        let waker = state.calls[call].reply.take();
        drop(state);
        drop(waker);
    }
}

impl State {
    fn take_waiting(&mut self, probe: usize) -> Option<Waker> {
        let place = self.waiting.iter().position(|(waiting, _)| *waiting == probe)?;
        Some(self.waiting.swap_remove(place).1)
    }
}

impl<T> Turn<T> {
    /// What it comes to. Panics without a word on the console, as the panic is part of the play.
    pub(super) fn play<E>(self, error: impl FnOnce() -> E) -> Poll<Result<T, E>> {
        match self {
            Turn::Wait => Poll::Pending,
            Turn::Go(outcome) => Poll::Ready(Ok(outcome)),
            Turn::Fail => Poll::Ready(Err(error())),
            Turn::Panic(why) => panic_quietly(why),
        }
    }
}

pub(super) fn panic_quietly(message: &'static str) -> ! {
    std::panic::resume_unwind(Box::new(message))
}
