//! Maximum message size over HTTP services.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Empty, Full};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_test::mock;
use tower_transport_layers::max_message_size::{Direction, Limited, MaxMessageSizeLayer, TooLarge};
use tower_transport_layers::{BoxError, cause_ref};

/// A body in chunks, whose size nobody knows before.
#[derive(Debug)]
struct Chunked {
    frames: VecDeque<io::Result<Frame<Bytes>>>,
    /// How many have been read.
    read: Arc<AtomicUsize>,
    dropped: Arc<AtomicBool>,
}

fn chunked(chunks: impl IntoIterator<Item = usize>) -> Chunked {
    let frames = chunks
        .into_iter()
        .map(|len| Ok(Frame::data(Bytes::from(vec![b'x'; len]))));
    Chunked {
        frames: frames.collect(),
        read: Arc::default(),
        dropped: Arc::default(),
    }
}

impl Body for Chunked {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.read.fetch_add(1, Ordering::SeqCst);
        Poll::Ready(self.frames.pop_front())
    }
}

impl Drop for Chunked {
    fn drop(&mut self) {
        self.dropped.store(true, Ordering::SeqCst);
    }
}

fn too_large(error: &BoxError) -> TooLarge {
    *cause_ref(error.as_ref()).expect("a TooLarge")
}

/// Reads the request's body, and answers with its length.
async fn read<B>(request: Request<B>) -> Result<Response<Full<Bytes>>, BoxError>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let body = request.into_body().collect().await.map_err(Into::into)?;
    Ok(Response::new(Full::from(body.to_bytes().len().to_string())))
}

/// What a service that reads all makes of a request under a limit of 10 bytes.
async fn sent<B>(request: Request<B>) -> Result<Bytes, TooLarge>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let service = MaxMessageSizeLayer::new(10).layer(service_fn(read::<Limited<B>>));
    match service.oneshot(request).await {
        Ok(response) => Ok(response.into_body().collect().await.unwrap().to_bytes()),
        Err(error) => Err(too_large(&error)),
    }
}

/// What a caller that reads all makes of a response under a limit of 10 bytes.
async fn received<B: Body<Data = Bytes>>(response: Response<B>) -> Result<usize, (Stage, TooLarge)>
where
    B::Error: Into<BoxError> + std::fmt::Debug,
{
    let mut response = Some(response);
    let inner = service_fn(move |_: Request<Limited<Empty<Bytes>>>| {
        std::future::ready(Ok::<_, Infallible>(response.take().unwrap()))
    });
    let response = MaxMessageSizeLayer::new(10)
        .layer(inner)
        .oneshot(Request::new(Empty::new()))
        .await;
    let response = response.map_err(|error| (Stage::Head, too_large(&error)))?;
    let body = response.into_body().collect().await;
    Ok(body.map_err(|error| (Stage::Body, too_large(&error)))?.to_bytes().len())
}

#[derive(Debug, PartialEq)]
enum Stage {
    Head,
    Body,
}

fn with_length<B>(length: &str, body: B) -> Request<B> {
    Request::builder().header(CONTENT_LENGTH, length).body(body).unwrap()
}

// PITFALLS 27
#[test]
fn content_length_over_the_limit_is_refused_before_the_inner_service_is_called() {
    let (mut service, mut handle) =
        mock::spawn_layer::<Request<Limited<Chunked>>, Response<Full<Bytes>>, _>(MaxMessageSizeLayer::new(10));
    handle.allow(1);
    assert_ready_ok!(service.poll_ready());
    let body = chunked([1]);
    let read = body.read.clone();
    let error = assert_ready_err!(task::spawn(service.call(with_length("4294967296", body))).poll());
    assert_eq!(too_large(&error), TooLarge::new(Direction::Request, 10, 4_294_967_296));
    assert_eq!(read.load(Ordering::SeqCst), 0);
    assert_ready_ok!(service.poll_ready(), "the inner service stays readied");
    assert_pending!(task::spawn(service.call(with_length("10", chunked([10])))).poll());
    assert_pending!(service.poll_ready());
}

#[tokio::test]
async fn content_length_is_believed_at_its_largest() {
    let refused = |length: &'static str| sent(with_length(length, Empty::<Bytes>::new()));
    assert!(refused("10").await.is_ok());
    assert_eq!(refused("11").await.unwrap_err().size(), 11);
    assert_eq!(refused(" 11 ").await.unwrap_err().size(), 11);
    assert_eq!(refused("99999999999999999999999").await.unwrap_err().size(), usize::MAX);
    assert!(refused("nonsense").await.is_ok());
    let mut twice = with_length("1", Empty::<Bytes>::new());
    twice.headers_mut().append(CONTENT_LENGTH, "12".parse().unwrap());
    twice.headers_mut().append(CONTENT_LENGTH, "3".parse().unwrap());
    assert_eq!(sent(twice).await.unwrap_err().size(), 12);
}

#[tokio::test]
async fn body_that_knows_its_size_is_refused_by_it() {
    let full = |len: usize| sent(Request::new(Full::new(Bytes::from(vec![b'x'; len]))));
    assert_eq!(full(0).await.unwrap(), "0");
    assert_eq!(full(10).await.unwrap(), "10");
    assert_eq!(full(11).await.unwrap_err(), TooLarge::new(Direction::Request, 10, 11));
}

// PITFALLS 31
#[tokio::test]
async fn chunked_request_is_cut_while_it_is_read() {
    assert_eq!(sent(Request::new(chunked([5, 0, 5]))).await.unwrap(), "10");
    let body = chunked([5, 6, 7, 8]);
    let (read, dropped) = (body.read.clone(), body.dropped.clone());
    let error = sent(Request::new(body)).await.unwrap_err();
    assert_eq!(error, TooLarge::cut(Direction::Request, 10, 11));
    assert_eq!(read.load(Ordering::SeqCst), 2, "no more was read than told");
    assert!(dropped.load(Ordering::SeqCst));
}

// PITFALLS 31
#[tokio::test]
async fn content_length_that_is_too_low_does_not_get_more_through() {
    let error = sent(with_length("3", chunked([11]))).await.unwrap_err();
    assert_eq!(error, TooLarge::cut(Direction::Request, 10, 11));
}

#[tokio::test]
async fn cut_body_ends_after_its_error_and_holds_nothing() {
    let service = MaxMessageSizeLayer::new(10).layer(service_fn(|request: Request<Limited<Chunked>>| async {
        Ok::<_, Infallible>(Response::new(request.into_body()))
    }));
    let body = chunked([10, 1, 1]);
    let dropped = body.dropped.clone();
    let mut body = pin!(service.oneshot(Request::new(body)).await.unwrap().into_body());
    assert!(body.frame().await.unwrap().is_ok());
    assert!(!body.is_end_stream());
    assert_eq!(body.size_hint().exact(), None, "a limit that is reached is no end");
    assert!(body.frame().await.unwrap().is_err());
    assert!(dropped.load(Ordering::SeqCst), "while the body is still held");
    assert!(body.is_end_stream());
    assert!(body.frame().await.is_none());
}

// PITFALLS 31
#[tokio::test]
async fn limit_of_zero_makes_no_body_look_empty() {
    let inner =
        service_fn(|_: Request<Limited<Empty<Bytes>>>| async { Ok::<_, Infallible>(Response::new(chunked([1]))) });
    let service = MaxMessageSizeLayer::new(0).layer(inner);
    let body = service.oneshot(Request::new(Empty::new())).await.unwrap().into_body();
    assert_eq!(body.size_hint().exact(), None);
    assert_eq!(too_large(&body.collect().await.unwrap_err()).size(), 1);
}

#[tokio::test]
async fn response_that_announces_too_much_fails_the_call_with_what_it_announced() {
    let announced = |length: &'static str| Response::builder().header(CONTENT_LENGTH, length);
    let error = received(announced("11").body(chunked([11])).unwrap())
        .await
        .unwrap_err();
    assert_eq!(error, (Stage::Head, TooLarge::new(Direction::Response, 10, 11)));
    let error = received(Response::new(Full::<Bytes>::from("eleven more")))
        .await
        .unwrap_err();
    assert_eq!(error, (Stage::Head, TooLarge::new(Direction::Response, 10, 11)));
    assert_eq!(received(announced("10").body(chunked([10])).unwrap()).await, Ok(10));
}

#[tokio::test]
async fn refused_response_is_dropped_before_the_caller_hears_of_it() {
    let body = chunked([11]);
    let dropped = body.dropped.clone();
    let mut response = Some(Response::builder().header(CONTENT_LENGTH, 11).body(body).unwrap());
    let mut service = MaxMessageSizeLayer::new(10).layer(service_fn(move |_: Request<Limited<Empty<Bytes>>>| {
        std::future::ready(Ok::<_, Infallible>(response.take().unwrap()))
    }));
    let mut call = task::spawn(service.call(Request::new(Empty::new())));
    assert_ready_err!(call.poll());
    assert!(dropped.load(Ordering::SeqCst), "while the future is still held");
}

#[tokio::test]
async fn answer_to_head_has_a_length_and_no_body() {
    let response = Response::builder().header(CONTENT_LENGTH, 4096);
    assert_eq!(received(response.body(Empty::<Bytes>::new()).unwrap()).await, Ok(0));
}

// PITFALLS 31
#[tokio::test]
async fn chunked_response_is_cut_while_it_is_read() {
    assert_eq!(received(Response::new(chunked([4, 6]))).await, Ok(10));
    let error = received(Response::new(chunked([4, 6, 1]))).await.unwrap_err();
    assert_eq!(error, (Stage::Body, TooLarge::cut(Direction::Response, 10, 11)));
}

#[tokio::test]
async fn stream_of_events_has_no_end_and_so_no_limit() {
    let typed = |value: &str| {
        Response::builder()
            .header(CONTENT_TYPE, value)
            .body(chunked([9; 9]))
            .unwrap()
    };
    assert_eq!(received(typed("text/event-stream")).await, Ok(81));
    assert_eq!(received(typed("Text/Event-Stream ; charset=utf-8")).await, Ok(81));
    assert!(received(typed("application/json")).await.is_err());
    assert!(received(typed("text/event-streams")).await.is_err());
    let mut request = Request::new(chunked([11]));
    request
        .headers_mut()
        .insert(CONTENT_TYPE, "text/event-stream".parse().unwrap());
    assert!(sent(request).await.is_err(), "a request has an end, whatever it says");
}

#[tokio::test]
async fn each_direction_has_its_own_limit_and_items_are_no_frames() {
    let layer = MaxMessageSizeLayer::new(1).request(5).response(20).max_items(1);
    let mut service = layer.layer(service_fn(|request: Request<Limited<Chunked>>| async {
        let body = request.into_body().collect().await?.to_bytes();
        Ok::<_, BoxError>(Response::new(chunked([body.len() * 4, 0, 0, 1])))
    }));
    let error = service
        .ready()
        .await
        .unwrap()
        .call(Request::new(chunked([6])))
        .await
        .unwrap_err();
    assert_eq!(
        (too_large(&error).direction(), too_large(&error).limit()),
        (Direction::Request, 5)
    );
    let response = service
        .ready()
        .await
        .unwrap()
        .call(Request::new(chunked([1, 1, 2])))
        .await
        .unwrap();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes().len(), 17);
    let response = service
        .ready()
        .await
        .unwrap()
        .call(Request::new(chunked([5])))
        .await
        .unwrap();
    let error = response.into_body().collect().await.unwrap_err();
    assert_eq!(
        (too_large(&error).direction(), too_large(&error).limit()),
        (Direction::Response, 20)
    );
}

#[tokio::test]
async fn trailers_and_errors_of_the_inner_body_pass_unchanged() {
    let trailers = HeaderMap::from_iter([(CONTENT_TYPE, "x/y".parse().unwrap())]);
    let mut inner = chunked([10]);
    inner.frames.push_back(Ok(Frame::trailers(trailers.clone())));
    let response = MaxMessageSizeLayer::new(10).layer(service_fn(|request: Request<Limited<Chunked>>| async {
        Ok::<_, Infallible>(Response::new(request.into_body()))
    }));
    let body = response.clone().oneshot(Request::new(inner)).await.unwrap().into_body();
    assert_eq!(body.collect().await.unwrap().trailers(), Some(&trailers));

    let mut inner = chunked([]);
    inner.frames.push_back(Err(io::Error::other("inner")));
    let body = response.oneshot(Request::new(inner)).await.unwrap().into_body();
    let error = body.collect().await.unwrap_err();
    assert_eq!(cause_ref::<io::Error>(error.as_ref()).unwrap().to_string(), "inner");
}

#[tokio::test]
async fn sizes_and_the_end_are_those_of_the_inner_body() {
    let inner = service_fn(|_: Request<Limited<Empty<Bytes>>>| async {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("four")))
    });
    let service = MaxMessageSizeLayer::new(10).layer(inner);
    let mut body = pin!(service.oneshot(Request::new(Empty::new())).await.unwrap().into_body());
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(4), false));
    assert!(body.frame().await.unwrap().is_ok());
    assert!(body.is_end_stream());
    assert_eq!(SizeHint::exact(&body.size_hint()), Some(0));
}

#[tokio::test]
async fn axum_router_stands_below_and_answers_by_the_layer_that_handles_errors() {
    use axum::error_handling::HandleErrorLayer;
    use axum::{Router, routing::post};

    let app = Router::new()
        .route(
            "/",
            post(|body: axum::body::Body| async {
                // What axum makes of an error of the body keeps the cause.
                match body.collect().await {
                    Ok(body) => body.to_bytes().len().to_string(),
                    Err(error) => cause_ref::<TooLarge>(&error).unwrap().to_string(),
                }
            }),
        )
        .layer(
            ServiceBuilder::new()
                .layer(HandleErrorLayer::new(|error: BoxError| async move {
                    assert_eq!(too_large(&error).limit(), 10);
                    StatusCode::PAYLOAD_TOO_LARGE
                }))
                .layer(MaxMessageSizeLayer::new(usize::MAX).request(10)),
        );
    let call = |body: axum::body::Body| app.clone().oneshot(Request::post("/").body(body).unwrap());
    let text = async |response: Response<axum::body::Body>| response.into_body().collect().await.unwrap().to_bytes();

    assert_eq!(text(call("ten bytes.".into()).await.unwrap()).await, "10");
    let refused = call("eleven more".into()).await.unwrap();
    assert_eq!(refused.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let cut = call(axum::body::Body::new(chunked([6, 6]))).await.unwrap();
    let cut = text(cut).await;
    assert!(cut.starts_with(b"request too large: at least 12 bytes"), "{cut:?}");
}
