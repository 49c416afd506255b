//! Mounted in axum, where each request readies and calls a fresh clone.

use super::support::some;
use axum::Router;
use axum::body::Body;
use axum::error_handling::HandleErrorLayer;
use axum::routing::{get, post};
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use std::convert::Infallible;
use tokio_test::{assert_pending, assert_ready, assert_ready_ok, task};
use tower::{BoxError, ServiceBuilder, ServiceExt};
use tower_transport_layers::in_flight::bytes::{Announced, BytesOverloaded, InFlightBytesLayer, NeverFits};
use tower_transport_layers::in_flight::{InFlightLayer, Overloaded};
use tower_transport_layers::is_caused_by;
use tower_transport_layers::reply::Bodies;

fn mounted(layer: InFlightLayer<(), Bodies>) -> Router {
    let answer_errors = HandleErrorLayer::new(|error: BoxError| async move {
        assert!(is_caused_by::<Overloaded>(&*error));
        (StatusCode::SERVICE_UNAVAILABLE, error.to_string())
    });
    let stack = ServiceBuilder::new().layer(answer_errors).layer(layer);
    Router::new().route("/", get(|| async { "body" })).layer(stack)
}

async fn request(router: &Router) -> Response<Body> {
    let request = Request::get("/").body(Body::empty()).unwrap();
    router.clone().oneshot(request).await.unwrap()
}

// PITFALLS 2, and 3: the head is out, and the body holds the permit.
#[tokio::test]
async fn limit_holds_over_fresh_clones_and_over_routers_until_the_body_is_out() {
    let layer = InFlightLayer::new(some(1));
    let (one, other) = (mounted(layer.clone()), mounted(layer));
    let first = request(&one).await;
    assert_eq!(first.status(), StatusCode::OK);
    let refused = request(&one).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    let text = refused.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(text, "refused: 1 of at most 1 calls are in flight; try again later");
    assert_eq!(request(&other).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(first.into_body().collect().await.unwrap().to_bytes(), "body");
    assert_eq!(request(&other).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn request_over_the_limit_waits_for_the_body_before_it() {
    let router = mounted(InFlightLayer::new(some(1)).wait(some(1)));
    let first = request(&router).await;
    let mut second = task::spawn(request(&router));
    assert_pending!(second.poll());
    let mut given_up = task::spawn(request(&router));
    assert_eq!(assert_ready!(given_up.poll()).status(), StatusCode::SERVICE_UNAVAILABLE);
    drop(first);
    assert!(second.is_woken());
    assert_ready_ok!(second.poll().map(Ok::<_, ()>));
}

/// A router under a limit of bytes, which answers with the size of the body that it has read. A macro, as `M` and `W` make other types.
macro_rules! weighed {
    ($layer:expr) => {{
        let size = |body: axum::body::Bytes| async move { body.len().to_string() };
        let answer_errors =
            HandleErrorLayer::new(|error: BoxError| async move { (status_of(&error), error.to_string()) });
        Router::new()
            .route("/", post(size).get(size))
            .layer(ServiceBuilder::new().layer(answer_errors).layer($layer))
    }};
}

fn status_of(error: &BoxError) -> StatusCode {
    match is_caused_by::<NeverFits>(&**error) {
        true => StatusCode::PAYLOAD_TOO_LARGE,
        false => {
            assert!(is_caused_by::<BytesOverloaded>(&**error));
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

fn body_of(len: usize) -> Request<Body> {
    Request::post("/").body(Body::from(vec![b'x'; len])).unwrap()
}

/// A body in pieces, of which nobody knows the length.
fn chunked(pieces: usize) -> Request<Body> {
    let pieces = std::iter::repeat_n(Ok::<_, Infallible>("xxxx"), pieces);
    Request::post("/")
        .body(Body::from_stream(futures_util::stream::iter(pieces)))
        .unwrap()
}

async fn send(router: &Router, request: Request<Body>) -> Response<Body> {
    router.clone().oneshot(request).await.unwrap()
}

async fn text(response: Response<Body>) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.into()).unwrap()
}

#[tokio::test]
async fn bytes_of_a_body_are_held_until_its_answer_is_out_and_given_back_then() {
    let layer = InFlightBytesLayer::new(some(10)).announced(5);
    let handle = layer.handle();
    let (one, other) = (weighed!(layer.clone()), weighed!(layer));
    let first = send(&one, body_of(7)).await;
    assert_eq!(handle.in_flight(), 7);
    let refused = send(&other, body_of(4)).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        text(refused).await,
        "refused 4 bytes: 7 of at most 10 bytes are in flight; try again later"
    );
    assert_eq!(send(&one, body_of(3)).await.status(), StatusCode::OK);
    assert_eq!(text(first).await, "7");
    assert_eq!(handle.in_flight(), 0);
    assert_eq!(text(send(&other, body_of(10)).await).await, "10");
}

#[tokio::test]
async fn body_of_unknown_length_counts_as_much_as_is_said_and_by_its_content_length_if_it_has_one() {
    let layer = InFlightBytesLayer::new(some(10)).announced(5);
    let handle = layer.handle();
    let router = weighed!(layer);
    let response = send(&router, chunked(2)).await;
    assert_eq!(handle.in_flight(), 5);
    assert_eq!(text(response).await, "8");

    let mut request = chunked(2);
    request.headers_mut().insert(CONTENT_LENGTH, 8.into());
    let response = send(&router, request).await;
    assert_eq!(handle.in_flight(), 8);
    drop(response);

    for never_fits in ["11", "18446744073709551616"] {
        let mut request = chunked(2);
        request
            .headers_mut()
            .insert(CONTENT_LENGTH, never_fits.parse().unwrap());
        assert_eq!(send(&router, request).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
    assert_eq!(handle.in_flight(), 0);
}

// hyper 1.10 leaves a length in the head of a chunked request if it comes first.
#[tokio::test]
async fn content_length_of_a_chunked_body_counts_for_nothing() {
    let layer = InFlightBytesLayer::new(some(10)).announced(8);
    let handle = layer.handle();
    let router = weighed!(layer);
    let mut request = chunked(2);
    request.headers_mut().insert(CONTENT_LENGTH, 1.into());
    request
        .headers_mut()
        .insert(TRANSFER_ENCODING, "chunked".parse().unwrap());
    let response = send(&router, request).await;
    assert_eq!(handle.in_flight(), 8);
    assert_eq!(text(response).await, "8");
}

#[tokio::test]
async fn request_without_a_body_passes_when_the_limit_is_reached() {
    let router = weighed!(InFlightBytesLayer::new(some(10)).weigh(Announced::new(10)));
    let full = send(&router, chunked(1)).await;
    assert_eq!(
        send(&router, body_of(1)).await.status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(request(&router).await.status(), StatusCode::OK);
    drop(full);
}

#[tokio::test]
async fn body_that_does_not_fit_waits_for_the_answer_before_it() {
    let layer = InFlightBytesLayer::new(some(10)).announced(5).wait(some(1));
    let handle = layer.handle();
    let router = weighed!(layer);
    let first = send(&router, body_of(10)).await;
    let mut second = task::spawn(send(&router, body_of(1)));
    assert_pending!(second.poll());
    assert_eq!((handle.in_flight(), handle.waiting()), (10, 1));
    let mut given_up = task::spawn(send(&router, body_of(1)));
    assert_eq!(assert_ready!(given_up.poll()).status(), StatusCode::SERVICE_UNAVAILABLE);
    drop(first);
    assert!(second.is_woken());
    assert_eq!(text(assert_ready!(second.poll())).await, "1");
}

#[tokio::test]
async fn closure_weighs_as_it_likes() {
    let layer = InFlightBytesLayer::new(some(10)).weigh(|request: &Request<Body>| match request.uri().path() {
        "/" => 7,
        _ => 0,
    });
    let handle = layer.handle();
    let router = weighed!(layer);
    let _response = send(&router, chunked(1)).await;
    assert_eq!(handle.in_flight(), 7);
}
