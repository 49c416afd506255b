//! The wait for the first item.

use crate::support::{SECOND, Script, SetOnDrop, Step, elapsed, next, reply};
use std::future::{pending, poll_fn};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use tokio::time::{Instant, advance};
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_test::mock;
use tower_transport_layers::timeout::{Limits, Phase, Timeout, TimeoutLayer};

#[tokio::test(start_paused = true)]
async fn call_without_limits_waits_for_as_long_as_it_takes() {
    let (script, _) = Script::new([Step::Wait(SECOND * 86_400), Step::Item(1)]);
    let mut reply = reply(TimeoutLayer::new(), script).await;
    assert_eq!(next(&mut reply).await.unwrap().unwrap(), 1);
    assert!(next(&mut reply).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn first_item_that_does_not_come_fails_the_call_and_names_phase_and_limit() {
    let inner = service_fn(|()| pending::<Result<Script, io::Error>>());
    let mut service = TimeoutLayer::new().first_item(SECOND).total(SECOND * 9).layer(inner);
    let began = Instant::now();
    let error = service.ready().await.unwrap().call(()).await.unwrap_err();
    assert_eq!(elapsed(&error), (Phase::FirstItem, SECOND));
    assert_eq!(began.elapsed().as_secs(), 1);
    assert_eq!(
        error.to_string(),
        "no answer and no other item within 1s (first item timeout)"
    );
}

#[tokio::test(start_paused = true)]
async fn total_limit_counts_for_the_first_item_as_well_when_it_is_tighter() {
    let inner = service_fn(|()| pending::<Result<Script, io::Error>>());
    let mut service = TimeoutLayer::new().first_item(SECOND * 9).total(SECOND).layer(inner);
    let error = service.ready().await.unwrap().call(()).await.unwrap_err();
    assert_eq!(elapsed(&error), (Phase::Total, SECOND));
}

#[tokio::test(start_paused = true)]
async fn expiry_drops_the_inner_future_before_the_caller_hears_of_it() {
    let dropped = Arc::new(AtomicBool::new(false));
    let seen = dropped.clone();
    let inner = service_fn(move |()| {
        let guard = SetOnDrop(seen.clone());
        async move {
            let _guard = guard;
            pending::<Result<Script, io::Error>>().await
        }
    });
    let mut service = Timeout::new(inner, Limits::none().with_first_item(Some(SECOND)));
    let mut future = task::spawn(service.ready().await.unwrap().call(()));
    assert_pending!(future.poll());
    advance(SECOND * 2).await;
    assert!(future.is_woken());
    assert_ready_err!(future.poll());
    assert!(dropped.load(Ordering::SeqCst), "while the future itself is still held");
}

#[tokio::test(start_paused = true)]
async fn inner_future_is_dropped_with_its_answer_although_the_outer_one_is_held() {
    let dropped = Arc::new(AtomicBool::new(false));
    let seen = dropped.clone();
    let inner = service_fn(move |()| {
        let (guard, mut script) = (SetOnDrop(seen.clone()), Some(Script::new([]).0));
        poll_fn(move |_| {
            let _held = &guard;
            Poll::Ready(Ok::<_, io::Error>(script.take().unwrap()))
        })
    });
    let mut service = Timeout::new(inner, Limits::none().with_first_item(Some(SECOND)));
    let mut future = task::spawn(service.ready().await.unwrap().call(()));
    let _reply = assert_ready_ok!(future.poll());
    assert!(dropped.load(Ordering::SeqCst));
}

// PITFALLS 9
#[tokio::test(start_paused = true)]
async fn answer_that_is_there_wins_over_a_timer_that_has_fired() {
    let (mut service, mut handle) = mock::spawn_layer::<(), Script, _>(TimeoutLayer::new().first_item(SECOND));
    handle.allow(1);
    assert_ready_ok!(service.poll_ready());
    let mut future = task::spawn(service.call(()));
    assert_pending!(future.poll());
    let ((), respond) = handle.next_request().await.unwrap();
    respond.send_response(Script::new([Step::Item(1)]).0);
    advance(SECOND * 9).await;
    assert_ready_ok!(future.poll());
}
