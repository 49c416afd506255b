//! Items that are no progress.

use crate::support::{SECOND, Script, Step, StopAfter, elapsed, next, reply};
use std::io;
use tokio::time::{Instant, advance};
use tokio_test::{assert_pending, assert_ready, task};
use tower_transport_layers::timeout::{Phase, TimeoutLayer};

#[tokio::test(start_paused = true)]
async fn idle_clock_stands_while_the_peer_waits_for_us() {
    let (script, _) = Script::new([Step::Item(7), Step::Wait(SECOND * 60), Step::Item(1)]);
    let mut reply = reply(
        TimeoutLayer::new().idle(SECOND).policy(StopAfter(7)),
        script.then_silence(),
    )
    .await;
    assert_eq!(next(&mut reply).await.unwrap().unwrap(), 7);
    assert_eq!(next(&mut reply).await.unwrap().unwrap(), 1);
    assert_eq!(
        elapsed(&next(&mut reply).await.unwrap().unwrap_err()),
        (Phase::Idle, SECOND)
    );
}

#[tokio::test(start_paused = true)]
async fn item_that_is_no_progress_sets_a_clock_going_that_stands() {
    let (script, _) = Script::new([Step::Item(7), Step::Wait(SECOND * 60), Step::Item(99)]);
    let layer = TimeoutLayer::new().idle(SECOND).policy(StopAfter(7));
    let mut reply = reply(layer, script.then_silence()).await;
    assert_eq!(next(&mut reply).await.unwrap().unwrap(), 7);
    assert_eq!(next(&mut reply).await.unwrap().unwrap(), 99);
    let error = tokio::time::timeout(SECOND * 9, next(&mut reply)).await;
    let error = error.expect("an expiry").unwrap().unwrap_err();
    assert_eq!(elapsed(&error), (Phase::Idle, SECOND));
}

#[tokio::test(start_paused = true)]
async fn item_that_is_no_progress_leaves_the_idle_clock_running() {
    let noise = (0..100).flat_map(|_| [Step::Wait(SECOND * 4 / 10), Step::Item(99)]);
    let (script, _) = Script::new(noise);
    let mut reply = reply(TimeoutLayer::new().idle(SECOND).policy(StopAfter(0)), script).await;
    let began = Instant::now();
    let error = loop {
        if let Err(error) = next(&mut reply).await.unwrap() {
            break error;
        }
    };
    assert_eq!(elapsed(&error), (Phase::Idle, SECOND));
    assert_eq!(began.elapsed().as_millis(), 1000);
}

// PITFALLS 9
#[tokio::test(start_paused = true)]
async fn progress_that_came_in_time_is_not_thrown_away_for_a_slow_reader_of_what_came_before_it() {
    let (script, _) = Script::new([
        Step::Wait(SECOND / 2),
        Step::Item(99),
        Step::Item(1),
        Step::Item(99),
        Step::Wait(SECOND / 2),
        Step::Item(2),
    ]);
    let layer = TimeoutLayer::new().idle(SECOND).progress(|item: &u32| *item != 99);
    let mut reply = task::spawn(reply(layer, script.then_silence()).await);
    assert_pending!(reply.poll_next());
    advance(SECOND * 60).await;
    assert_eq!(assert_ready!(reply.poll_next()).unwrap().unwrap(), 99);
    assert_eq!(assert_ready!(reply.poll_next()).unwrap().unwrap(), 1);
    advance(SECOND * 60).await;
    assert_eq!(assert_ready!(reply.poll_next()).unwrap().unwrap(), 99);
    assert_pending!(reply.poll_next());
    advance(SECOND / 2).await;
    assert_eq!(assert_ready!(reply.poll_next()).unwrap().unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn time_of_the_reader_between_items_that_are_no_progress_is_not_the_peers() {
    let (script, _) = Script::new([Step::Wait(SECOND / 2), Step::Item(99)]);
    let layer = TimeoutLayer::new().idle(SECOND).progress(|item: &u32| *item != 99);
    let mut reply = reply(layer, script.then_silence()).await;
    assert_eq!(next(&mut reply).await.unwrap().unwrap(), 99);
    advance(SECOND * 60).await;
    let began = Instant::now();
    let error = next(&mut reply).await.unwrap().unwrap_err();
    assert_eq!(elapsed(&error), (Phase::Idle, SECOND));
    assert_eq!(began.elapsed().as_millis(), 500, "the half second that was left");
}

#[tokio::test(start_paused = true)]
async fn error_that_does_not_end_the_stream_is_no_silence() {
    let steps = (0..10).flat_map(|_| [Step::Wait(SECOND * 9 / 10), Step::Fail]);
    let (script, _) = Script::new(steps);
    let mut reply = reply(TimeoutLayer::new().idle(SECOND), script).await;
    for _ in 0..10 {
        let error = next(&mut reply).await.unwrap().unwrap_err();
        assert_eq!(error.downcast_ref::<io::Error>().unwrap().to_string(), "inner");
    }
    assert!(next(&mut reply).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn closure_says_which_items_are_progress() {
    let noise = (0..100).flat_map(|n| [Step::Wait(SECOND * 4 / 10), Step::Item(if n == 1 { 1 } else { 99 })]);
    let (script, _) = Script::new(noise);
    let layer = TimeoutLayer::new().idle(SECOND).progress(|item: &u32| *item != 99);
    let mut reply = reply(layer, script).await;
    let began = Instant::now();
    let error = loop {
        if let Err(error) = next(&mut reply).await.unwrap() {
            break error;
        }
    };
    assert_eq!(elapsed(&error), (Phase::Idle, SECOND));
    assert_eq!(
        began.elapsed().as_millis(),
        1800,
        "a second after the one item that counts"
    );
}
