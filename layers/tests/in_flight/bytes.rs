//! The limit of bytes in flight.

use super::support::{Handle, Items, Mock, answer, next, panics, some};
use std::convert::Infallible;
use std::future::{Future, ready};
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use tokio_test::task::{self, Spawn};
use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok};
use tower::{BoxError, Layer, Service, service_fn};
use tower_test::mock;
use tower_transport_layers::WireSize;
use tower_transport_layers::in_flight::bytes::{
    BytesOverloaded, InFlightBytes, InFlightBytesLayer, NeverFits, Refuse, Wait, WaitFuture,
};
use tower_transport_layers::in_flight::{Class, Permit};
use tower_transport_layers::reply::{Held, Streams};

/// A request of so many bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sized(usize);

impl WireSize for Sized {
    fn wire_size(&self) -> usize {
        self.0
    }
}

type Mocked<M> = mock::Spawn<InFlightBytes<Mock<Sized>, M>>;
type Reply = Held<Items, Permit<usize>>;

fn mocked<M: Clone>(layer: InFlightBytesLayer<M>) -> (Mocked<M>, Handle<Sized>) {
    mock::spawn_layer(layer)
}

fn waiting(limit: usize, line: usize) -> InFlightBytesLayer<Wait> {
    InFlightBytesLayer::new(some(limit)).wait(some(line))
}

/// Readies a service that must be ready, and calls it. The call is polled once, and is not over.
fn start<S, F>(service: &mut mock::Spawn<S>, size: usize) -> Spawn<F>
where
    S: Service<Sized, Future = F, Error = BoxError>,
    F: Future<Output = Result<Reply, BoxError>>,
{
    assert_ready_ok!(service.poll_ready());
    let mut call = task::spawn(service.call(Sized(size)));
    assert_pending!(call.poll());
    call
}

/// Why a call is refused at once.
fn refusal<E, S, F>(service: &mut mock::Spawn<S>, size: usize) -> E
where
    E: std::error::Error + Copy + 'static,
    S: Service<Sized, Future = F, Error = BoxError>,
    F: Future<Output = Result<Reply, BoxError>>,
{
    assert_ready_ok!(service.poll_ready());
    let error = assert_ready_err!(task::spawn(service.call(Sized(size))).poll());
    *error.downcast_ref().expect("another error")
}

async fn arrives(handle: &mut Handle<Sized>, size: usize) {
    assert_eq!(handle.next_request().await.expect("a request").0, Sized(size));
}

fn nothing_arrives(handle: &mut Handle<Sized>) {
    assert_pending!(task::spawn(handle.next_request()).poll());
}

// === Refusing ===

#[tokio::test]
async fn call_whose_bytes_do_not_fit_is_refused_and_a_smaller_one_is_let_in() {
    let layer = InFlightBytesLayer::new(some(100));
    let limit = layer.handle();
    let (mut service, mut handle) = mocked(layer);
    let _first = start(&mut service, 60);
    arrives(&mut handle, 60).await;
    let error: BytesOverloaded = refusal(&mut service, 41);
    assert_eq!(error, BytesOverloaded::new(100, 60, 41, None));
    nothing_arrives(&mut handle);
    let _second = start(&mut service, 40);
    assert_eq!((limit.limit(), limit.in_flight(), limit.waiting()), (100, 100, 0));
}

#[tokio::test]
async fn request_larger_than_the_limit_is_refused_for_good_and_one_as_large_is_let_in() {
    let (mut service, mut handle) = mocked(InFlightBytesLayer::new(some(100)));
    let error: NeverFits = refusal(&mut service, 101);
    assert_eq!(error, NeverFits::new(100, 101));
    nothing_arrives(&mut handle);
    let _call = start(&mut service, 100);
    let error: NeverFits = refusal(&mut service, usize::MAX);
    assert_eq!((error.limit(), error.size()), (100, usize::MAX));
    let (mut waiting, _handle) = mocked(waiting(100, 1));
    let _: NeverFits = refusal(&mut waiting, 101);
}

#[test]
fn refusals_say_what_happened_with_the_numbers() {
    let error = BytesOverloaded::new(100, 60, 41, None);
    assert_eq!(
        error.to_string(),
        "refused 41 bytes: 60 of at most 100 bytes are in flight; try again later"
    );
    let error = BytesOverloaded::new(100, 60, 41, Some(8));
    assert_eq!(
        error.to_string(),
        "refused 41 bytes: 60 of at most 100 bytes are in flight, and the line of 8 calls that wait is full; try again later"
    );
    assert_eq!(
        (error.limit(), error.in_flight(), error.size(), error.line()),
        (100, 60, 41, Some(8))
    );
    assert_eq!(
        NeverFits::new(100, 101).to_string(),
        "refused: a request of 101 bytes never fits into the 100 that may be in flight; make it smaller, or raise the limit"
    );
}

#[tokio::test]
async fn empty_request_takes_nothing_and_is_let_in_when_the_limit_is_reached_and_others_wait() {
    let layer = waiting(1, 1);
    let limit = layer.handle();
    let (mut service, mut handle) = mocked(layer);
    let _full = start(&mut service, 1);
    arrives(&mut handle, 1).await;
    let _waits = start(&mut service, 1);
    let _empty = start(&mut service, 0);
    arrives(&mut handle, 0).await;
    assert_eq!((limit.in_flight(), limit.waiting()), (1, 1));
}

// PITFALLS 3
#[tokio::test]
async fn bytes_of_the_request_are_held_until_the_last_item_of_the_reply_is_out() {
    let layer = InFlightBytesLayer::new(some(100));
    let limit = layer.handle();
    let (mut service, mut handle) = mocked(layer);
    let mut call = start(&mut service, 70);
    answer(&mut handle, Items::one()).await;
    let mut reply = task::spawn(Box::pin(assert_ready_ok!(call.poll())));
    assert_eq!(limit.in_flight(), 70);
    next(&mut reply).unwrap().unwrap();
    assert_eq!(limit.in_flight(), 0);
}

#[tokio::test]
async fn error_of_the_call_and_a_dropped_future_give_the_bytes_back() {
    let layer = InFlightBytesLayer::new(some(100));
    let limit = layer.handle();
    let (mut service, mut handle) = mocked(layer);
    let mut call = start(&mut service, 70);
    handle.next_request().await.unwrap().1.send_error("inner");
    assert_ready_err!(call.poll());
    assert_eq!(limit.in_flight(), 0);
    drop(start(&mut service, 70));
    assert_eq!(limit.in_flight(), 0);
}

#[test]
fn panic_of_the_inner_call_gives_the_bytes_back() {
    let inner = service_fn(|_: Sized| -> std::future::Ready<Result<Items, Infallible>> { panic!("inner call") });
    let layer = InFlightBytesLayer::new(some(100));
    let mut service = layer.layer(inner);
    assert!(panics(|| drop(service.call(Sized(70)))));
    assert_eq!(layer.handle().in_flight(), 0);
}

#[tokio::test]
async fn exempt_calls_take_nothing_and_those_counted_apart_have_bytes_of_their_own() {
    let class = |request: &Sized| match request.0 {
        1 => Class::Exempt,
        2 => Class::Apart,
        _ => Class::Counted,
    };
    let layer = InFlightBytesLayer::new(some(10))
        .count(class)
        .apart(some(3))
        .wait(some(1));
    let (limit, apart) = (layer.handle(), layer.apart_handle().unwrap());
    let (mut service, _handle): (_, Handle<Sized>) = mock::spawn_layer(layer);
    let _full = start(&mut service, 10);
    let _exempt = start(&mut service, 1);
    let _apart = start(&mut service, 2);
    assert_eq!((limit.in_flight(), apart.in_flight()), (10, 2));
    let error: BytesOverloaded = refusal(&mut service, 2);
    assert_eq!(error, BytesOverloaded::new(3, 2, 2, None));
    assert_eq!(limit.waiting(), 0, "what is counted apart never waits");
}

// === Waiting ===

// PITFALLS 1: the service that goes with the call is the one that was readied, and the mock panics otherwise.
#[tokio::test]
async fn call_that_does_not_fit_waits_and_is_made_by_the_service_that_was_ready() {
    let layer = waiting(100, 1);
    let limit = layer.handle();
    let (mut service, mut handle) = mocked(layer);
    let first = start(&mut service, 60);
    arrives(&mut handle, 60).await;
    let mut second = start(&mut service, 50);
    handle.allow(0);
    assert_pending!(service.poll_ready());
    nothing_arrives(&mut handle);
    assert_eq!((limit.in_flight(), limit.waiting()), (60, 1));
    drop(first);
    assert!(second.is_woken());
    assert_eq!((limit.in_flight(), limit.waiting()), (50, 0));
    assert_pending!(second.poll());
    answer(&mut handle, Items::one()).await;
    let mut reply = task::spawn(Box::pin(assert_ready_ok!(second.poll())));
    next(&mut reply).unwrap().unwrap();
    assert_eq!(limit.in_flight(), 0);
}

#[tokio::test]
async fn small_call_does_not_overtake_a_large_one_that_waits() {
    let (mut service, mut handle) = mocked(waiting(100, 2));
    let first = start(&mut service, 60);
    arrives(&mut handle, 60).await;
    let mut large = start(&mut service, 90);
    let mut small = start(&mut service, 10);
    nothing_arrives(&mut handle);
    drop(first);
    assert!(large.is_woken() && small.is_woken());
    assert_pending!(small.poll());
    assert_pending!(large.poll());
}

#[tokio::test]
async fn calls_stand_in_line_in_the_order_in_which_they_were_made_and_not_polled() {
    let (mut service, _handle) = mocked(waiting(10, 2));
    let full = start(&mut service, 10);
    assert_ready_ok!(service.poll_ready());
    let mut first = task::spawn(service.call(Sized(10)));
    assert_ready_ok!(service.poll_ready());
    let mut second = task::spawn(service.call(Sized(10)));
    assert_pending!(second.poll());
    assert_pending!(first.poll());
    drop(full);
    assert!(first.is_woken() && !second.is_woken());
}

#[tokio::test]
async fn large_call_that_gives_up_lets_the_small_ones_behind_it_in() {
    let (mut service, mut handle) = mocked(waiting(100, 2));
    let _first = start(&mut service, 60);
    arrives(&mut handle, 60).await;
    let large = start(&mut service, 90);
    let mut small = start(&mut service, 40);
    drop(large);
    assert!(small.is_woken());
    assert_pending!(small.poll());
    arrives(&mut handle, 40).await;
}

#[tokio::test]
async fn call_dropped_with_bytes_it_has_not_noticed_hands_them_on() {
    let layer = waiting(100, 2);
    let limit = layer.handle();
    let (mut service, _handle) = mocked(layer);
    let first = start(&mut service, 100);
    let second = start(&mut service, 100);
    let third = start(&mut service, 100);
    drop(first);
    assert!(second.is_woken() && !third.is_woken());
    drop(second);
    assert!(third.is_woken());
    drop(third);
    assert_eq!((limit.in_flight(), limit.waiting()), (0, 0));
}

#[tokio::test]
async fn call_is_refused_with_limit_and_line_when_the_line_is_full() {
    let (mut service, _handle) = mocked(waiting(100, 1));
    let _first = start(&mut service, 60);
    let _second = start(&mut service, 60);
    let error: BytesOverloaded = refusal(&mut service, 1);
    assert_eq!(error, BytesOverloaded::new(100, 60, 1, Some(1)));
}

#[test]
fn panic_of_the_inner_call_after_waiting_gives_the_bytes_back() {
    let inner = service_fn(|request: Sized| {
        assert_ne!(request.0, 13, "inner call");
        ready(Ok::<_, Infallible>(Items::endless()))
    });
    let layer = waiting(20, 1);
    let mut service = layer.layer(inner);
    let reply = assert_ready_ok!(task::spawn(service.call(Sized(20))).poll());
    let mut call = task::spawn(service.call(Sized(13)));
    assert_pending!(call.poll());
    drop(reply);
    assert!(call.is_woken());
    assert!(panics(|| drop(assert_ready!(call.poll()))));
    assert_eq!((layer.handle().in_flight(), layer.handle().waiting()), (0, 0));
}

#[tokio::test]
async fn service_dropped_while_its_call_waits_leaves_the_call_in_line() {
    let (mut service, mut handle) = mocked(waiting(100, 1));
    let first = start(&mut service, 100);
    arrives(&mut handle, 100).await;
    let mut second = start(&mut service, 100);
    drop(service);
    drop(first);
    assert!(second.is_woken());
    assert_pending!(second.poll());
    arrives(&mut handle, 100).await;
}

// PITFALLS 2
#[tokio::test]
async fn limit_is_shared_by_clones_by_all_that_the_layer_makes_and_by_both_ways() {
    let layer = InFlightBytesLayer::new(some(10));
    let (mut service, _handle) = mocked(layer.clone());
    let (mut other, _other_handle) = mocked(layer.clone());
    let (mut waiting, _third_handle) = mocked(layer.wait(some(1)));
    let _call = start(&mut service, 10);
    let _: BytesOverloaded = refusal(&mut service.clone(), 1);
    let _: BytesOverloaded = refusal(&mut other, 1);
    let _waits = start(&mut waiting, 1);
    assert_eq!(service.get_ref().handle().waiting(), 1);
}

/// A task that can't be woken.
struct Broken;

impl Wake for Broken {
    fn wake(self: Arc<Self>) {
        panic!("a waker");
    }
}

#[tokio::test]
async fn waker_that_panics_keeps_no_call_behind_it_waiting() {
    let layer = waiting(100, 3);
    let limit = layer.handle();
    let (mut service, _handle) = mocked(layer);
    let first = start(&mut service, 100);
    assert_ready_ok!(service.poll_ready());
    let mut broken = Box::pin(service.call(Sized(40)));
    let waker = Waker::from(Arc::new(Broken));
    assert_pending!(broken.as_mut().poll(&mut Context::from_waker(&waker)));
    let second = start(&mut service, 30);
    let third = start(&mut service, 30);
    assert!(panics(|| drop(first)), "the panic goes on");
    assert!(second.is_woken() && third.is_woken());
    assert_eq!((limit.in_flight(), limit.waiting()), (100, 0));
    drop((broken, second, third));
    assert_eq!(limit.in_flight(), 0);
}

#[tokio::test]
async fn waker_that_panics_while_its_permit_is_given_back_in_a_panic_ends_nothing_more() {
    let (mut service, _handle) = mocked(waiting(1, 2));
    let first = start(&mut service, 1);
    assert_ready_ok!(service.poll_ready());
    let mut broken = Box::pin(service.call(Sized(1)));
    let waker = Waker::from(Arc::new(Broken));
    assert_pending!(broken.as_mut().poll(&mut Context::from_waker(&waker)));
    let second = start(&mut service, 1);
    assert!(panics(move || {
        let _held = first;
        panic!("elsewhere");
    }));
    drop(broken);
    assert!(second.is_woken());
}

// PITFALLS 7
#[tokio::test]
async fn readiness_is_that_of_the_inner_service() {
    let (mut refusing, mut handle) = mocked(InFlightBytesLayer::new(some(1)));
    handle.allow(0);
    assert_pending!(refusing.poll_ready());
    let (mut waiting, mut handle) = mocked(waiting(1, 1));
    handle.allow(0);
    assert_pending!(waiting.poll_ready());
    handle.send_error("dead");
    assert_eq!(assert_ready_err!(waiting.poll_ready()).to_string(), "dead");
}

// The marker is inferred for bodies as well.
#[test]
fn http_response_holds_the_bytes_of_its_request_until_the_end_of_its_body() {
    let inner = service_fn(|_: Sized| {
        let body = http_body_util::Full::new(::bytes::Bytes::from_static(b"body"));
        ready(Ok::<_, Infallible>(http::Response::new(body)))
    });
    let refusing = InFlightBytesLayer::new(some(10));
    let limit = refusing.handle();
    let mut waiting = tower::ServiceBuilder::new()
        .layer(refusing.clone().wait(some(1)))
        .service(inner);
    let mut refusing = tower::ServiceBuilder::new().layer(refusing).service(inner);
    let first = assert_ready_ok!(task::spawn(waiting.call(Sized(4))).poll());
    let second = assert_ready_ok!(task::spawn(refusing.call(Sized(5))).poll());
    assert_eq!(limit.in_flight(), 9);
    drop(first.into_body());
    assert_eq!(limit.in_flight(), 5);
    drop(second);
    assert_eq!(limit.in_flight(), 0);
}

#[test]
fn auto_traits_are_those_that_stacks_need() {
    fn all<T: Send + Sync + Clone + Unpin + 'static>() {}
    fn send<T: Send + Sync + 'static>() {}
    all::<InFlightBytesLayer>();
    all::<InFlightBytesLayer<Wait>>();
    all::<InFlightBytes<(), Refuse>>();
    all::<BytesOverloaded>();
    all::<NeverFits>();
    send::<WaitFuture<Mock<Sized>, Sized, Streams>>();
}
