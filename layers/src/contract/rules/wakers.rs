//! Whoever gets `Pending` is woken, in the task that polled last, and not for nothing.

use crate::contract::actors::Waits;
use crate::contract::lab::{Lab, Outcome, ensure};
use crate::contract::probe::{Gate, Head, Plan, Step};
use crate::contract::task::Task;

/// What is looked at while something waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Its task is woken.
    Straight,
    /// It is handed to another task, and that is woken.
    Moved,
    /// It stays asleep.
    Quiet,
}

/// More wakes than any layer has a reason for.
const WAKES: usize = 32;

pub(super) async fn check(lab: &Lab, way: Way) -> Outcome {
    for_readiness(lab, way).await?;
    for_answer(lab, way).await?;
    for_items(lab, way).await?;
    for_place(lab, way).await
}

async fn for_readiness(lab: &Lab, way: Way) -> Outcome {
    lab.control.set_gate(Gate::Grants(0));
    let mut caller = lab.caller();
    let grant = || lab.control.set_gate(Gate::Grants(1));
    if lab.readies_inner() {
        let what = "`poll_ready` was pending, and then the inner service got ready";
        wakes(lab, way, &mut caller, what, grant).await?;
    } else if lab.queues() && lab.ready(&mut caller).await? {
        lab.control.plan(Plan::open([]));
        let what = "the call was queued, and then the inner service got ready";
        wakes(lab, way, &mut caller.call(), what, grant).await?;
    }
    lab.control.set_gate(Gate::Open);
    Ok(())
}

async fn for_answer(lab: &Lab, way: Way) -> Outcome {
    let mut call = lab.call(&mut lab.caller(), Plan::waiting()).await?;
    let index = call.index;
    let what = "the call future was pending, and then the inner one answered";
    wakes(lab, way, &mut call, what, || lab.control.resolve(index, Head::Answer)).await
}

async fn for_items(lab: &Lab, way: Way) -> Outcome {
    let mut reply = lab.reply(&mut lab.caller(), Plan::open([])).await?;
    let index = reply.index;
    let what = "the reply was pending, and then the inner one had an item";
    wakes(lab, way, &mut reply, what, || lab.control.push(index, Step::Item(1))).await?;
    let what = "the reply was pending, and then the inner one ended";
    wakes(lab, way, &mut reply, what, || lab.control.end(index)).await
}

/// Somebody waits for a place in a layer that is full.
async fn for_place(lab: &Lab, way: Way) -> Outcome {
    let Some(limit) = lab.options.limit else { return Ok(()) };
    let mut caller = lab.caller();
    let Some(waiter) = lab.another(&caller) else {
        return Ok(());
    };
    let mut held = lab.fill(&mut caller, limit.calls).await?;
    let Some(mut waiter) = lab.wait(waiter).await? else {
        return Ok(());
    };
    let what = "it was full, and then a place was given back";
    wakes(lab, way, &mut waiter, what, || drop(held.pop())).await
}

/// Has something wait, has happen what it waits for, and looks at its task.
async fn wakes(lab: &Lab, way: Way, waiter: &mut impl Waits, what: &str, happen: impl FnOnce()) -> Outcome {
    let Some(first) = asleep(lab, way, waiter).await? else {
        return Ok(());
    };
    happen();
    match way {
        Way::Straight => {
            let woken = lab.woken(waiter).await;
            return woken.map(drop).map_err(|why| format!("{what}: {why}"));
        }
        Way::Moved => {
            lab.settle().await;
            ensure!(
                !first.is_woken() || waiter.task().is_woken(),
                "{what}: the task that had polled first was woken, and not the one that polled last"
            );
        }
        Way::Quiet => {}
    }
    // Let it come to its end, so that what follows begins as ever.
    let _end = lab.patiently(|| waiter.attempt()).await;
    Ok(())
}

/// Polls until it sleeps. Gives the task that slept first; `None` if there was nothing to wait for, which is another rule's matter.
async fn asleep(lab: &Lab, way: Way, waiter: &mut impl Waits) -> Outcome<Option<Task>> {
    for _ in 0..WAKES {
        if waiter.attempt().is_ready() {
            return Ok(None);
        }
        lab.settle().await;
        if waiter.task().is_woken() {
            continue;
        }
        let first = waiter.task().clone();
        if way == Way::Moved {
            *waiter.task() = Task::new();
            return Ok(waiter.attempt().is_pending().then_some(first));
        }
        return Ok(Some(first));
    }
    ensure!(
        way != Way::Quiet,
        "it woke its own task {WAKES} times, while there was nothing for it"
    );
    Ok(None)
}
