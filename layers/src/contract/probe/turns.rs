//! What the probe asks of its control, turn by turn.

use super::control::{Call, Control, Gate};
use super::plan::{End, Head, Plan, Step};
use std::mem;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

/// What a probe's future or reply is to do.
pub(super) enum Turn<T> {
    Wait,
    Go(T),
    Fail,
    Panic(&'static str),
}

/// What a panic says that is part of the play.
const AS_TOLD: &str = "the probe panics, as it was told to";

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

    /// The next item, and whether it is the last one.
    pub(super) fn poll_step(&self, call: usize, cx: &mut Context<'_>) -> Turn<Option<(u32, bool)>> {
        let mut state = self.state();
        let call = &mut state.calls[call];
        match (call.plan.steps.pop_front(), call.plan.end) {
            (Some(Step::Item(item)), end) => {
                let is_last = end != End::Open && call.plan.steps.is_empty();
                Turn::Go(Some((item, is_last)))
            }
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
