//! Drains: admission, the wait, interruption, and every way out of the count.

#[path = "support/script.rs"]
mod script;

use script::{Ask, Script, Step, ask, frame, next, once, once_http};
use std::future::{Future, pending, poll_fn, ready};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake};
use std::time::Duration;
use tokio::time::{Instant, advance};
use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok, task};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_test::mock;
use tower_transport_layers::BoxError;
use tower_transport_layers::drain::{Drain, DrainHandle, DrainLayer, Drained, Draining, Interrupted, Left};

const SECOND: Duration = Duration::from_secs(1);

/// A reply by script, and what drains it.
async fn reply(script: Script) -> (Pin<Box<Drained<Script>>>, DrainHandle) {
    let (layer, handle) = DrainLayer::pair();
    let mut service = layer.layer(once(script));
    let reply = service.ready().await.unwrap().call(ask("a")).await.unwrap();
    (Box::pin(reply), handle)
}

#[tokio::test(start_paused = true)]
async fn drain_of_nothing_is_over_at_once() {
    let (_layer, handle) = DrainLayer::<()>::pair();
    assert!(!handle.is_draining());
    handle.drain(Duration::ZERO).await.unwrap();
    assert!(handle.is_draining());
}

#[tokio::test(start_paused = true)]
async fn drain_stops_admission_before_it_is_polled() {
    let (mut service, handle) = Drain::pair(service_fn(|_: Ask| ready(Ok::<_, io::Error>(Script::new([])))));
    let drain = handle.drain(SECOND);
    let error = service.ready().await.unwrap().call(ask("a")).await.unwrap_err();
    assert_eq!(error.downcast_ref::<Draining>(), Some(&Draining::new(0)));
    // Cancel safety: only the wait is gone.
    drop(drain);
    assert!(handle.is_draining());
    handle.drain(SECOND).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn refused_call_never_reaches_the_service_and_says_how_many_run() {
    let (mut service, mut mock) = mock::spawn_layer::<Ask, Script, _>(DrainLayer::pair().0);
    mock.allow(2);
    let handle = service.get_ref_handle();
    assert_ready_ok!(service.poll_ready());
    let running = service.call(ask("a"));
    assert_eq!(handle.in_flight(), 1);
    handle.stop();
    assert_ready_ok!(service.poll_ready());
    let error = task::spawn(service.call(ask("b"))).await.unwrap_err();
    assert_eq!(error.downcast_ref::<Draining>().unwrap().in_flight(), 1);
    assert_eq!(
        error.to_string(),
        "shutting down, with 1 calls in flight: nothing was done, call another instance"
    );
    assert_eq!(handle.in_flight(), 1, "a refused call does not count");
    assert_eq!(mock.next_request().await.unwrap().0.method, "a");
    drop(running);
    drop(service);
    assert!(
        mock.next_request().await.is_none(),
        "nothing but the first call got through"
    );
}

trait HandleOf {
    fn get_ref_handle(&self) -> DrainHandle;
}

impl<S> HandleOf for mock::Spawn<Drain<S>> {
    fn get_ref_handle(&self) -> DrainHandle {
        self.get_ref().handle()
    }
}

// PITFALLS 3
#[tokio::test(start_paused = true)]
async fn drain_waits_for_the_last_item_of_each_reply() {
    let (mut reply, handle) = reply(Script::new([Step::Item(1), Step::Item(2)])).await;
    let mut drain = task::spawn(handle.drain(SECOND));
    assert_pending!(drain.poll());
    next(&mut reply).await.unwrap().unwrap();
    assert!(!drain.is_woken());
    assert_eq!(handle.in_flight(), 1);
    next(&mut reply).await.unwrap().unwrap();
    assert!(
        drain.is_woken(),
        "the last item is out, though nobody polled for the end"
    );
    assert_ready_ok!(drain.poll());
    assert_eq!(handle.in_flight(), 0, "while the drained reply is still held");
}

#[tokio::test(start_paused = true)]
async fn reply_that_does_not_tell_of_its_end_counts_until_it_ends() {
    let mut script = Script::new([Step::Item(1)]);
    script.tells = false;
    let (mut reply, handle) = reply(script).await;
    next(&mut reply).await.unwrap().unwrap();
    assert_eq!(handle.in_flight(), 1);
    assert!(next(&mut reply).await.is_none());
    assert_eq!(handle.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn reply_that_is_empty_from_the_start_does_not_count() {
    let (_reply, handle) = reply(Script::new([])).await;
    assert_eq!(handle.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn drain_tells_how_many_were_left_and_they_go_on() {
    let (mut reply, handle) = reply(Script::new([Step::Item(1), Step::Item(2)])).await;
    let began = Instant::now();
    let left = handle.drain(SECOND * 5).await.unwrap_err();
    assert_eq!(began.elapsed().as_secs(), 5);
    assert_eq!(left, Left::new(1, SECOND * 5));
    assert_eq!(
        left.to_string(),
        "1 calls were still in flight after 5s: wait longer, or interrupt them"
    );
    next(&mut reply).await.unwrap().unwrap();
    next(&mut reply).await.unwrap().unwrap();
    handle.drain(SECOND).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn two_drains_at_once_are_both_told() {
    let (reply, handle) = reply(Script::new([Step::Wait])).await;
    let mut first = task::spawn(handle.drain(SECOND));
    let mut second = task::spawn(handle.drain(SECOND * 9));
    assert_pending!(first.poll());
    assert_pending!(second.poll());
    drop(reply);
    assert!(first.is_woken() && second.is_woken());
    assert_ready_ok!(first.poll());
    assert_ready_ok!(second.poll());
}

#[tokio::test(start_paused = true)]
async fn dropped_future_counts_no_more() {
    let (mut service, handle) = Drain::pair(service_fn(|_: Ask| pending::<io::Result<Script>>()));
    let mut future = task::spawn(service.ready().await.unwrap().call(ask("a")));
    assert_pending!(future.poll());
    assert_eq!(handle.in_flight(), 1);
    drop(future);
    assert_eq!(handle.in_flight(), 0);
    let unpolled = service.ready().await.unwrap().call(ask("a"));
    assert_eq!(handle.in_flight(), 1, "from the call on, not from the first poll");
    drop(unpolled);
    assert_eq!(handle.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn dropped_reply_counts_no_more() {
    let (mut reply, handle) = reply(Script::new([Step::Item(1), Step::Item(1)])).await;
    next(&mut reply).await.unwrap().unwrap();
    drop(reply);
    assert_eq!(handle.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn error_of_the_call_or_of_the_reply_counts_no_more() {
    let (mut service, handle) = Drain::pair(service_fn(|_: Ask| ready(Err::<Script, _>(io::Error::other("no")))));
    let error = service.ready().await.unwrap().call(ask("a")).await.unwrap_err();
    assert_eq!(error.downcast_ref::<io::Error>().unwrap().to_string(), "no");
    assert_eq!(handle.in_flight(), 0);

    let (mut reply, handle) = reply(Script::new([Step::Fail, Step::Wait])).await;
    let error = next(&mut reply).await.unwrap().unwrap_err();
    assert!(error.is::<io::Error>());
    assert_eq!(handle.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn panic_of_call_future_or_reply_counts_no_more() {
    let (mut service, handle) = Drain::<_>::pair(service_fn(|_: Ask| -> std::future::Ready<io::Result<Script>> {
        panic!("call")
    }));
    catch_unwind(AssertUnwindSafe(|| drop(service.call(ask("a"))))).unwrap_err();
    assert_eq!(handle.in_flight(), 0);

    let (mut service, handle) = Drain::pair(service_fn(|_: Ask| async { panic!("future") as io::Result<Script> }));
    let mut future = task::spawn(service.ready().await.unwrap().call(ask("a")));
    catch_unwind(AssertUnwindSafe(|| future.poll().is_ready())).unwrap_err();
    drop(future);
    assert_eq!(handle.in_flight(), 0);

    let (reply, handle) = reply(Script::new([Step::Panic])).await;
    let mut reply = task::spawn(reply);
    catch_unwind(AssertUnwindSafe(|| reply.poll_next().is_ready())).unwrap_err();
    drop(reply);
    assert_eq!(handle.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn dropped_service_leaves_its_calls_in_the_count() {
    let (reply, handle) = reply(Script::new([Step::Wait])).await;
    // The service is gone by now.
    assert_eq!(handle.in_flight(), 1);
    drop(reply);
    assert_eq!(handle.in_flight(), 0);
}

// PITFALLS 2
#[tokio::test(start_paused = true)]
async fn clones_and_repeated_layers_are_drained_together() {
    let (layer, handle) = DrainLayer::pair();
    let mut first = layer.layer(service_fn(|_: Ask| pending::<io::Result<Script>>()));
    let mut second = layer
        .clone()
        .layer(service_fn(|_: Ask| pending::<io::Result<Script>>()));
    let mut third = second.clone();
    let calls = [first.call(ask("a")), second.call(ask("a")), third.call(ask("a"))].map(drop_later);
    assert_eq!(handle.in_flight(), 3);
    layer.handle().stop();
    for service in [&mut second, &mut third] {
        assert!(
            service
                .ready()
                .await
                .unwrap()
                .call(ask("b"))
                .await
                .unwrap_err()
                .is::<Draining>()
        );
    }
    drop(calls);
    assert_eq!(handle.in_flight(), 0);
}

fn drop_later<T: 'static>(held: T) -> Box<dyn std::any::Any> {
    Box::new(held)
}

// PITFALLS 6
#[tokio::test(start_paused = true)]
async fn caller_that_waits_for_readiness_is_woken_to_be_refused() {
    let (mut service, mut mock) = mock::spawn_layer::<Ask, Script, _>(DrainLayer::pair().0);
    mock.allow(0);
    let handle = service.get_ref_handle();
    assert_pending!(service.poll_ready());
    assert!(!service.is_woken());
    handle.stop();
    assert!(service.is_woken());
    assert_ready_ok!(service.poll_ready());
    let error = task::spawn(service.call(ask("a"))).await.unwrap_err();
    assert!(error.is::<Draining>(), "the mock would panic if it were called unready");
}

#[tokio::test(start_paused = true)]
async fn inner_service_is_not_readied_while_it_drains() {
    let (mut service, mut mock) = mock::spawn_layer::<Ask, Script, _>(DrainLayer::pair().0);
    mock.send_error("dead");
    service.get_ref_handle().stop();
    assert_ready_ok!(service.poll_ready(), "else it would reserve what nobody uses");
}

#[tokio::test(start_paused = true)]
async fn poll_ready_is_that_of_the_inner_service_and_errors_are_final() {
    let (mut service, mut mock) = mock::spawn_layer::<Ask, Script, _>(DrainLayer::pair().0);
    mock.allow(0);
    assert_pending!(service.poll_ready());
    mock.allow(1);
    assert!(service.is_woken());
    assert_ready_ok!(service.poll_ready());
    assert_ready_ok!(service.poll_ready());
    mock.send_error("dead");
    assert_eq!(assert_ready_err!(service.poll_ready()).to_string(), "dead");
}

#[tokio::test(start_paused = true)]
async fn interruption_wakes_a_waiting_future_and_fails_it() {
    let dropped = script::Drops::default();
    let guards = dropped.clone();
    let (mut service, handle) = Drain::pair(service_fn(move |_: Ask| {
        let guard = guards.guard();
        async move {
            let _guard = guard;
            pending::<io::Result<Script>>().await
        }
    }));
    let mut future = task::spawn(service.ready().await.unwrap().call(ask("a")));
    assert_pending!(future.poll());
    handle.interrupt();
    assert!(future.is_woken());
    let error = assert_ready_err!(future.poll());
    assert_eq!(error.downcast_ref::<Interrupted>(), Some(&Interrupted::new(0)));
    assert_eq!(dropped.count(), 1, "while the future itself is still held");
    assert_eq!(handle.in_flight(), 0);
    assert!(handle.is_draining());
}

#[tokio::test(start_paused = true)]
async fn interruption_wakes_a_waiting_reply_and_fails_it_after_a_drain_woke_it_already() {
    let script = Script::new([Step::Item(1), Step::Wait]);
    let dropped = script.drops();
    let (reply, handle) = reply(script).await;
    let mut reply = task::spawn(reply);
    assert_ready!(reply.poll_next()).unwrap().unwrap();
    assert_pending!(reply.poll_next());
    handle.stop();
    assert_pending!(reply.poll_next(), "a drain interrupts nothing");
    handle.interrupt();
    assert!(reply.is_woken());
    let error = assert_ready!(reply.poll_next()).unwrap().unwrap_err();
    assert_eq!(error.downcast_ref::<Interrupted>().unwrap().items(), 1);
    assert_eq!(
        error.to_string(),
        "interrupted by a shutdown after 1 items: it may have had its effect"
    );
    assert_eq!(dropped.count(), 1);
    assert_eq!(handle.in_flight(), 0);
    assert_eq!(futures_core::Stream::size_hint(&**reply), (0, Some(0)));
    assert!(assert_ready!(reply.poll_next()).is_none());
}

#[tokio::test(start_paused = true)]
async fn interruption_reaches_a_reply_that_moved_to_another_task() {
    struct Flag(std::sync::atomic::AtomicBool);
    impl Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.0.store(true, std::sync::atomic::Ordering::SeqCst);
        }
    }
    let (mut reply, handle) = reply(Script::new([Step::Wait])).await;
    let flags = [(); 2].map(|()| Arc::new(Flag(false.into())));
    for flag in &flags {
        let waker = flag.clone().into();
        let mut cx = Context::from_waker(&waker);
        assert!(futures_core::Stream::poll_next(reply.as_mut(), &mut cx).is_pending());
    }
    handle.interrupt();
    assert!(flags[1].0.load(std::sync::atomic::Ordering::SeqCst));
    assert!(
        !flags[0].0.load(std::sync::atomic::Ordering::SeqCst),
        "it left its place"
    );
    drop(reply);
    assert_eq!(flags.map(|flag| Arc::strong_count(&flag)), [1, 1], "no waker is kept");
}

#[tokio::test(start_paused = true)]
async fn waker_that_panics_keeps_no_other_call_from_being_interrupted() {
    struct Broken;
    impl Wake for Broken {
        fn wake(self: Arc<Self>) {
            panic!("a waker");
        }
    }
    let (mut service, handle) = Drain::pair(service_fn(|_: Ask| pending::<io::Result<Script>>()));
    // Enough that there are some beside and behind a broken one, however they are spread.
    let mut calls = Vec::new();
    let mut broken = Vec::new();
    for _ in 0..64 {
        let mut call = Box::pin(service.ready().await.unwrap().call(ask("a")));
        let waker = Arc::new(Broken).into();
        assert!(call.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        broken.push(call);
        let mut call = task::spawn(service.ready().await.unwrap().call(ask("a")));
        assert_pending!(call.poll());
        calls.push(call);
    }
    catch_unwind(AssertUnwindSafe(|| handle.interrupt())).expect_err("the panic goes on");
    assert!(calls.iter().all(|call| call.is_woken()));
}

/// Is never ready, and has everything interrupted just before it says so.
struct InterruptsWhenReadied(DrainHandle);

impl Service<Ask> for InterruptsWhenReadied {
    type Response = Script;
    type Error = io::Error;
    type Future = std::future::Ready<io::Result<Script>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.interrupt();
        Poll::Pending
    }

    fn call(&mut self, _: Ask) -> Self::Future {
        panic!("called although it was never ready")
    }
}

#[tokio::test(start_paused = true)]
async fn interruption_between_the_poll_and_the_wait_is_not_lost() {
    let (layer, handle) = DrainLayer::pair();
    let interrupter = handle.clone();
    let mut service = layer.layer(service_fn(move |_: Ask| {
        let interrupter = interrupter.clone();
        poll_fn(move |_| {
            interrupter.interrupt();
            Poll::<io::Result<Script>>::Pending
        })
    }));
    let mut future = task::spawn(service.ready().await.unwrap().call(ask("a")));
    assert!(assert_ready_err!(future.poll()).is::<Interrupted>());

    let (layer, handle) = DrainLayer::pair();
    let mut service = task::spawn(layer.layer(InterruptsWhenReadied(handle)));
    let ready = service.enter(|cx, mut service| service.poll_ready(cx).is_ready());
    assert!(ready, "to refuse");
    let error = service.call(ask("a")).await.unwrap_err();
    assert!(error.is::<Draining>());
}

#[tokio::test(start_paused = true)]
async fn interruption_ends_a_reply_that_always_has_one_more_item() {
    let (mut reply, handle) = reply(Script::new((0..100).map(Step::Item))).await;
    next(&mut reply).await.unwrap().unwrap();
    handle.interrupt();
    assert!(next(&mut reply).await.unwrap().unwrap_err().is::<Interrupted>());
    assert!(next(&mut reply).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn last_item_that_is_there_is_given_in_spite_of_an_interruption() {
    let (mut reply, handle) = reply(Script::new([Step::Item(1)])).await;
    handle.interrupt();
    next(&mut reply).await.unwrap().unwrap();
    assert!(next(&mut reply).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn interruption_without_a_drain_stops_admission_too() {
    let (mut service, handle) = Drain::pair(service_fn(|_: Ask| ready(Ok::<_, io::Error>(Script::new([])))));
    handle.interrupt();
    assert!(handle.is_draining());
    assert!(
        service
            .ready()
            .await
            .unwrap()
            .call(ask("a"))
            .await
            .unwrap_err()
            .is::<Draining>()
    );
}

#[tokio::test(start_paused = true)]
async fn service_that_waits_gives_its_place_back_when_it_is_dropped_or_ready() {
    let (layer, handle) = DrainLayer::pair();
    let (mut waits, mut mock) = mock::spawn_layer::<Ask, Script, _>(layer.clone());
    mock.allow(0);
    assert_pending!(waits.poll_ready());
    drop(waits);
    let (mut gets_ready, mut other) = mock::spawn_layer::<Ask, Script, _>(layer);
    other.allow(0);
    assert_pending!(gets_ready.poll_ready());
    other.allow(1);
    assert_ready_ok!(gets_ready.poll_ready());
    handle.stop();
    assert!(!gets_ready.is_woken(), "it waits for nothing");
}

#[tokio::test(start_paused = true)]
async fn size_hint_is_that_of_the_inner_reply() {
    let (mut reply, _handle) = reply(Script::new([Step::Item(1), Step::Item(2)])).await;
    for left in [2, 1, 0] {
        assert_eq!(futures_core::Stream::size_hint(&*reply), (0, Some(left)));
        let _item = next(&mut reply).await;
    }
}

#[tokio::test(start_paused = true)]
async fn body_is_drained_and_interrupted_as_a_stream_is() {
    let (layer, handle) = DrainLayer::pair();
    let script = Script::new([Step::Item(1), Step::Wait]);
    let mut service = ServiceBuilder::new().layer(layer).service(once_http::<()>(script));
    let response = service
        .ready()
        .await
        .unwrap()
        .call(http::Request::new(()))
        .await
        .unwrap();
    let mut body = Box::pin(response.into_body());
    frame(&mut body).await.unwrap().unwrap();
    let left = handle.drain(SECOND).await.unwrap_err();
    assert_eq!(left.calls(), 1);
    handle.interrupt();
    let error: BoxError = frame(&mut body).await.unwrap().unwrap_err();
    assert!(error.is::<Interrupted>());
    assert!(http_body::Body::is_end_stream(&*body));
    handle.drain(SECOND).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_call_slips_in_after_a_drain_and_none_is_forgotten() {
    for _ in 0..50 {
        let (service, handle) = Drain::<_>::pair(service_fn(|_: Ask| async {
            tokio::task::yield_now().await;
            Ok::<_, io::Error>(Script::new([Step::Item(1)]))
        }));
        let callers: Vec<_> = (0..4)
            .map(|_| {
                let mut service = service.clone();
                tokio::spawn(async move {
                    for _ in 0..1_000_000 {
                        match service.ready().await.unwrap().call(ask("a")).await {
                            Ok(reply) => drop(next(&mut Box::pin(reply)).await),
                            Err(error) => return assert!(error.is::<Draining>()),
                        }
                    }
                    panic!("was never refused");
                })
            })
            .collect();
        tokio::task::yield_now().await;
        handle.drain(SECOND * 60).await.unwrap();
        assert_eq!(handle.in_flight(), 0);
        for caller in callers {
            caller.await.unwrap();
        }
        assert_eq!(handle.in_flight(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn deadline_counts_from_the_first_poll() {
    let (_reply, handle) = reply(Script::new([Step::Wait])).await;
    let drain = handle.drain(SECOND);
    advance(SECOND * 5).await;
    let mut drain = task::spawn(drain);
    assert_pending!(drain.poll());
    advance(SECOND * 2).await;
    assert_ready_err!(drain.poll());
}

#[test]
fn auto_traits_follow_those_of_what_is_inside() {
    fn all<T: Send + Sync + Clone + 'static>() {}
    fn send<T: Send + Sync + 'static>() {}
    all::<DrainLayer>();
    all::<DrainHandle>();
    all::<Drain<()>>();
    all::<Draining>();
    send::<Drained<()>>();
}
