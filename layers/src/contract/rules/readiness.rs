//! Readiness is real, and harmless to ask for.

use super::replies::is_the_probes;
use crate::contract::actors::Call;
use crate::contract::lab::{Entry, Lab, Outcome, ensure};
use crate::contract::probe::{Gate, Plan};
use std::task::Poll;

pub(super) async fn inner_ready(lab: &Lab) -> Outcome {
    lab.control.set_gate(Gate::Grants(0));
    let mut caller = lab.caller();
    // The second time the service has been called before: its readiness is used up.
    for time in ["", " after a call"] {
        let ready = lab.ready(&mut caller).await?;
        if ready {
            ensure!(
                !lab.readies_inner(),
                "it was ready{time}, while the inner service was not"
            );
            refuses_or_queues(lab, caller.call(), time).await?;
        }
        if lab.readies_inner() {
            ensure!(
                lab.control.counts().ready_polls > 0,
                "its `poll_ready` was pending{time} without polling the inner one"
            );
        }
        lab.control.set_gate(Gate::Grants(1));
        lab.call(&mut caller, Plan::open([])).await?;
        lab.control.set_gate(Gate::Grants(0));
    }
    Ok(())
}

/// A call while the inner service is not ready.
async fn refuses_or_queues(lab: &Lab, mut call: Call, time: &str) -> Outcome {
    let outcome = lab.patiently(|| call.poll()).await;
    if lab.queues() {
        ensure!(
            outcome.is_pending(),
            "a call{time} did not wait, while the inner service was not ready"
        );
    } else if !lab.options.answers_errors {
        ensure!(
            matches!(outcome, Poll::Ready(Err(_))),
            "a call{time} did not fail at once, while the inner service was not ready"
        );
    }
    Ok(())
}

pub(super) async fn ready_repeats(lab: &Lab) -> Outcome {
    let mut caller = lab.caller();
    if !lab.ready(&mut caller).await? {
        // It never gets ready, which is another rule's matter.
        return Ok(());
    }
    let whole = lab.options.whole();
    for _ in 0..=whole {
        let ready = matches!(caller.poll_ready(), Poll::Ready(Ok(())));
        ensure!(ready, "it was ready, and polled again it was not");
        lab.settle().await;
        let reserved = lab.control.counts().reserved;
        ensure!(
            reserved <= 1,
            "polled again it has reserved {reserved} places of the inner service for one call"
        );
    }
    if let Some(mut other) = lab.another(&caller) {
        let held = lab.fill(&mut other, whole).await?.len();
        ensure!(
            held + 1 >= whole,
            "polled again and again one service has left {held} places for all others, of {whole}{}",
            lab.untold()
        );
    }
    Ok(())
}

pub(super) async fn clone_unready(lab: &Lab) -> Outcome {
    lab.control.set_gate(Gate::Grants(1));
    let mut caller = lab.caller();
    if !lab.readies_inner() || !lab.ready(&mut caller).await? {
        return Ok(());
    }
    let Some(mut clone) = caller.duplicate() else {
        return Ok(());
    };
    if lab.ready(&mut lab.caller()).await? {
        // Not a clone's fault, but another rule's matter.
        return Ok(());
    }
    let ready = lab.ready(&mut clone).await?;
    ensure!(
        !ready,
        "a clone of a ready service was ready, while the inner service was ready for one"
    );
    // Nor does the clone take anything away from the original.
    lab.call(&mut caller, Plan::open([])).await?;
    Ok(())
}

pub(super) async fn ready_error(lab: &Lab) -> Outcome {
    let mut caller = lab.caller();
    lab.control.set_gate(Gate::Fail);
    let error = match lab.patiently(|| caller.poll_ready()).await {
        Poll::Ready(Err(error)) => error,
        Poll::Ready(Ok(())) if lab.queues() => match lab.enter(&mut caller, Plan::open([])).await? {
            Entry::Waiting(_) => return Err("the call waits, while the inner `poll_ready` failed".into()),
            Entry::In(_) => return Err("the call went through, while the inner `poll_ready` failed".into()),
            Entry::Refused(error) => error,
        },
        Poll::Ready(Ok(())) => return Err("it was ready, while the inner `poll_ready` failed".into()),
        Poll::Pending => return Err("its `poll_ready` is pending, while the inner one failed".into()),
    };
    is_the_probes(&*error, 0)
}
