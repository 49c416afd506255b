//! Timeouts over HTTP services, in paused time.

use bytes::Bytes;
use futures_core::Stream;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Empty, Full};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Future, pending, ready as at_once};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, advance, sleep};
use tokio_test::{assert_pending, assert_ready, task};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
use tower_transport_layers::reply::Bodies;
use tower_transport_layers::timeout::{Elapsed, Phase, Timed, TimeoutLayer};
use tower_transport_layers::{BoxError, cause_ref};

const SECOND: Duration = Duration::from_secs(1);

fn elapsed(error: &BoxError) -> (Phase, Duration) {
    let elapsed = cause_ref::<Elapsed>(error.as_ref()).expect("an Elapsed");
    (elapsed.phase(), elapsed.limit())
}

/// A body by script: each frame comes after its wait. At its end it ends, or is silent for ever.
struct Script {
    frames: VecDeque<(Duration, Frame<Bytes>)>,
    endless: bool,
    wait: Option<Pin<Box<Sleep>>>,
    dropped: Arc<AtomicBool>,
}

impl Script {
    fn new(frames: impl IntoIterator<Item = (Duration, &'static str)>) -> Script {
        let frames = frames
            .into_iter()
            .map(|(wait, data)| (wait, Frame::data(Bytes::from(data))));
        Script {
            frames: frames.collect(),
            endless: false,
            wait: None,
            dropped: Arc::default(),
        }
    }

    fn then_silence(mut self) -> Script {
        self.endless = true;
        self
    }
}

impl Body for Script {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.wait.is_none() {
            match self.frames.front() {
                Some((Duration::ZERO, _)) => {}
                Some((wait, _)) => self.wait = Some(Box::pin(sleep(*wait))),
                None if self.endless => return Poll::Pending,
                None => return Poll::Ready(None),
            }
        }
        if let Some(wait) = &mut self.wait {
            ready!(wait.as_mut().poll(cx));
            self.wait = None;
        }
        Poll::Ready(self.frames.pop_front().map(|(_, frame)| Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_empty() && !self.endless
    }

    fn size_hint(&self) -> SizeHint {
        let data = self.frames.iter().filter_map(|(_, frame)| frame.data_ref());
        SizeHint::with_exact(data.map(|data| data.len() as u64).sum())
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.dropped.store(true, Ordering::SeqCst);
    }
}

/// The body of a response whose head is there at once.
async fn body(layer: TimeoutLayer<(), Bodies>, script: Script) -> Timed<Script, (), Request<()>> {
    let mut script = Some(script);
    let mut service = ServiceBuilder::new()
        .layer(layer)
        .service(service_fn(move |_: Request<()>| {
            at_once(Ok::<_, Infallible>(Response::new(script.take().expect("one call"))))
        }));
    let response = service.ready().await.unwrap().call(Request::new(())).await.unwrap();
    response.into_body()
}

#[tokio::test(start_paused = true)]
async fn one_layer_type_stands_over_streams_and_over_http_and_nobody_names_which() {
    struct Nothing;
    impl Stream for Nothing {
        type Item = Result<u32, Infallible>;
        fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            Poll::Ready(None)
        }
    }
    let mut streams = ServiceBuilder::new()
        .layer(TimeoutLayer::new().total(SECOND))
        .service(service_fn(|_: u32| async { Ok::<_, Infallible>(Nothing) }));
    let mut reply = pin!(streams.ready().await.unwrap().call(1).await.unwrap());
    assert!(std::future::poll_fn(|cx| reply.as_mut().poll_next(cx)).await.is_none());

    let mut http = ServiceBuilder::new()
        .layer(TimeoutLayer::new().total(SECOND))
        .service(service_fn(|request: Request<Full<Bytes>>| async {
            Ok::<_, Infallible>(Response::new(request.into_body()))
        }));
    let request = Request::new(Full::from("echo"));
    let response = http.ready().await.unwrap().call(request).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "echo");
}

#[tokio::test(start_paused = true)]
async fn head_that_does_not_come_fails_the_call_as_a_first_item_does() {
    let mut service = ServiceBuilder::new()
        .layer(TimeoutLayer::new().first_item(SECOND).total(SECOND * 9))
        .service(service_fn(|_: Request<()>| {
            pending::<Result<Response<Empty<Bytes>>, Infallible>>()
        }));
    let began = Instant::now();
    let error = service.ready().await.unwrap().call(Request::new(())).await.unwrap_err();
    assert_eq!(elapsed(&error), (Phase::FirstItem, SECOND));
    assert_eq!(began.elapsed().as_millis(), 1000);
}

#[tokio::test(start_paused = true)]
async fn head_and_its_fields_pass_unchanged() {
    let mut service = ServiceBuilder::new()
        .layer(TimeoutLayer::new().first_item(SECOND))
        .service(service_fn(|_: Request<()>| async {
            let response = Response::builder().status(StatusCode::ACCEPTED).header("x-kept", "yes");
            response.body(Empty::<Bytes>::new())
        }));
    let response = service.ready().await.unwrap().call(Request::new(())).await.unwrap();
    assert_eq!(response.status(), StatusCode::ACCEPTED);
    assert_eq!(response.headers()["x-kept"], "yes");
}

// PITFALLS 10
#[tokio::test(start_paused = true)]
async fn head_in_time_does_not_bound_the_body() {
    let script = Script::new((0..10).map(|_| (SECOND * 9, "x")));
    let body = body(TimeoutLayer::new().first_item(SECOND), script).await;
    assert_eq!(body.collect().await.unwrap().to_bytes().len(), 10);
}

#[tokio::test(start_paused = true)]
async fn silence_within_a_body_fails_it_and_drops_what_is_inside() {
    let script = Script::new([(SECOND / 2, "one")]).then_silence();
    let dropped = script.dropped.clone();
    let mut body = pin!(body(TimeoutLayer::new().first_item(SECOND).idle(SECOND), script).await);
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "one");
    assert!(!body.is_end_stream());
    let began = Instant::now();
    let error = body.frame().await.unwrap().unwrap_err();
    assert_eq!(elapsed(&error), (Phase::Idle, SECOND));
    assert_eq!(began.elapsed().as_millis(), 1000);
    // PITFALLS 11
    assert!(dropped.load(Ordering::SeqCst), "which cancels");
    assert!(body.is_end_stream());
    assert!(body.frame().await.is_none());
}

// PITFALLS 46
#[tokio::test(start_paused = true)]
async fn body_fed_one_byte_at_a_time_is_never_idle_but_ends_at_its_total_limit() {
    let drip = || Script::new((0..100).map(|_| (SECOND / 2, "x")));
    let idle = TimeoutLayer::new().idle(SECOND);
    let all = body(idle.clone(), drip()).await.collect().await.unwrap();
    assert_eq!(all.to_bytes().len(), 100, "after 50 s");

    let began = Instant::now();
    let error = body(idle.total(SECOND * 10), drip()).await.collect().await.unwrap_err();
    assert_eq!(elapsed(&error), (Phase::Total, SECOND * 10));
    assert_eq!(began.elapsed().as_millis(), 10_000);
}

#[tokio::test(start_paused = true)]
async fn time_to_the_head_counts_for_the_total_limit() {
    let mut service = ServiceBuilder::new()
        .layer(TimeoutLayer::new().total(SECOND * 3))
        .service(service_fn(|_: Request<()>| async {
            sleep(SECOND * 2).await;
            Ok::<_, Infallible>(Response::new(Script::new([(SECOND * 2, "x")])))
        }));
    let began = Instant::now();
    let response = service.ready().await.unwrap().call(Request::new(())).await.unwrap();
    let error = response.into_body().collect().await.unwrap_err();
    assert_eq!(elapsed(&error), (Phase::Total, SECOND * 3));
    assert_eq!(began.elapsed().as_millis(), 3000);
}

#[tokio::test(start_paused = true)]
async fn last_frame_that_is_there_is_given_however_late_it_is_read() {
    let script = Script::new([(Duration::ZERO, "one"), (Duration::ZERO, "two")]);
    let mut body = pin!(body(TimeoutLayer::new().total(SECOND), script).await);
    assert!(body.frame().await.unwrap().is_ok());
    advance(SECOND * 2).await;
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "two");
}

#[tokio::test(start_paused = true)]
async fn body_that_always_has_one_more_frame_ends_at_its_total_limit() {
    let script = Script::new((0..100).map(|_| (Duration::ZERO, "x")));
    let mut body = pin!(body(TimeoutLayer::new().total(SECOND), script).await);
    assert!(body.frame().await.unwrap().is_ok());
    advance(SECOND * 2).await;
    assert_eq!(
        elapsed(&body.frame().await.unwrap().unwrap_err()),
        (Phase::Total, SECOND)
    );
}

#[tokio::test(start_paused = true)]
async fn trailers_sizes_and_the_end_are_those_of_the_inner_body() {
    let mut script = Script::new([(Duration::ZERO, "four")]);
    let trailers = HeaderMap::from_iter([(http::header::ETAG, "\"v\"".parse().unwrap())]);
    script
        .frames
        .push_back((Duration::ZERO, Frame::trailers(trailers.clone())));
    let mut body = pin!(body(TimeoutLayer::new().idle(SECOND), script).await);
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(4), false));
    assert!(body.frame().await.unwrap().unwrap().is_data());
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(0), false));
    assert_eq!(body.frame().await.unwrap().unwrap().into_trailers().unwrap(), trailers);
    assert!(body.is_end_stream());
}

#[tokio::test(start_paused = true)]
async fn dropping_a_body_that_waits_drops_the_inner_one() {
    let script = Script::new([]).then_silence();
    let dropped = script.dropped.clone();
    let mut body = Box::pin(body(TimeoutLayer::new().idle(SECOND), script).await);
    let mut frame = task::spawn(async move { body.frame().await.is_some() });
    assert_pending!(frame.poll());
    drop(frame);
    assert!(dropped.load(Ordering::SeqCst));
}

// PITFALLS 9
#[tokio::test(start_paused = true)]
async fn frame_that_is_there_wins_over_an_idle_timer_that_has_fired() {
    let script = Script::new([(SECOND * 2, "x")]);
    let mut body = pin!(body(TimeoutLayer::new().idle(SECOND), script).await);
    let mut frame = task::spawn(async { body.frame().await.unwrap().is_ok() });
    assert_pending!(frame.poll());
    advance(SECOND * 3).await;
    assert!(assert_ready!(frame.poll()));
}

#[tokio::test(start_paused = true)]
async fn axum_router_answers_an_expiry_by_the_layer_that_handles_errors() {
    use axum::error_handling::HandleErrorLayer;
    use axum::{Router, routing::get};

    let app = Router::new()
        .route("/slow", get(|| async { sleep(SECOND * 60).await }))
        .route("/fast", get(|| async { "here" }))
        .layer(
            ServiceBuilder::new()
                .layer(HandleErrorLayer::new(|error: BoxError| async move {
                    assert_eq!(elapsed(&error), (Phase::FirstItem, SECOND));
                    StatusCode::GATEWAY_TIMEOUT
                }))
                .layer(TimeoutLayer::new().first_item(SECOND).idle(SECOND)),
        );
    let call = |path: &str| {
        let request = Request::get(path).body(axum::body::Body::empty()).unwrap();
        app.clone().oneshot(request)
    };
    assert_eq!(call("/slow").await.unwrap().status(), StatusCode::GATEWAY_TIMEOUT);
    let body = call("/fast").await.unwrap().into_body();
    assert_eq!(body.collect().await.unwrap().to_bytes(), "here");
}
