//! Over an HTTP client: hyper-util's pooled one, against a hyper server that misbehaves.

use crate::support::{SHORT, at_most, cause, no_hang};
use bytes::Bytes;
use futures_core::Stream;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::pending;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::{Sleep, sleep};
use tower::{Service, ServiceBuilder, ServiceExt};
use tower_transport::BoxError;
use tower_transport::layers::in_flight::{InFlightLayer, Overloaded};
use tower_transport::layers::max_message_size::{Direction, MaxMessageSizeLayer, TooLarge};
use tower_transport::layers::timeout::{Elapsed, Phase, TimeoutLayer};
use tower_transport::layers::trace::TraceLayer;

const MAX: usize = 64 << 10;

type AnyBody = http_body_util::combinators::UnsyncBoxBody<Bytes, Infallible>;

async fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new());
            tokio::spawn(http.serve_connection(TokioIo::new(stream), service_fn(answer)));
        }
    });
    address
}

async fn answer(request: Request<Incoming>) -> Result<Response<AnyBody>, Infallible> {
    let body = match request.uri().path() {
        "/never" => pending().await,
        "/drip" => StreamBody::new(Drip::every(Duration::from_millis(20))).boxed_unsync(),
        "/stall" => StreamBody::new(Drip::every(Duration::from_secs(3600))).boxed_unsync(),
        "/huge" => StreamBody::new(Drip::every(Duration::ZERO)).boxed_unsync(),
        "/announced" => Full::new(Bytes::from(vec![b'x'; MAX + 1])).boxed_unsync(),
        _ => Full::new(Bytes::from_static(b"ok")).boxed_unsync(),
    };
    Ok(Response::new(body))
}

/// A body without length and end: a chunk at once, then one each time that has passed.
struct Drip {
    every: Duration,
    wait: Option<Pin<Box<Sleep>>>,
}

impl Drip {
    fn every(every: Duration) -> Drip {
        Drip { every, wait: None }
    }
}

impl Stream for Drip {
    type Item = Result<Frame<Bytes>, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(wait) = &mut self.wait {
            std::task::ready!(wait.as_mut().poll(cx));
        }
        self.wait = (!self.every.is_zero()).then(|| Box::pin(sleep(self.every)));
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 100])))))
    }
}

fn stack() -> impl Service<
    Request<Full<Bytes>>,
    Response = Response<impl http_body::Body<Data = Bytes, Error = BoxError>>,
    Error = BoxError,
    Future: Send,
> + Clone {
    let client: Client<HttpConnector, _> = Client::builder(TokioExecutor::new()).build_http();
    ServiceBuilder::new()
        .layer(TraceLayer::new())
        .layer(TimeoutLayer::new().first_item(SHORT).idle(SHORT).total(SHORT * 2))
        .layer(InFlightLayer::new(at_most(2)))
        .layer(MaxMessageSizeLayer::new(MAX))
        .service(client)
}

fn get(address: SocketAddr, path: &str) -> Request<Full<Bytes>> {
    let uri: Uri = format!("http://{address}{path}").parse().expect("a URI");
    Request::get(uri).body(Full::default()).expect("a request")
}

/// What a call comes to, body and all.
async fn fetch(address: SocketAddr, path: &str) -> Result<Bytes, BoxError> {
    no_hang(async {
        let response = stack().oneshot(get(address, path)).await?;
        Ok(response.into_body().collect().await?.to_bytes())
    })
    .await
}

#[tokio::test]
async fn answer_passes_unchanged() {
    assert_eq!(fetch(serve().await, "/").await.expect("answered"), "ok");
}

#[tokio::test]
async fn slow_server_fails_the_call_at_the_head() {
    let error = fetch(serve().await, "/never").await.expect_err("slow");
    assert_eq!(cause::<Elapsed>(&error).phase(), Phase::FirstItem);
}

#[tokio::test]
async fn body_that_stalls_fails_by_its_idle_limit() {
    let error = fetch(serve().await, "/stall").await.expect_err("stalled");
    assert_eq!(cause::<Elapsed>(&error).phase(), Phase::Idle);
}

// PITFALLS 46
#[tokio::test]
async fn body_without_end_fails_by_its_total_limit_though_it_is_never_idle() {
    let error = fetch(serve().await, "/drip").await.expect_err("endless");
    assert_eq!(cause::<Elapsed>(&error).phase(), Phase::Total);
}

#[tokio::test]
async fn huge_body_is_cut_and_one_that_announces_its_size_is_not_read() {
    let address = serve().await;
    for path in ["/huge", "/announced"] {
        let error = fetch(address, path).await.expect_err("huge");
        let too_large: TooLarge = cause(&error);
        assert_eq!((too_large.direction(), too_large.limit()), (Direction::Response, MAX));
        assert_eq!(too_large.is_cut(), path == "/huge");
    }
}

#[tokio::test]
async fn huge_request_is_not_sent() {
    let request = Request::post(format!("http://{}/", serve().await))
        .body(Full::new(Bytes::from(vec![b'x'; MAX + 1])))
        .expect("a request");
    let error = no_hang(stack().oneshot(request)).await.err().expect("huge");
    let too_large: TooLarge = cause(&error);
    assert_eq!((too_large.direction(), too_large.size()), (Direction::Request, MAX + 1));
}

// PITFALLS 3
#[tokio::test]
async fn calls_over_the_limit_are_refused_while_bodies_stream() {
    let address = serve().await;
    let stack = stack();
    let first = no_hang(stack.clone().oneshot(get(address, "/drip")))
        .await
        .expect("a head");
    let second = no_hang(stack.clone().oneshot(get(address, "/drip")))
        .await
        .expect("a head");
    let refused = no_hang(stack.clone().oneshot(get(address, "/")))
        .await
        .err()
        .expect("over");
    assert_eq!(cause::<Overloaded>(&refused), Overloaded::new(2, 2, None));
    drop(first);
    assert!(no_hang(stack.clone().oneshot(get(address, "/"))).await.is_ok());
    drop(second);
}
