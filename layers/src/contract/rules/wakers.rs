//! Whoever gets `Pending` is woken, in the task that polled last, and not for nothing.

use crate::contract::lab::{Caller, Entry, Incoming, Lab, Outcome, ensure};
use crate::contract::probe::{Gate, Head, Plan, Step};
use crate::contract::task::Task;
use std::task::Poll;

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
    let what = "`poll_ready` was pending, and then the inner service got ready";
    if lab.readies_inner() {
        let task = asleep(
            lab,
            way,
            &mut caller,
            |caller| &mut caller.task,
            |caller| caller.poll_ready().is_ready(),
        )
        .await?;
        if let Some(first) = task {
            lab.control.set_gate(Gate::Grants(1));
            wakes(lab, way, &first, &caller.task.clone(), what, || caller.poll_ready()).await?;
        }
    } else if lab.queues() && lab.ready(&mut caller).await? {
        lab.control.plan(Plan::open([]));
        let mut call = caller.call();
        let task = asleep(
            lab,
            way,
            &mut call,
            |call| &mut call.task,
            |call| call.poll().is_ready(),
        )
        .await?;
        if let Some(first) = task {
            lab.control.set_gate(Gate::Grants(1));
            wakes(
                lab,
                way,
                &first,
                &call.task.clone(),
                "the call was queued, and then the inner service got ready",
                || call.poll(),
            )
            .await?;
        }
    }
    lab.control.set_gate(Gate::Open);
    Ok(())
}

async fn for_answer(lab: &Lab, way: Way) -> Outcome {
    let mut call = lab.call(&mut lab.caller(), Plan::waiting()).await?;
    let index = call.index;
    let what = "the call future was pending, and then the inner one answered";
    let task = asleep(
        lab,
        way,
        &mut call,
        |call| &mut call.task,
        |call| call.poll().is_ready(),
    )
    .await?;
    if let Some(first) = task {
        lab.control.resolve(index, Head::Answer);
        wakes(lab, way, &first, &call.task.clone(), what, || call.poll()).await?;
    }
    Ok(())
}

async fn for_items(lab: &Lab, way: Way) -> Outcome {
    let mut reply = lab.reply(&mut lab.caller(), Plan::open([])).await?;
    let index = reply.index;
    let steps: [(&str, &dyn Fn()); 2] = [
        ("the reply was pending, and then the inner one had an item", &|| {
            lab.control.push(index, Step::Item(1));
        }),
        ("the reply was pending, and then the inner one ended", &|| {
            lab.control.end(index)
        }),
    ];
    for (what, step) in steps {
        let task = asleep(
            lab,
            way,
            &mut reply,
            |reply| &mut reply.task,
            |reply: &mut Incoming| reply.poll().is_ready(),
        )
        .await?;
        if let Some(first) = task {
            step();
            wakes(lab, way, &first, &reply.task.clone(), what, || reply.poll()).await?;
        }
    }
    Ok(())
}

/// Somebody waits for a place in a layer that is full.
async fn for_place(lab: &Lab, way: Way) -> Outcome {
    let Some(limit) = lab.options.limit else { return Ok(()) };
    let mut caller = lab.caller();
    let Some(mut waiter) = lab.another(&caller) else {
        return Ok(());
    };
    let mut held = lab.fill(&mut caller, limit.calls).await?;
    let what = "it was full, and then a place was given back";
    match lab.enter(&mut waiter, Plan::open([])).await? {
        Entry::Waiting(None) => {
            let task = asleep(
                lab,
                way,
                &mut waiter,
                |waiter| &mut waiter.task,
                |waiter: &mut Caller| waiter.poll_ready().is_ready(),
            )
            .await?;
            if let Some(first) = task {
                held.pop();
                wakes(lab, way, &first, &waiter.task.clone(), what, || waiter.poll_ready()).await?;
            }
        }
        Entry::Waiting(Some(mut call)) => {
            let task = asleep(
                lab,
                way,
                &mut call,
                |call| &mut call.task,
                |call| call.poll().is_ready(),
            )
            .await?;
            if let Some(first) = task {
                held.pop();
                wakes(lab, way, &first, &call.task.clone(), what, || call.poll()).await?;
            }
        }
        Entry::In(_) | Entry::Refused(_) => {}
    }
    Ok(())
}

/// Polls until it sleeps. Gives the task that slept first; `None` if there was nothing to wait for, which is another rule's matter.
async fn asleep<W>(
    lab: &Lab,
    way: Way,
    waiter: &mut W,
    task: impl Fn(&mut W) -> &mut Task,
    mut poll: impl FnMut(&mut W) -> bool,
) -> Outcome<Option<Task>> {
    for _ in 0..WAKES {
        if poll(waiter) {
            return Ok(None);
        }
        lab.settle().await;
        if !task(waiter).is_woken() {
            let first = task(waiter).clone();
            if way == Way::Moved {
                *task(waiter) = Task::new();
                return Ok((!poll(waiter)).then_some(first));
            }
            return Ok(Some(first));
        }
    }
    ensure!(
        way != Way::Quiet,
        "it woke its own task {WAKES} times, while there was nothing for it"
    );
    Ok(None)
}

/// Whether the waiter was woken by what just happened.
async fn wakes<T>(
    lab: &Lab,
    way: Way,
    first: &Task,
    now: &Task,
    what: &str,
    mut poll: impl FnMut() -> Poll<T>,
) -> Outcome {
    let in_task = |why| format!("{what}: {why}");
    match way {
        Way::Straight => lab.woken(now, poll).await.map(drop).map_err(in_task),
        Way::Moved => {
            lab.settle().await;
            let stale = first.is_woken() && !now.is_woken();
            ensure!(
                !stale,
                "{what}: the task that had polled first was woken, and not the one that polled last"
            );
            // Let it come to its end, so that what follows begins as ever.
            let _end = lab.patiently(&mut poll).await;
            Ok(())
        }
        Way::Quiet => {
            let _end = lab.patiently(&mut poll).await;
            Ok(())
        }
    }
}
