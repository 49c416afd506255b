//! Dropping cancels.

use crate::contract::lab::{Lab, Outcome, ensure};
use crate::contract::probe::{Gate, Plan, Step};

pub(super) async fn call_dropped(lab: &Lab) -> Outcome {
    let mut caller = lab.caller();
    let mut call = lab.call(&mut caller, Plan::waiting()).await?;
    call.advance();
    drop(call);
    let left = lab.control.counts().futures;
    ensure!(
        left == 0,
        "the call future was dropped, and the inner one is still there"
    );

    let lab = lab.fresh();
    let mut caller = lab.caller();
    if lab.ready(&mut caller).await? {
        drop(caller.call());
        lab.settle().await;
        let left = lab.control.counts().futures;
        ensure!(
            left == 0,
            "a call future was dropped before it was polled, and the inner one is still there"
        );
    }
    if lab.queues() {
        lab.control.set_gate(Gate::Grants(0));
        if lab.ready(&mut caller).await? {
            let before = lab.control.calls();
            drop(caller.call());
            lab.control.set_gate(Gate::Open);
            lab.settle().await;
            ensure!(
                lab.control.calls() == before,
                "a call future was dropped while its call was queued, and the call was made nevertheless"
            );
        }
    }
    Ok(())
}

pub(super) async fn reply_dropped(lab: &Lab) -> Outcome {
    let plans = [
        ("before its end", Plan::open(1..=3)),
        ("which fails in the end", Plan::open(1..=2).then(Step::Fail)),
        ("which ends", Plan::told(1..=2)),
    ];
    for (kind, plan) in plans {
        for polls in 0..=3 {
            let lab = lab.fresh();
            let mut reply = lab.reply(&mut lab.caller(), plan.clone()).await?;
            for _ in 0..polls {
                lab.next(&mut reply).await?;
            }
            drop(reply);
            let left = lab.control.counts().replies;
            ensure!(
                left == 0,
                "a reply {kind} was dropped after {polls} polls, and the inner one is still there"
            );
        }
    }
    Ok(())
}
