//! The whole of a call.

use crate::support::{SECOND, Script, Step, StopAfter, elapsed, next, reply};
use std::sync::atomic::Ordering;
use tokio::time::{Instant, advance};
use tower_transport_layers::timeout::{Phase, TimeoutLayer};

#[tokio::test(start_paused = true)]
async fn total_limit_ends_a_stream_that_makes_progress() {
    let (script, dropped) = Script::new((0..100).flat_map(|n| [Step::Wait(SECOND), Step::Item(n)]));
    let mut reply = reply(
        TimeoutLayer::new().idle(SECOND * 5).total(SECOND * 3 + SECOND / 2),
        script,
    )
    .await;
    for n in 0..3 {
        assert_eq!(next(&mut reply).await.unwrap().unwrap(), n);
    }
    let error = next(&mut reply).await.unwrap().unwrap_err();
    assert_eq!(elapsed(&error), (Phase::Total, SECOND * 7 / 2));
    assert!(dropped.load(Ordering::SeqCst));
}

#[tokio::test(start_paused = true)]
async fn total_limit_ends_a_stream_that_always_has_one_more_item() {
    let (script, _) = Script::new((0..100).map(Step::Item));
    let mut reply = reply(TimeoutLayer::new().total(SECOND), script).await;
    assert_eq!(next(&mut reply).await.unwrap().unwrap(), 0);
    advance(SECOND * 2).await;
    let error = next(&mut reply).await.unwrap().unwrap_err();
    assert_eq!(elapsed(&error), (Phase::Total, SECOND));
}

#[tokio::test(start_paused = true)]
async fn last_item_that_is_there_is_given_however_late_it_is_read() {
    let (script, _) = Script::new([Step::Item(1), Step::Item(2)]);
    let mut reply = reply(TimeoutLayer::new().total(SECOND), script).await;
    assert_eq!(next(&mut reply).await.unwrap().unwrap(), 1);
    advance(SECOND * 2).await;
    assert_eq!(next(&mut reply).await.unwrap().unwrap(), 2);
    assert!(next(&mut reply).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn timer_that_was_armed_for_later_is_moved_to_a_tighter_deadline() {
    // While the idle clock stands, the total limit of 100 s is waited for; then the idle limit of 1 s.
    let (script, _) = Script::new([Step::Item(7), Step::Wait(SECOND / 2), Step::Item(1)]);
    let layer = TimeoutLayer::new()
        .idle(SECOND)
        .total(SECOND * 100)
        .policy(StopAfter(7));
    let mut reply = reply(layer, script.then_silence()).await;
    let began = Instant::now();
    assert_eq!(next(&mut reply).await.unwrap().unwrap(), 7);
    assert_eq!(next(&mut reply).await.unwrap().unwrap(), 1);
    let error = next(&mut reply).await.unwrap().unwrap_err();
    assert_eq!(elapsed(&error), (Phase::Idle, SECOND));
    assert_eq!(began.elapsed().as_millis(), 1500);
}
