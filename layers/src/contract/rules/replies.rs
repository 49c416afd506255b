//! What comes back is what the inner service gave.

use crate::cause_ref;
use crate::contract::ProbeError;
use crate::contract::lab::{Lab, Outcome, ensure};
use crate::contract::probe::{Head, Plan, Step};
use std::error::Error;
use std::task::Poll;

pub(super) async fn items_pass(lab: &Lab) -> Outcome {
    let mut caller = lab.caller();
    let plans = [
        ("that tells of its end", Plan::told(1..=5)),
        ("that does not tell of its end", Plan::untold(1..=5)),
        ("without items", Plan::told([])),
    ];
    for (kind, plan) in plans {
        if kind == "without items" && lab.options.answers_errors {
            // It may take the lack of a last item for an error.
            continue;
        }
        let given: Vec<u32> = if kind == "without items" {
            vec![]
        } else {
            (1..=5).collect()
        };
        let mut reply = lab.reply(&mut caller, plan).await?;
        let mut seen = Vec::new();
        loop {
            match lab.next(&mut reply).await? {
                Some(Ok(item)) if seen.len() <= given.len() => seen.push(item),
                Some(Ok(_)) => {
                    return Err(format!(
                        "a reply {kind} goes on after {} items of {}",
                        seen.len(),
                        given.len()
                    ));
                }
                Some(Err(error)) => return Err(format!("a reply {kind} failed, while the inner one did not: {error}")),
                None => break,
            }
        }
        ensure!(
            seen == given,
            "of a reply {kind} with the items {given:?} came {seen:?} (0 is none of the probe's)"
        );
    }
    // One by one, with nothing there between them.
    let mut reply = lab.reply(&mut caller, Plan::open([])).await?;
    for item in 1..=3 {
        ensure!(
            reply.poll().is_pending(),
            "a reply had an item or its end before the inner one did"
        );
        lab.control.push(reply.index, Step::Item(item));
        lab.item(&mut reply).await?;
    }
    Ok(())
}

pub(super) async fn call_order(lab: &Lab) -> Outcome {
    if lab.options.delays_calls {
        return Ok(());
    }
    let mut caller = lab.caller();
    lab.control.plan(Plan::told([]));
    let mut calls = Vec::new();
    for _ in 0..lab.options.whole().min(3) {
        if lab.ready(&mut caller).await? {
            calls.push(caller.call());
        }
    }
    // The last one is polled first.
    for call in calls.iter_mut().rev() {
        call.advance();
    }
    lab.settle().await;
    let made: Vec<u32> = calls.iter().map(|call| call.number).collect();
    let seen = lab.control.numbers();
    ensure!(
        made == seen,
        "the calls {made:?} were made, and their futures polled in reverse; the inner service got {seen:?}"
    );
    Ok(())
}

pub(super) async fn size_hint(lab: &Lab) -> Outcome {
    if lab.options.own_size_hint {
        return Ok(());
    }
    let mut caller = lab.caller();
    for plan in [Plan::told(1..=3), Plan::open(1..=3), Plan::untold(1..=3)] {
        let mut reply = lab.reply(&mut caller, plan).await?;
        for items in 0..=3 {
            let (outer, inner) = (reply.hint(), reply.inner_hint(&lab.control));
            ensure!(
                outer == inner,
                "after {items} of 3 items the inner reply told {inner}, and the layer's told {outer}"
            );
            if items < 3 {
                lab.item(&mut reply).await?;
            }
        }
    }
    Ok(())
}

pub(super) async fn error_cause(lab: &Lab) -> Outcome {
    if lab.options.answers_errors {
        return Ok(());
    }
    let mut caller = lab.caller();
    let mut call = lab.call(&mut caller, Plan::open([]).head(Head::Fail)).await?;
    let number = call.number;
    match lab.patiently(|| call.poll()).await {
        Poll::Ready(Err(error)) => is_the_probes(&*error, number)?,
        Poll::Ready(Ok(_)) => return Err("the call succeeded, while the inner one failed".into()),
        Poll::Pending => return Err("the call is pending, while the inner one failed".into()),
    }
    let call = lab.call(&mut caller, Plan::open([1]).then(Step::Fail)).await?;
    let number = call.number;
    let mut reply = lab.resolve(call).await?;
    lab.item(&mut reply).await?;
    match lab.next(&mut reply).await? {
        Some(Err(error)) => is_the_probes(&*error, number),
        Some(Ok(item)) => Err(format!("the reply had an item, {item}, while the inner one failed")),
        None => Err("the reply ended, while the inner one failed".into()),
    }
}

/// Whether the probe's error is the cause.
pub(super) fn is_the_probes(error: &(dyn Error + Send + Sync + 'static), request: u32) -> Outcome {
    let Some(cause) = cause_ref::<ProbeError>(error) else {
        return Err(format!(
            "the layer failed with `{error}`, in whose chain of causes the inner error is not to be found"
        ));
    };
    ensure!(
        cause.request() == request,
        "the layer failed with the error of another call: that of request {}, in place of {request}",
        cause.request()
    );
    Ok(())
}
