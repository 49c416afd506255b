//! Nothing is needed that is not there, and nothing stays that is not owned.

use super::{release, replies, wakers};
use crate::contract::lab::{Lab, Outcome, ensure};
use crate::contract::probe::{Counts, Gate, Plan};

/// Played without a runtime.
pub(super) async fn no_runtime(lab: &Lab) -> Outcome {
    replies::items_pass(lab).await?;
    wakers::check(lab, wakers::Way::Straight).await?;
    release::on_drop(lab).await
}

pub(super) async fn nothing_left(lab: Lab) -> Outcome {
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let control = lab.control.clone();
    let mut caller = lab.caller();
    let clone = caller.duplicate();
    let mut reply = lab.reply(&mut caller, Plan::open([1])).await?;
    lab.item(&mut reply).await?;
    drop(reply);
    let held = lab.hold(&mut caller).await?;
    // A call that waits, or the caller itself.
    control.set_gate(Gate::Grants(0));
    let mut waiter = lab.caller();
    let waiting = if lab.ready(&mut waiter).await? {
        let mut call = waiter.call();
        call.advance();
        Some(call)
    } else {
        None
    };
    lab.settle().await;
    drop((waiting, waiter, held, clone, caller));
    // A worker that waits for the inner service may go on until that is ready, and no longer.
    control.set_gate(Gate::Open);
    lab.settle().await;
    drop(lab);
    for _ in 0..32 {
        tokio::task::yield_now().await;
    }
    let Counts {
        probes,
        reserved,
        futures,
        replies,
        ..
    } = control.counts();
    ensure!(
        probes + reserved + futures + replies == 0,
        "all was dropped, and still there are {probes} inner services, {reserved} of their places reserved, {futures} inner calls and \
         {replies} inner replies"
    );
    let left = tasks().saturating_sub(before);
    ensure!(left == 0, "all was dropped, and {left} tasks of the layer still run");
    Ok(())
}
