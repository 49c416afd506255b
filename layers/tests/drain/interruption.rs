//! What runs is ended.

use crate::script::{Ask, Script, Step, ask, frame, next, once_http};
use crate::support::{SECOND, reply};
use std::future::{Future, pending, poll_fn, ready};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Wake};
use tokio_test::{assert_pending, assert_ready, assert_ready_err, task};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_transport_layers::BoxError;
use tower_transport_layers::drain::{Drain, DrainHandle, DrainLayer, Draining, Interrupted};

#[tokio::test(start_paused = true)]
async fn interruption_wakes_a_waiting_future_and_fails_it() {
    let dropped = crate::script::Drops::default();
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
