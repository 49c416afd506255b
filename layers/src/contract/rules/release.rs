//! What a call takes is given back on every way out.

use crate::contract::actors::{Caller, Incoming};
use crate::contract::lab::{Lab, Outcome, ensure};
use crate::contract::probe::{Gate, Head, Plan, Step};
use crate::contract::runner::panics;
use std::task::Poll;

pub(super) async fn at_end(lab: &Lab) -> Outcome {
    let ends = [
        ("a reply without items, which is kept,", Plan::told([]), 0),
        (
            "the last item of a reply that tells of its end, which is kept,",
            Plan::told([1, 2]),
            2,
        ),
        (
            "the end of a reply that does not tell of it, which is kept,",
            Plan::untold([1]),
            2,
        ),
    ];
    for (after, plan, polls) in ends {
        let lab = lab.fresh();
        let mut base = lab.caller();
        let mut reply = lab.reply(&mut base, plan).await?;
        for _ in 0..polls {
            lab.next(&mut reply).await?;
        }
        lab.expect_whole(&mut base, after).await?;
        drop(reply);
    }
    Ok(())
}

pub(super) async fn on_error(lab: &Lab) -> Outcome {
    let mut base = lab.caller();
    let mut call = lab.call(&mut base, Plan::open([]).head(Head::Fail)).await?;
    // An error, or what the layer makes of it.
    if let Poll::Ready(Ok(mut reply)) = lab.patiently(|| call.poll()).await {
        over(lab, &mut reply).await?;
    }
    drop(call);
    lab.expect_whole(&mut base, "a call that failed").await?;

    let lab = lab.fresh();
    let mut base = lab.caller();
    let mut reply = lab.reply(&mut base, Plan::open([1]).then(Step::Fail)).await?;
    lab.item(&mut reply).await?;
    over(&lab, &mut reply).await?;
    lab.expect_whole(&mut base, "a reply that failed, which is kept,").await
}

/// Polls a reply to its end or to its error.
async fn over(lab: &Lab, reply: &mut Incoming) -> Outcome {
    for _ in 0..8 {
        if !matches!(lab.next(reply).await?, Some(Ok(_))) || reply.hint().is_over() {
            return Ok(());
        }
    }
    Err("the reply went on after the inner one was over".into())
}

pub(super) async fn on_drop(lab: &Lab) -> Outcome {
    let mut base = lab.caller();
    if lab.ready(&mut base).await? {
        drop(base.call());
        lab.expect_whole(&mut base, "a call future was dropped before it was polled")
            .await?;
    }

    let lab = lab.fresh();
    let mut base = lab.caller();
    let mut call = lab.call(&mut base, Plan::waiting()).await?;
    call.advance();
    drop(call);
    lab.expect_whole(&mut base, "a call future was dropped while it was pending")
        .await?;
    for items in 0..3 {
        let lab = lab.fresh();
        let mut base = lab.caller();
        let mut reply = lab.reply(&mut base, Plan::open(1..=3)).await?;
        for _ in 0..items {
            lab.item(&mut reply).await?;
        }
        drop(reply);
        let after = format!("a reply was dropped after {items} items");
        lab.expect_whole(&mut base, &after).await?;
    }
    Ok(())
}

pub(super) async fn on_panic(lab: &Lab) -> Outcome {
    if !lab.queues() {
        in_service(&lab.fresh(), "a panic of the inner `poll_ready`", |lab, caller| {
            lab.control.set_gate(Gate::Panic);
            panics(|| drop(caller.poll_ready()));
            lab.control.set_gate(Gate::Open);
        })
        .await?;
        in_service(&lab.fresh(), "a panic of the inner `call`", |lab, caller| {
            lab.control.plan(Plan::open([]).head(Head::PanicInCall));
            // Some layers call the inner service only when the future is polled.
            panics(|| caller.call().advance());
        })
        .await?;
    }
    let fresh = lab.fresh();
    let mut base = fresh.caller();
    let mut call = fresh.call(&mut base, Plan::waiting()).await?;
    fresh.control.resolve(call.index, Head::Panic);
    panics(|| call.advance());
    drop(call);
    whole(&fresh, &mut base, "a panic of the inner call future").await?;

    let fresh = lab.fresh();
    let mut base = fresh.caller();
    let mut reply = fresh.reply(&mut base, Plan::open([1]).then(Step::Panic)).await?;
    fresh.item(&mut reply).await?;
    panics(|| drop(reply.poll()));
    drop(reply);
    whole(&fresh, &mut base, "a panic of the inner reply").await
}

/// A panic in a service, which is ready, and not used again.
async fn in_service(lab: &Lab, after: &str, panic: impl FnOnce(&Lab, &mut Caller)) -> Outcome {
    let mut base = lab.caller();
    if let Some(mut caller) = lab.another(&base)
        && lab.ready(&mut caller).await?
    {
        panic(lab, &mut caller);
        drop(caller);
        whole(lab, &mut base, after).await?;
    }
    Ok(())
}

async fn whole(lab: &Lab, base: &mut Caller, after: &str) -> Outcome {
    lab.expect_whole(base, after).await?;
    let counts = lab.control.counts();
    ensure!(
        counts.futures == 0 && counts.replies == 0,
        "after {after} {} inner calls and {} inner replies are still there",
        counts.futures,
        counts.replies
    );
    Ok(())
}
