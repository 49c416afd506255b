//! Panics that are caught, wherever they come from.

#[path = "support/script.rs"]
mod script;

use futures_core::Stream;
use script::{Ask, Script, Step, ask, frame, next, once, once_http};
use std::any::Any;
use std::future::{Future, Ready, pending, poll_fn, ready};
use std::io;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio_test::{assert_pending, assert_ready, assert_ready_err, task};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_transport_layers::BoxError;
use tower_transport_layers::catch_panic::{CatchPanic, CatchPanicLayer, Caught, Panicked, Place};

fn panicked(error: &BoxError) -> (Place, Option<&str>) {
    let panicked = error.downcast_ref::<Panicked>().expect("a Panicked");
    (panicked.place(), panicked.message())
}

async fn reply(script: Script) -> Pin<Box<Caught<Script>>> {
    let mut service = CatchPanicLayer::new().layer(once(script));
    Box::pin(service.ready().await.unwrap().call(ask("a")).await.unwrap())
}

/// Panics when it is readied, and counts how often it is tried and dropped.
#[derive(Clone)]
struct PanicsWhenReadied {
    polls: script::Drops,
    alive: std::sync::Arc<()>,
}

impl Service<Ask> for PanicsWhenReadied {
    type Response = Script;
    type Error = io::Error;
    type Future = Ready<io::Result<Script>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        drop(self.polls.guard());
        panic!("no pool")
    }

    fn call(&mut self, _: Ask) -> Self::Future {
        panic!("called although it was never ready")
    }
}

#[tokio::test]
async fn panic_in_poll_ready_is_final_and_drops_the_service() {
    let polls = script::Drops::default();
    let inner = PanicsWhenReadied {
        polls: polls.clone(),
        alive: std::sync::Arc::default(),
    };
    let alive = std::sync::Arc::downgrade(&inner.alive);
    let mut service: CatchPanic<_> = CatchPanic::new(inner);
    for _ in 0..3 {
        let error = service.ready().await.err().unwrap();
        assert_eq!(panicked(&error), (Place::Ready, Some("no pool")));
        assert_eq!(
            error.to_string(),
            "the service panicked while it got ready, and is dead: build it anew: no pool"
        );
    }
    assert_eq!(polls.count(), 1, "what panicked is not polled again");
    assert_eq!(alive.strong_count(), 0, "and gone at once");
    assert!(service.get_ref().is_none() && service.get_mut().is_none());

    let mut clone = service.clone();
    assert!(clone.ready().await.is_err(), "a clone of the dead is dead");
    let error = service.call(ask("a")).await.unwrap_err();
    assert_eq!(panicked(&error).0, Place::Ready);
    assert!(service.into_inner().is_none());
}

#[tokio::test]
async fn clone_that_was_made_before_is_not_touched() {
    let inner = PanicsWhenReadied {
        polls: script::Drops::default(),
        alive: std::sync::Arc::default(),
    };
    let mut service: CatchPanic<_> = CatchPanic::new(inner);
    let clone = service.clone();
    assert!(service.ready().await.is_err());
    assert!(clone.get_ref().is_some());
}

#[tokio::test]
async fn panic_in_call_costs_that_call_alone() {
    let mut count = 0;
    let inner = service_fn(move |_: Ask| {
        count += 1;
        assert!(count != 1, "first call");
        ready(Ok::<_, io::Error>(Script::new([])))
    });
    let mut service = CatchPanicLayer::new().layer(inner);
    let error = service.ready().await.unwrap().call(ask("a")).await.unwrap_err();
    assert_eq!(panicked(&error), (Place::Call, Some("first call")));
    assert_eq!(error.to_string(), "the service panicked when it was called: first call");
    service.ready().await.unwrap().call(ask("a")).await.unwrap();
}

/// Has to be readied for each call, and panics in the first.
#[derive(Default)]
struct Strict {
    ready: bool,
    calls: u32,
}

impl Service<Ask> for Strict {
    type Response = Script;
    type Error = io::Error;
    type Future = Ready<io::Result<Script>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Ask) -> Self::Future {
        assert!(std::mem::take(&mut self.ready), "called unready");
        self.calls += 1;
        assert!(self.calls != 1, "first call");
        ready(Ok(Script::new([])))
    }
}

// PITFALLS 1
#[tokio::test]
async fn service_is_readied_anew_after_a_panic_in_call() {
    let mut service = CatchPanicLayer::new().layer(Strict::default());
    let error = service.ready().await.unwrap().call(ask("a")).await.unwrap_err();
    assert_eq!(panicked(&error), (Place::Call, Some("first call")));
    let error = service.call(ask("a")).await.unwrap_err();
    assert_eq!(panicked(&error), (Place::Call, Some("called unready")));
    service.ready().await.unwrap().call(ask("a")).await.unwrap();
    assert_eq!(service.get_ref().unwrap().calls, 2);
}

#[tokio::test]
async fn panic_in_the_future_fails_the_call_and_drops_the_future() {
    let drops = script::Drops::default();
    let guards = drops.clone();
    let inner = service_fn(move |_: Ask| {
        let guard = guards.guard();
        let mut polls = 0;
        // Unlike an `async` block, it keeps what it holds when it panics.
        poll_fn(move |_| {
            let _kept = &guard;
            polls += 1;
            assert!(polls == 1, "{polls} polls");
            Poll::<io::Result<Script>>::Pending
        })
    });
    let mut service = CatchPanicLayer::new().layer(inner);
    let mut future = task::spawn(service.ready().await.unwrap().call(ask("a")));
    assert_pending!(future.poll());
    let error = assert_ready_err!(future.poll());
    assert_eq!(panicked(&error), (Place::Future, Some("2 polls")));
    assert_eq!(drops.count(), 1, "while the future itself is still held");
}

#[tokio::test]
async fn panic_in_the_reply_is_its_last_item_and_drops_what_is_inside() {
    let script = Script::new([Step::Item(1), Step::Panic]);
    let drops = script.drops();
    let mut reply = reply(script).await;
    next(&mut reply).await.unwrap().unwrap();
    let error = next(&mut reply).await.unwrap().unwrap_err();
    assert_eq!(panicked(&error), (Place::Reply, Some("reply panicked")));
    assert_eq!(drops.count(), 1, "while the reply itself is still held");
    assert_eq!(reply.size_hint(), (0, Some(0)));
    assert!(next(&mut reply).await.is_none(), "what panicked is not polled again");
}

#[tokio::test]
async fn body_is_caught_as_a_stream_is() {
    let script = Script::new([Step::Item(1), Step::Panic]);
    let mut service = ServiceBuilder::new()
        .layer(CatchPanicLayer::new())
        .service(once_http::<()>(script));
    let response = service
        .ready()
        .await
        .unwrap()
        .call(http::Request::new(()))
        .await
        .unwrap();
    let mut body = Box::pin(response.into_body());
    frame(&mut body).await.unwrap().unwrap();
    let error = frame(&mut body).await.unwrap().unwrap_err();
    assert_eq!(panicked(&error).0, Place::Reply);
    assert!(http_body::Body::is_end_stream(&*body));
    assert!(frame(&mut body).await.is_none());
}

#[tokio::test]
async fn errors_items_and_hints_pass_unchanged() {
    let mut failing =
        CatchPanicLayer::new().layer(service_fn(|_: Ask| ready(Err::<Script, _>(io::Error::other("no")))));
    let error = failing.ready().await.unwrap().call(ask("a")).await.unwrap_err();
    assert_eq!(error.downcast_ref::<io::Error>().unwrap().to_string(), "no");

    let mut reply = reply(Script::new([Step::Item(5), Step::Fail])).await;
    assert_eq!(reply.size_hint(), (0, Some(2)));
    assert_eq!(next(&mut reply).await.unwrap().unwrap().0, 5);
    assert!(next(&mut reply).await.unwrap().unwrap_err().is::<io::Error>());
    assert_eq!(reply.size_hint(), (0, Some(0)));
    assert!(next(&mut reply).await.is_none());
}

#[tokio::test]
async fn long_message_is_cut_on_a_character() {
    let inner =
        service_fn(|_: Ask| -> Ready<io::Result<Script>> { panic!("{}", "é".repeat(1000).replacen('é', "a", 1)) });
    let mut service = CatchPanicLayer::new().layer(inner);
    let error = service.ready().await.unwrap().call(ask("a")).await.unwrap_err();
    let message = panicked(&error).1.unwrap();
    assert_eq!(message.len(), 255);
    assert!(message.chars().skip(1).all(|char| char == 'é'));
}

/// What a drop that panics panics with: something whose drop does so again.
struct Matryoshka(u32);

impl Drop for Matryoshka {
    fn drop(&mut self) {
        if self.0 > 0 {
            panic_any(Matryoshka(self.0 - 1));
        }
    }
}

#[tokio::test]
async fn payload_that_is_no_text_and_panics_in_its_own_drop_is_caught() {
    let inner = service_fn(|_: Ask| -> Ready<io::Result<Script>> { panic_any(Matryoshka(5)) });
    let mut service = CatchPanicLayer::new().layer(inner);
    let ready = service.ready().await.unwrap();
    let called = catch_unwind(AssertUnwindSafe(|| ready.call(ask("a"))));
    // One that gets out would take the test's own harness down as well.
    let Ok(future) = called.map_err(ManuallyDrop::new) else {
        panic!("the payload got out")
    };
    let error = future.await.unwrap_err();
    assert_eq!(panicked(&error), (Place::Call, None));
    assert_eq!(error.to_string(), "the service panicked when it was called");
}

/// A future that waits, panics, or answers, and panics when it is dropped.
struct PanicsWhenDropped(Option<io::Result<Script>>, bool);

impl Future for PanicsWhenDropped {
    type Output = io::Result<Script>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        assert!(!self.1, "polled");
        self.0.take().map_or(Poll::Pending, Poll::Ready)
    }
}

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic_any("dropped");
    }
}

#[tokio::test]
async fn drop_of_a_future_that_panics_is_caught() {
    let mut service = CatchPanicLayer::new().layer(service_fn(|_: Ask| PanicsWhenDropped(None, false)));
    let mut future = task::spawn(service.ready().await.unwrap().call(ask("a")));
    assert_pending!(future.poll());
    drop(future);
}

#[tokio::test]
async fn answer_stands_although_the_future_panics_when_it_is_dropped() {
    let inner = service_fn(|_: Ask| PanicsWhenDropped(Some(Ok(Script::new([Step::Item(3)]))), false));
    let mut service = CatchPanicLayer::new().layer(inner);
    let mut reply = Box::pin(service.ready().await.unwrap().call(ask("a")).await.unwrap());
    assert_eq!(next(&mut reply).await.unwrap().unwrap().0, 3);
}

#[tokio::test]
async fn future_that_panics_and_panics_again_when_it_is_dropped_is_caught() {
    let mut service = CatchPanicLayer::new().layer(service_fn(|_: Ask| PanicsWhenDropped(None, true)));
    let error = service.ready().await.unwrap().call(ask("a")).await.unwrap_err();
    assert_eq!(panicked(&error), (Place::Future, Some("polled")));
}

#[tokio::test]
async fn reply_that_panics_and_panics_again_when_it_is_dropped_is_caught() {
    let mut script = Script::new([Step::Panic]);
    script.panics_when_dropped = true;
    let mut reply = reply(script).await;
    let error = next(&mut reply).await.unwrap().unwrap_err();
    assert_eq!(panicked(&error), (Place::Reply, Some("reply panicked")));
    assert!(next(&mut reply).await.is_none());
}

#[tokio::test]
async fn drop_of_a_reply_that_panics_is_caught_at_its_end_and_before() {
    for steps in [vec![], vec![Step::Wait]] {
        let mut script = Script::new(steps);
        script.panics_when_dropped = true;
        let drops = script.drops();
        let mut reply = task::spawn(reply(script).await);
        let _polled = reply.poll_next();
        drop(reply);
        assert_eq!(drops.count(), 1);
    }
}

#[tokio::test]
async fn drop_that_panics_while_the_thread_unwinds_does_not_abort() {
    let mut script = Script::new([Step::Wait]);
    script.panics_when_dropped = true;
    let reply = reply(script).await;
    let payload = catch_unwind(AssertUnwindSafe(|| {
        let _held = reply;
        panic!("outer");
    }))
    .unwrap_err();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"outer"));
}

#[test]
fn drop_of_a_service_that_panics_is_caught() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    drop(CatchPanic::<_>::new(Bomb));
    let taken: Option<Bomb> = CatchPanic::<_>::new(Bomb).into_inner();
    catch_unwind(AssertUnwindSafe(|| drop(taken))).unwrap_err();
}

#[tokio::test]
async fn hint_that_panics_says_nothing_of_the_end() {
    struct NoHint;
    impl Stream for NoHint {
        type Item = io::Result<u32>;
        fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            Poll::Ready(None)
        }
        fn size_hint(&self) -> (usize, Option<usize>) {
            panic!("overflow")
        }
    }
    let mut service = CatchPanicLayer::new().layer(service_fn(|()| ready(Ok::<_, io::Error>(NoHint))));
    let reply = service.ready().await.unwrap().call(()).await.unwrap();
    assert_eq!(reply.size_hint(), (0, None));
}

#[tokio::test]
async fn dropping_future_or_reply_drops_what_is_inside() {
    let drops = script::Drops::default();
    let guards = drops.clone();
    let inner = service_fn(move |_: Ask| {
        let guard = guards.guard();
        async move {
            let _guard = guard;
            pending::<io::Result<Script>>().await
        }
    });
    let mut service = CatchPanicLayer::new().layer(inner);
    let mut future = task::spawn(service.ready().await.unwrap().call(ask("a")));
    assert_pending!(future.poll());
    drop(future);
    assert_eq!(drops.count(), 1);

    let script = Script::new([Step::Wait]);
    let drops = script.drops();
    let mut reply = task::spawn(reply(script).await);
    assert_pending!(reply.poll_next());
    drop(reply);
    assert_eq!(drops.count(), 1);
}

#[tokio::test]
async fn stream_that_ends_is_dropped_at_its_end() {
    let script = Script::new([]);
    let drops = script.drops();
    let mut reply = task::spawn(reply(script).await);
    assert!(assert_ready!(reply.poll_next()).is_none());
    assert_eq!(drops.count(), 1);
    assert!(assert_ready!(reply.poll_next()).is_none());
}

#[test]
fn auto_traits_follow_those_of_what_is_inside() {
    fn all<T: Send + Sync + Clone + 'static>() {}
    fn send<T: Send + Sync + 'static>() {}
    all::<CatchPanicLayer>();
    all::<CatchPanic<()>>();
    all::<Panicked>();
    send::<Caught<()>>();
    let _: Box<dyn Any> = Box::new(CatchPanicLayer::<script::Drops>::default());
}
