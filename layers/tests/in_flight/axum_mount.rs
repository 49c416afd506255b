//! Mounted in axum, where each request readies and calls a fresh clone.

use super::support::some;
use axum::Router;
use axum::body::Body;
use axum::error_handling::HandleErrorLayer;
use axum::routing::get;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use tokio_test::{assert_pending, assert_ready_ok, task};
use tower::{BoxError, ServiceBuilder, ServiceExt};
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
    assert_eq!(
        tokio_test::assert_ready!(given_up.poll()).status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
    drop(first);
    assert!(second.is_woken());
    assert_ready_ok!(second.poll().map(Ok::<_, ()>));
}
