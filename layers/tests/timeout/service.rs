//! The service itself.

use crate::support::{SECOND, Script, Step, elapsed, next, reply};
use futures_core::Stream;
use std::future::{Future, pending, ready as at_once};
use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::time::Duration;
use tokio::time::{advance, sleep};
use tokio_test::{assert_pending, assert_ready, assert_ready_ok, task};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_test::mock;
use tower_transport_layers::timeout::{Elapsed, Phase, Timed, Timeout, TimeoutLayer, ready};

#[tokio::test(start_paused = true)]
async fn errors_of_the_inner_service_and_stream_pass_unchanged() {
    let mut failing = TimeoutLayer::new()
        .first_item(SECOND)
        .layer(service_fn(|()| at_once(Err::<Script, _>(io::Error::other("refused")))));
    let error = failing.ready().await.unwrap().call(()).await.unwrap_err();
    assert_eq!(error.downcast_ref::<io::Error>().unwrap().to_string(), "refused");

    let (script, _) = Script::new([Step::Fail]);
    let mut reply = reply(TimeoutLayer::new().idle(SECOND), script).await;
    let error = next(&mut reply).await.unwrap().unwrap_err();
    assert_eq!(error.downcast_ref::<io::Error>().unwrap().to_string(), "inner");
    assert!(next(&mut reply).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn size_hint_is_that_of_the_inner_stream() {
    let (script, _) = Script::new([Step::Item(1), Step::Item(2)]);
    let mut reply = reply(TimeoutLayer::new().idle(SECOND), script).await;
    for left in [2, 1, 0] {
        assert_eq!(reply.size_hint(), (left, Some(left)));
        let _item = next(&mut reply).await;
    }
}

#[tokio::test(start_paused = true)]
async fn dropping_the_reply_drops_the_inner_stream() {
    let (script, dropped) = Script::new([]);
    let reply = reply(TimeoutLayer::new().idle(SECOND), script.then_silence()).await;
    let mut reply = task::spawn(reply);
    assert_pending!(reply.poll_next());
    drop(reply);
    assert!(dropped.load(Ordering::SeqCst));
}

#[tokio::test(start_paused = true)]
async fn timer_of_a_call_or_reply_that_is_over_wakes_nobody() {
    let inner = service_fn(|()| async {
        sleep(SECOND / 2).await;
        Ok::<_, io::Error>(Script::new([Step::Wait(SECOND / 2)]).0)
    });
    let mut service = TimeoutLayer::new().first_item(SECOND).total(SECOND * 2).layer(inner);
    let mut call = task::spawn(service.ready().await.unwrap().call(()));
    assert_pending!(call.poll());
    advance(SECOND / 2).await;
    let mut reply = task::spawn(Box::pin(assert_ready_ok!(call.poll())));
    assert_pending!(reply.poll_next());
    advance(SECOND / 2).await;
    assert!(assert_ready!(reply.poll_next()).is_none());
    advance(SECOND * 9).await;
    assert!(!call.is_woken() && !reply.is_woken(), "while both are still held");
}

#[test]
fn call_that_never_waits_needs_no_timer_and_no_runtime() {
    let (script, _) = Script::new([Step::Item(1)]);
    let mut script = Some(script);
    let inner = service_fn(move |()| at_once(Ok::<_, io::Error>(script.take().unwrap())));
    let mut service = TimeoutLayer::new()
        .first_item(SECOND)
        .idle(SECOND)
        .total(SECOND)
        .layer(inner);
    let mut future = task::spawn(service.call(()));
    let mut reply = task::spawn(Box::pin(assert_ready_ok!(future.poll())));
    assert_eq!(assert_ready!(reply.poll_next()).unwrap().unwrap(), 1);
    assert!(assert_ready!(reply.poll_next()).is_none());
}

#[tokio::test(start_paused = true)]
async fn ready_helper_bounds_the_wait_for_readiness() {
    let (mut service, mut handle) = mock::pair::<(), ()>();
    handle.allow(0);
    let error = ready(&mut service, SECOND).await.unwrap_err();
    assert_eq!(elapsed(&error), (Phase::Ready, SECOND));
    handle.allow(1);
    ready(&mut service, Duration::ZERO).await.unwrap();
}

#[test]
fn auto_traits_follow_those_of_what_is_inside() {
    fn all<T: Send + Sync + Clone + 'static>() {}
    fn send<T: Send + Sync + 'static>() {}
    all::<TimeoutLayer>();
    all::<Timeout<()>>();
    all::<Elapsed>();
    // The request is no part of what is kept.
    send::<Timed<(), (), std::rc::Rc<()>>>();
}

/// A task that owns something, which goes with the last of its wakers.
struct Owner(#[allow(dead_code, reason = "to be dropped")] Mutex<Box<dyn Send>>);

impl Wake for Owner {
    fn wake(self: Arc<Self>) {}
}

#[tokio::test(start_paused = true)]
async fn a_timer_may_be_dropped_within_the_drop_of_another() {
    let inner = service_fn(|()| pending::<Result<Script, io::Error>>());
    let mut service = TimeoutLayer::new().first_item(SECOND).layer(inner);
    let mut armed = |waker: &Waker| {
        let mut future = Box::pin(service.call(()));
        assert!(future.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
        future
    };
    let inside = armed(Waker::noop());
    let owner = Waker::from(Arc::new(Owner(Mutex::new(Box::new(inside)))));
    let outside = armed(&owner);
    drop(owner);
    drop(outside);
}
