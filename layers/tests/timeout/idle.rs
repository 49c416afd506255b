//! Silence between items.

use crate::support::{SECOND, Script, Step, elapsed, next, reply};
use futures_core::Stream;
use std::sync::atomic::Ordering;
use tokio::time::{Instant, advance};
use tokio_test::{assert_pending, assert_ready, task};
use tower_transport_layers::timeout::{Phase, TimeoutLayer};

// PITFALLS 9
#[tokio::test(start_paused = true)]
async fn item_that_is_there_wins_over_an_idle_timer_that_has_fired() {
    let (script, _) = Script::new([Step::Wait(SECOND * 2), Step::Item(1)]);
    let reply = reply(TimeoutLayer::new().idle(SECOND), script).await;
    let mut reply = task::spawn(reply);
    assert_pending!(reply.poll_next());
    advance(SECOND * 3).await;
    assert_eq!(assert_ready!(reply.poll_next()).unwrap().unwrap(), 1);
}

// PITFALLS 10
#[tokio::test(start_paused = true)]
async fn stream_that_makes_progress_outlives_every_idle_limit() {
    let steps = (0..100).flat_map(|n| [Step::Wait(SECOND * 9 / 10), Step::Item(n)]);
    let (script, _) = Script::new(steps);
    let mut reply = reply(TimeoutLayer::new().first_item(SECOND).idle(SECOND), script).await;
    for n in 0..100 {
        assert_eq!(next(&mut reply).await.unwrap().unwrap(), n);
    }
    assert!(next(&mut reply).await.is_none());
}

// PITFALLS 10
#[tokio::test(start_paused = true)]
async fn silence_within_a_stream_fails_it_after_the_last_item_and_not_after_the_call() {
    let (script, dropped) = Script::new([Step::Wait(SECOND / 2), Step::Item(1)]);
    let mut reply = reply(
        TimeoutLayer::new().first_item(SECOND).idle(SECOND),
        script.then_silence(),
    )
    .await;
    assert_eq!(next(&mut reply).await.unwrap().unwrap(), 1);
    let began = Instant::now();
    let error = next(&mut reply).await.unwrap().unwrap_err();
    assert_eq!(elapsed(&error), (Phase::Idle, SECOND));
    assert_eq!(began.elapsed().as_millis(), 1000);
    assert!(
        dropped.load(Ordering::SeqCst),
        "PITFALLS 11: what is inside is dropped, which cancels"
    );
    assert_eq!(reply.size_hint(), (0, Some(0)));
    assert!(next(&mut reply).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn idle_clock_runs_only_while_somebody_waits() {
    let (script, _) = Script::new([Step::Item(1), Step::Wait(SECOND / 2), Step::Item(2)]);
    let mut reply = reply(TimeoutLayer::new().idle(SECOND), script).await;
    assert_eq!(next(&mut reply).await.unwrap().unwrap(), 1);
    advance(SECOND * 60).await;
    assert_eq!(next(&mut reply).await.unwrap().unwrap(), 2);
}
