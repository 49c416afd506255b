//! Deadlines that a request carries, in paused time.

use bytes::Bytes;
use futures_core::Stream;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, advance, sleep, timeout};
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_transport_layers::reply::Bodies;
use tower_transport_layers::timeout::{Deadline, Elapsed, FromExtensions, Limits, Phase, Policy, TimeoutLayer};
use tower_transport_layers::{BoxError, cause_ref};

const SECOND: Duration = Duration::from_secs(1);

fn elapsed(error: &BoxError) -> (Phase, Duration) {
    let elapsed = cause_ref::<Elapsed>(error.as_ref()).expect("an Elapsed");
    (elapsed.phase(), elapsed.limit())
}

fn request(deadline: Option<Deadline>) -> Request<()> {
    let mut request = Request::new(());
    if let Some(deadline) = deadline {
        request.extensions_mut().insert(deadline);
    }
    request
}

/// What a call that is never answered fails with, and after how long.
async fn unanswered(layer: TimeoutLayer<FromExtensions, Bodies>, request: Request<()>) -> (Phase, Duration, Duration) {
    let inner = service_fn(|_: Request<()>| pending::<Result<Response<Empty<Bytes>>, Infallible>>());
    let began = Instant::now();
    let call = timeout(SECOND * 1000, layer.layer(inner).oneshot(request));
    let error = call.await.expect("an expiry").unwrap_err();
    let (phase, limit) = elapsed(&error);
    (phase, limit, Duration::from_secs(began.elapsed().as_secs()))
}

#[tokio::test(start_paused = true)]
async fn deadline_tightens_the_limit_on_the_first_item_and_says_that_it_was_it() {
    let layer = TimeoutLayer::new().first_item(SECOND * 10).policy(FromExtensions);
    let (phase, limit, after) = unanswered(layer, request(Some(Deadline::within(SECOND * 3)))).await;
    assert_eq!((phase, limit, after), (Phase::Deadline, SECOND * 3, SECOND * 3));
    assert_eq!(
        Elapsed::new(phase, limit).to_string(),
        "not finished within 3s, by the deadline of the request itself"
    );
}

#[tokio::test(start_paused = true)]
async fn deadline_never_loosens_a_limit() {
    let far = request(Some(Deadline::within(SECOND * 60)));
    let layer = TimeoutLayer::new().first_item(SECOND).policy(FromExtensions);
    assert_eq!(unanswered(layer, far.clone()).await, (Phase::FirstItem, SECOND, SECOND));
    let layer = TimeoutLayer::new().total(SECOND * 2).policy(FromExtensions);
    assert_eq!(unanswered(layer, far).await, (Phase::Total, SECOND * 2, SECOND * 2));
}

#[tokio::test(start_paused = true)]
async fn deadline_counts_where_the_layer_sets_no_limit() {
    let layer = TimeoutLayer::new().policy(FromExtensions);
    let deadline = Deadline::at(Instant::now() + SECOND * 5);
    assert_eq!(
        unanswered(layer, request(Some(deadline))).await,
        (Phase::Deadline, SECOND * 5, SECOND * 5)
    );
}

#[tokio::test(start_paused = true)]
async fn request_without_a_deadline_has_the_limits_of_the_layer() {
    let layer = TimeoutLayer::new().total(SECOND).policy(FromExtensions);
    assert_eq!(unanswered(layer, request(None)).await, (Phase::Total, SECOND, SECOND));
}

#[tokio::test(start_paused = true)]
async fn deadline_is_told_as_the_time_that_was_left_at_the_call() {
    let request = request(Some(Deadline::within(SECOND * 10)));
    advance(SECOND * 7).await;
    let layer = TimeoutLayer::new().policy(FromExtensions);
    assert_eq!(
        unanswered(layer, request).await,
        (Phase::Deadline, SECOND * 3, SECOND * 3)
    );
}

#[tokio::test(start_paused = true)]
async fn deadline_that_has_passed_lets_through_only_what_is_there_at_once() {
    let late = request(Some(Deadline::within(SECOND)));
    advance(SECOND * 2).await;
    let layer = TimeoutLayer::new().policy(FromExtensions);
    assert_eq!(
        unanswered(layer, late.clone()).await,
        (Phase::Deadline, Duration::ZERO, Duration::ZERO)
    );
    let layer = TimeoutLayer::new().policy(FromExtensions);
    let inner = service_fn(|_: Request<()>| async { Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("here"))) });
    let response = layer.layer(inner).oneshot(late).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "here");
}

#[tokio::test(start_paused = true)]
async fn deadline_ends_a_body_that_makes_progress() {
    let inner = service_fn(|_: Request<()>| async {
        let drip = futures_util::stream::unfold((), |()| async {
            sleep(SECOND).await;
            Some((Ok::<_, Infallible>(http_body::Frame::data(Bytes::from("x"))), ()))
        });
        Ok::<_, Infallible>(Response::new(StreamBody::new(drip)))
    });
    let layer = TimeoutLayer::new()
        .idle(SECOND * 2)
        .total(SECOND * 60)
        .policy(FromExtensions);
    let began = Instant::now();
    let request = request(Some(Deadline::within(SECOND * 9 / 2)));
    let response = layer.layer(inner).oneshot(request).await.unwrap();
    let error = response.into_body().collect().await.unwrap_err();
    assert_eq!(elapsed(&error), (Phase::Deadline, SECOND * 9 / 2));
    assert_eq!(began.elapsed().as_millis(), 4500);
}

#[tokio::test(start_paused = true)]
async fn idle_limit_stays_what_it_is_beside_a_deadline() {
    let inner = service_fn(|_: Request<()>| async {
        let silent = futures_util::stream::pending::<Result<http_body::Frame<Bytes>, Infallible>>();
        Ok::<_, Infallible>(Response::new(StreamBody::new(silent)))
    });
    let layer = TimeoutLayer::new().idle(SECOND).policy(FromExtensions);
    let request = request(Some(Deadline::within(SECOND * 5)));
    let response = layer.layer(inner).oneshot(request).await.unwrap();
    let error = response.into_body().collect().await.unwrap_err();
    assert_eq!(elapsed(&error), (Phase::Idle, SECOND));
}

/// Any request that has extensions, over a stream.
#[derive(Clone, Copy)]
struct Own;

impl Policy<http::Extensions, u32> for Own {
    fn limits(&self, _: &http::Extensions, _: Limits) -> Limits {
        Limits::none()
    }

    fn deadline(&self, request: &http::Extensions) -> Option<Deadline> {
        Deadline::of(request)
    }
}

/// A stream that never says anything.
#[derive(Debug)]
struct Silent;

impl Stream for Silent {
    type Item = Result<u32, Infallible>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Pending
    }
}

#[tokio::test(start_paused = true)]
async fn policy_that_lifts_every_limit_leaves_the_deadline_of_the_request() {
    let layer = TimeoutLayer::new().idle(SECOND).policy(Own);
    let mut service = layer.layer(service_fn(|_: http::Extensions| async { Ok::<_, Infallible>(Silent) }));
    let mut extensions = http::Extensions::new();
    extensions.insert(Deadline::within(SECOND * 4));
    let mut reply = pin!(service.ready().await.unwrap().call(extensions).await.unwrap());
    let error = poll_fn(|cx| reply.as_mut().poll_next(cx)).await.unwrap().unwrap_err();
    assert_eq!(elapsed(&error), (Phase::Deadline, SECOND * 4));
}

#[tokio::test(start_paused = true)]
async fn deadline_and_total_limit_count_from_the_call_also_for_a_future_that_nobody_polls() {
    let layer = TimeoutLayer::new().total(SECOND * 5).policy(FromExtensions);
    let mut service = layer.layer(service_fn(|_: Request<()>| {
        pending::<Result<Response<Empty<Bytes>>, Infallible>>()
    }));
    let mut unpolled = task::spawn(service.call(request(None)));
    let mut own = task::spawn(service.call(request(Some(Deadline::within(SECOND * 2)))));
    advance(SECOND * 3).await;
    assert_eq!(elapsed(&assert_ready_err!(own.poll())), (Phase::Deadline, SECOND * 2));
    assert_pending!(unpolled.poll());
    advance(SECOND * 3).await;
    assert!(unpolled.is_woken());
    assert_eq!(elapsed(&assert_ready_err!(unpolled.poll())), (Phase::Total, SECOND * 5));
}

#[tokio::test(start_paused = true)]
async fn deadline_beyond_the_end_of_time_is_far_off() {
    let deadline = Deadline::within(Duration::MAX);
    assert!(deadline.instant() > Instant::now() + SECOND * 86_400 * 365);
    let layer = TimeoutLayer::new().policy(FromExtensions);
    let inner = service_fn(|_: Request<()>| async {
        sleep(SECOND * 86_400).await;
        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
    });
    let mut call = task::spawn(layer.layer(inner).oneshot(request(Some(deadline))));
    assert_pending!(call.poll());
    advance(SECOND * 86_401).await;
    assert_ready_ok!(call.poll());
}
