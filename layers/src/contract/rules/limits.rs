//! A limit is one limit, and everybody gives back what they don't use.

use crate::contract::actors::Caller;
use crate::contract::lab::{Lab, Outcome, ensure};
use crate::contract::probe::Plan;

pub(super) async fn idle_released(lab: &Lab) -> Outcome {
    let mut base = lab.caller();
    let Some(mut idle) = lab.another(&base) else {
        return Ok(());
    };
    lab.ready(&mut idle).await?;
    drop(idle);
    lab.settle().await;
    let reserved = lab.control.counts().reserved;
    ensure!(
        reserved == 0,
        "a ready service was dropped, and {reserved} places of the inner service are still reserved"
    );
    let mut idle = Vec::new();
    for _ in 0..lab.options.whole() {
        if let Some(mut caller) = lab.another(&base)
            && lab.ready(&mut caller).await?
        {
            idle.push(caller);
        }
    }
    if lab.options.limit.is_some()
        && who_waits_is_woken(&lab.fresh()).await?
        && let Some(mut waiter) = lab.another(&base)
        && waiter.poll_ready().is_pending()
    {
        lab.settle().await;
        idle.pop();
        let woken = lab.woken(&mut waiter).await;
        ensure!(
            woken.is_ok(),
            "all places were held by ready services, one of which was dropped, and who waited did not get its place: {}",
            woken.err().unwrap_or_default()
        );
    }
    drop(idle);
    lab.expect_whole(&mut base, "all services that were ready were dropped")
        .await
}

/// Whether somebody who waits alone is woken. If not, it is another rule's matter.
async fn who_waits_is_woken(lab: &Lab) -> Outcome<bool> {
    let mut base = lab.caller();
    let mut held = lab.fill(&mut base, lab.options.whole()).await?;
    let Some(waiter) = lab.another(&base) else {
        return Ok(false);
    };
    let Some(mut waiter) = lab.wait(waiter).await? else {
        return Ok(false);
    };
    held.pop();
    Ok(lab.woken(&mut waiter).await == Ok(true))
}

pub(super) async fn turn_passed_on(lab: &Lab) -> Outcome {
    if lab.options.limit.is_none() || !who_waits_is_woken(lab).await? {
        return Ok(());
    }
    for before in [false, true] {
        let lab = lab.fresh();
        let mut base = lab.caller();
        let (Some(first), Some(second)) = (lab.another(&base), lab.another(&base)) else {
            return Ok(());
        };
        let mut held = lab.fill(&mut base, lab.options.whole()).await?;
        let Some(first) = lab.wait(first).await? else {
            return Ok(());
        };
        let Some(mut second) = lab.wait(second).await? else {
            return Ok(());
        };
        if before {
            drop(first);
            held.pop();
        } else {
            held.pop();
            lab.settle().await;
            drop(first);
        }
        let turn = lab.woken(&mut second).await;
        let when = if before {
            "before its turn came"
        } else {
            "after its turn had come"
        };
        ensure!(
            turn == Ok(true),
            "of two that waited for a place the first gave up {when}, and the second did not get it: {}",
            turn.err().unwrap_or("it stayed pending".into())
        );
    }
    Ok(())
}

pub(super) async fn holds(lab: &Lab) -> Outcome {
    let mut base = lab.caller();
    let Some(limit) = lab.options.limit else {
        // Who has a limit says so.
        let whole = lab.options.whole();
        let held = lab.fill(&mut base, whole).await?.len();
        ensure!(
            held == whole,
            "it let in {held} calls at once, of {whole}{}",
            lab.untold()
        );
        return Ok(());
    };
    let mut replies = Vec::new();
    let mut held = Vec::new();
    let what = if lab.options.holds_until_first_item() {
        // Replies that go on take no places.
        for _ in 0..=limit.calls {
            replies.push(lab.reply(&mut base, Plan::open([1, 2])).await?);
        }
        held = lab.fill(&mut base, limit.calls).await?;
        "calls were pending"
    } else {
        for _ in 0..limit.calls {
            let mut reply = lab.reply(&mut base, Plan::open([1, 2])).await?;
            lab.item(&mut reply).await?;
            replies.push(reply);
        }
        "replies still went on after their first item"
    };
    let more = lab.hold(&mut base).await?.is_some();
    drop((replies, held));
    ensure!(
        !more,
        "while {} {what}, it let in one more, over its limit",
        limit.calls
    );
    Ok(())
}

pub(super) async fn shared_by_clones(lab: &Lab) -> Outcome {
    let Some(limit) = lab.options.limit else { return Ok(()) };
    let mut base = lab.caller();
    let Some(mut clone) = base.duplicate() else {
        return Ok(());
    };
    one_limit(
        lab,
        &mut base,
        &mut clone,
        limit.calls,
        "a clone of a service that was full",
    )
    .await
}

pub(super) async fn shared_by_layer(lab: &Lab) -> Outcome {
    let Some(limit) = lab.options.limit.filter(|limit| limit.shared_by_layer) else {
        return Ok(());
    };
    let (mut base, mut other) = (lab.caller(), lab.caller());
    one_limit(
        lab,
        &mut base,
        &mut other,
        limit.calls,
        "a second service of the layer, whose first was full",
    )
    .await
}

async fn one_limit(lab: &Lab, one: &mut Caller, other: &mut Caller, calls: usize, what: &str) -> Outcome {
    let held = lab.fill(one, calls).await?;
    if lab.hold(one).await?.is_some() {
        // There is no limit to share, which is another rule's matter.
        return Ok(());
    }
    let more = lab.hold(other).await?.is_some();
    ensure!(!more, "{what} with {} calls let in one more", held.len());
    Ok(())
}
