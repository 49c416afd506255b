//! What a span holds, and what is within it.

use crate::script::{Ask, Piece, Script, Step, ask, frame, next, once, once_http};
use crate::support::{fields, logged};
use futures_core::Stream;
use http_body_util::Full;
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{advance, sleep};
use tokio_test::{assert_pending, task};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_transport_layers::trace::TraceLayer;
use tracing::Level;

#[test]
fn exchange_is_one_span_with_its_names_sizes_and_times() {
    let log = logged(Level::DEBUG, async {
        let inner = service_fn(|_: Ask| async {
            sleep(Duration::from_secs(1)).await;
            Ok::<_, io::Error>(Script::new([Step::Item(10), Step::Item(20)]))
        });
        let mut service = TraceLayer::new().layer(inner);
        let mut reply = Box::pin(service.ready().await.unwrap().call(ask("tools/call")).await.unwrap());
        next(&mut reply).await.unwrap().unwrap();
        advance(Duration::from_millis(500)).await;
        next(&mut reply).await.unwrap().unwrap();
        // The last item is out: what a reader does after that is no part of the call.
        advance(Duration::from_secs(60)).await;
        assert!(next(&mut reply).await.is_none());
    });
    let expected = fields([
        ("method", "tools/call"),
        ("id", "7"),
        ("request_bytes", "100"),
        ("items", "2"),
        ("reply_bytes", "30"),
        ("outcome", "ok"),
        ("duration_seconds", "1.5"),
    ]);
    assert_eq!(log.seen.lock().unwrap().spans, [(Level::INFO, expected)]);
    assert_eq!(log.events(), [(Level::DEBUG, fields([("message", "exchange ended")]))]);
    assert!(log.seen.lock().unwrap().outside.is_empty());
}

#[test]
fn request_without_an_id_has_none() {
    let log = logged(Level::INFO, async {
        let mut service = TraceLayer::new().layer(once(Script::new([])));
        let notification = Ask { id: None, ..ask("a") };
        service.ready().await.unwrap().call(notification).await.unwrap();
    });
    assert!(!log.fields(0).contains_key("id"));
    assert_eq!(log.fields(0)["outcome"], "ok");
}

#[test]
fn body_is_traced_as_a_stream_is() {
    let log = logged(Level::INFO, async {
        let script = Script::new([Step::Item(10), Step::Item(5)]);
        let mut service = ServiceBuilder::new()
            .layer(TraceLayer::new())
            .service(once_http::<Full<&[u8]>>(script));
        let request = http::Request::post("/mcp?token=hunter2")
            .body(Full::new(&b"12345678"[..]))
            .unwrap();
        let response = service.ready().await.unwrap().call(request).await.unwrap();
        let mut body = Box::pin(response.into_body());
        while frame(&mut body).await.is_some() {}
    });
    let expected = fields([
        ("method", "POST /mcp"),
        ("request_bytes", "8"),
        ("items", "2"),
        ("reply_bytes", "15"),
        ("outcome", "ok"),
        ("duration_seconds", "0.0"),
    ]);
    assert_eq!(log.fields(0), expected);
}

// The error of a `Router`'s service is `Infallible`, and has to stay it.
#[test]
fn axum_router_takes_the_layer_as_it_is() {
    let log = logged(Level::INFO, async {
        let router = axum::Router::<()>::new()
            .route("/ping", axum::routing::get(|| async { "pong" }))
            .layer(TraceLayer::new());
        let request = http::Request::get("/ping").body(axum::body::Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        let body = axum::body::to_bytes(response.into_body(), 1024).await.unwrap();
        assert_eq!(body, "pong");
    });
    let fields = log.fields(0);
    assert_eq!((&*fields["method"], &*fields["reply_bytes"]), ("GET /ping", "4"));
    assert_eq!(fields["outcome"], "ok");
}

#[test]
fn request_of_unknown_length_goes_by_its_content_length_and_else_has_no_size() {
    let log = logged(Level::INFO, async {
        for length in [Some("42"), Some("much"), None] {
            let mut request = http::Request::new(Script::new([Step::Wait]));
            if let Some(length) = length {
                request.headers_mut().insert("content-length", length.parse().unwrap());
            }
            let mut service = TraceLayer::new().layer(once_http(Script::new([])));
            service.ready().await.unwrap().call(request).await.unwrap();
        }
    });
    assert_eq!(log.fields(0)["request_bytes"], "42");
    assert!(!log.fields(1).contains_key("request_bytes"));
    assert!(!log.fields(2).contains_key("request_bytes"));
}

#[test]
fn what_is_inside_speaks_within_the_span_when_it_is_called_polled_and_dropped() {
    struct Speaks(&'static str);
    impl Drop for Speaks {
        fn drop(&mut self) {
            tracing::info!("{} dropped", self.0);
        }
    }
    struct Reply {
        _speaks: Speaks,
    }
    impl Stream for Reply {
        type Item = io::Result<Piece>;
        fn poll_next(self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            tracing::info!("reply polled");
            Poll::Pending
        }
    }
    let log = logged(Level::INFO, async {
        let inner = service_fn(|_: Ask| {
            tracing::info!("called");
            let speaks = Speaks("future");
            // Unlike an `async` block, it keeps what it holds after its answer.
            poll_fn(move |_| {
                let _kept = &speaks;
                tracing::info!("future polled");
                Poll::Ready(Ok::<_, io::Error>(Reply {
                    _speaks: Speaks("reply"),
                }))
            })
        });
        let mut service = TraceLayer::new().layer(inner);
        drop(service.ready().await.unwrap().call(ask("a")));
        let mut reply = task::spawn(service.ready().await.unwrap().call(ask("a")).await.unwrap());
        assert_pending!(reply.poll_next());
        tracing::info!("elsewhere");
        drop(reply);
    });
    let said: Vec<_> = log
        .events()
        .into_iter()
        .map(|(_, fields)| fields["message"].clone())
        .collect();
    let polled = [
        "called",
        "future polled",
        "future dropped",
        "reply polled",
        "elsewhere",
        "reply dropped",
    ];
    assert_eq!(said, [&["called", "future dropped"][..], &polled].concat());
    assert_eq!(log.seen.lock().unwrap().outside, ["elsewhere"]);
}
