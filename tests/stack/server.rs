//! Over a mounted HTTP server, in axum: what a stack inside of it and a stack around it do to real connections.

use crate::support::{SHORT, at_most, no_hang};
use axum::Router;
use axum::error_handling::HandleErrorLayer;
use bytes::Bytes;
use futures_core::Stream;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::future::pending;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tower::ServiceBuilder;
use tower_transport::BoxError;
use tower_transport::exchange::respond::RespondLayer;
use tower_transport::exchange::{Call, Patience, Peer, handler_fn};
use tower_transport::http::Server;
use tower_transport::layers::in_flight::{Handle, InFlightLayer, Overloaded};
use tower_transport::layers::is_caused_by;
use tower_transport::layers::max_message_size::{MaxMessageSizeLayer, TooLarge};
use tower_transport::layers::timeout::{Elapsed, TimeoutLayer};
use tower_transport::layers::trace::TraceLayer;
use tower_transport::message::{Id, Message};

const MAX: usize = 64 << 10;
/// For tests in which no time is to run out.
const LONG: Duration = Duration::from_secs(3600);

async fn handle(call: Call, peer: Peer, go: Arc<Notify>) -> Result<Option<Message>, BoxError> {
    let Some(message) = call.message() else {
        return pending().await;
    };
    match message.method().as_deref() {
        Some("wait") => go.notified().await,
        Some("never") => pending().await,
        Some("drip") => loop {
            peer.notify(Message::notification("notifications/message", &"drip")?)
                .await?;
            tokio::time::sleep(Duration::from_millis(10)).await;
        },
        Some("huge") => {
            return Ok(Some(Message::response(&Id::null(), &"x".repeat(MAX))?));
        }
        _ => {}
    }
    Ok(Some(Message::response(&Id::null(), &"done")?))
}

async fn listen(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// A stack inside of the server: limits per message, and answers in JSON-RPC.
async fn inside() -> (SocketAddr, Handle, Arc<Notify>) {
    let go = Arc::new(Notify::new());
    let gate = Arc::clone(&go);
    let in_flight = InFlightLayer::new(at_most(2));
    let count = in_flight.handle();
    let exchange = ServiceBuilder::new()
        .layer(RespondLayer::new())
        .layer(TraceLayer::new())
        .layer(
            TimeoutLayer::new()
                .first_item(SHORT * 4)
                .total(SHORT)
                .policy(Patience::new().endless(&["wait"])),
        )
        .layer(in_flight)
        .layer(MaxMessageSizeLayer::new(MAX))
        .service(handler_fn(move |call, peer| handle(call, peer, Arc::clone(&gate))));
    (
        listen(Router::new().route_service("/mcp", Server::new(exchange))).await,
        count,
        go,
    )
}

/// A stack around the server: limits per HTTP request, and status codes.
async fn around(total: Duration) -> (SocketAddr, Handle, Arc<Notify>) {
    let go = Arc::new(Notify::new());
    let gate = Arc::clone(&go);
    let in_flight = InFlightLayer::new(at_most(2));
    let count = in_flight.handle();
    let server = Server::new(handler_fn(move |call, peer| handle(call, peer, Arc::clone(&gate))));
    let router = Router::new().route_service("/mcp", server).layer(
        ServiceBuilder::new()
            .layer(HandleErrorLayer::new(status))
            .layer(TraceLayer::new())
            .layer(TimeoutLayer::new().total(total))
            .layer(in_flight)
            .layer(MaxMessageSizeLayer::new(MAX)),
    );
    (listen(router).await, count, go)
}

async fn status(error: BoxError) -> StatusCode {
    if is_caused_by::<Overloaded>(&*error) {
        StatusCode::SERVICE_UNAVAILABLE
    } else if is_caused_by::<TooLarge>(&*error) {
        StatusCode::PAYLOAD_TOO_LARGE
    } else if is_caused_by::<Elapsed>(&*error) {
        StatusCode::GATEWAY_TIMEOUT
    } else {
        StatusCode::INTERNAL_SERVER_ERROR
    }
}

type AnyBody = http_body_util::combinators::BoxBody<Bytes, Infallible>;

/// A connection of its own.
struct Client {
    address: SocketAddr,
    connection: SendRequest<AnyBody>,
}

impl Client {
    async fn connect(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).await.expect("connected");
        let (connection, driver) = handshake(TokioIo::new(stream)).await.expect("HTTP");
        tokio::spawn(driver);
        Client { address, connection }
    }

    async fn send(&mut self, method: &str, body: AnyBody) -> Response<Incoming> {
        let request = Request::post("/mcp")
            .header("host", self.address.to_string())
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", "2026-07-28")
            .header("mcp-method", method)
            .body(body)
            .expect("a request");
        no_hang(self.connection.send_request(request)).await.expect("answered")
    }

    async fn call(&mut self, method: &str) -> Response<Incoming> {
        self.send(method, Full::new(Bytes::from(message(method, 0))).boxed())
            .await
    }
}

fn message(method: &str, padding: usize) -> String {
    let params = json!({
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        },
        "padding": "x".repeat(padding),
    });
    json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}).to_string()
}

/// The JSON-RPC answer, also if it is the last event of a stream.
async fn answer(response: Response<Incoming>) -> Value {
    let body = no_hang(response.into_body().collect())
        .await
        .expect("a body")
        .to_bytes();
    let text = std::str::from_utf8(&body).expect("text");
    let last = text.rsplit("data: ").next().expect("never empty");
    let answer: Value = serde_json::from_str(last.trim_end()).expect("JSON");
    assert_eq!(answer["id"], 7);
    answer
}

async fn until(holds: impl Fn() -> bool) {
    no_hang(async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}

// PITFALLS 2
#[tokio::test]
async fn limit_inside_holds_across_connections_and_refusals_are_answers() {
    let (address, count, go) = inside().await;
    let held: Vec<_> = (0..2)
        .map(|_| tokio::spawn(async move { answer(Client::connect(address).await.call("wait").await).await }))
        .collect();
    until(|| count.in_flight() == 2).await;

    let mut third = Client::connect(address).await;
    let refused = answer(third.call("quick").await).await;
    assert_eq!(refused["error"]["code"], -32603);
    assert_eq!(refused["error"]["data"]["kind"], "overloaded");
    assert_eq!(refused["error"]["data"]["limit"], 2);

    go.notify_waiters();
    for held in held {
        assert_eq!(no_hang(held).await.expect("no panic")["result"], "done");
    }
    assert_eq!(count.in_flight(), 0);
    assert_eq!(answer(third.call("quick").await).await["result"], "done");
}

// PITFALLS 2
#[tokio::test]
async fn limit_around_holds_across_connections_though_axum_rebuilds_the_stack_for_each() {
    let (address, count, go) = around(LONG).await;
    let held: Vec<_> = (0..2)
        .map(|_| tokio::spawn(async move { answer(Client::connect(address).await.call("wait").await).await }))
        .collect();
    until(|| count.in_flight() == 2).await;

    let mut third = Client::connect(address).await;
    assert_eq!(third.call("quick").await.status(), StatusCode::SERVICE_UNAVAILABLE);

    go.notify_waiters();
    for held in held {
        assert_eq!(no_hang(held).await.expect("no panic")["result"], "done");
    }
    until(|| count.in_flight() == 0).await;
    let mut fourth = Client::connect(address).await;
    assert_eq!(fourth.call("quick").await.status(), StatusCode::OK);
}

// PITFALLS 3
#[tokio::test]
async fn permit_around_is_held_while_the_body_streams_and_given_back_when_the_client_vanishes() {
    let (address, count, _go) = around(LONG).await;
    let mut client = Client::connect(address).await;
    let streaming = client.call("drip").await;
    assert_eq!(streaming.status(), StatusCode::OK);
    assert_eq!(count.in_flight(), 1);
    drop((streaming, client));
    until(|| count.in_flight() == 0).await;
}

#[tokio::test]
async fn stream_without_end_is_answered_with_an_error_at_its_total_limit() {
    let (address, count, _go) = inside().await;
    let answer = answer(Client::connect(address).await.call("drip").await).await;
    assert_eq!(answer["error"]["data"]["kind"], "timeout");
    assert_eq!(answer["error"]["data"]["phase"], "total");
    assert_eq!(count.in_flight(), 0);
}

#[tokio::test]
async fn body_of_a_stream_without_end_breaks_off_at_its_total_limit() {
    let (address, count, _go) = around(SHORT).await;
    let response = Client::connect(address).await.call("drip").await;
    assert!(no_hang(response.into_body().collect()).await.is_err());
    until(|| count.in_flight() == 0).await;
}

#[tokio::test]
async fn slow_handler_is_answered_for_inside_and_gets_a_status_around() {
    let (address, ..) = inside().await;
    let answer = answer(Client::connect(address).await.call("never").await).await;
    assert_eq!(answer["error"]["data"]["kind"], "timeout");
    let (address, ..) = around(SHORT).await;
    let status = Client::connect(address).await.call("never").await.status();
    assert_eq!(status, StatusCode::GATEWAY_TIMEOUT);
}

#[tokio::test]
async fn huge_answer_fails_its_own_call() {
    let (address, ..) = inside().await;
    let mut client = Client::connect(address).await;
    let failed = answer(client.call("huge").await).await;
    assert_eq!(failed["error"]["data"]["kind"], "too_large");
    assert_eq!(failed["error"]["data"]["limit"], MAX);
    assert_eq!(answer(client.call("quick").await).await["result"], "done");
}

// PITFALLS 31
#[tokio::test]
async fn huge_request_is_refused_by_its_announced_length_and_cut_without_one() {
    let (address, count, _go) = around(LONG).await;
    let text = Bytes::from(message("quick", MAX));
    let announced = Client::connect(address)
        .await
        .send("quick", Full::new(text.clone()).boxed())
        .await;
    assert_eq!(announced.status(), StatusCode::PAYLOAD_TOO_LARGE);

    let chunked = BodyExt::boxed(StreamBody::new(Chunks(text)));
    let cut = Client::connect(address).await.send("quick", chunked).await;
    assert!(cut.status().is_client_error(), "{}", cut.status());
    until(|| count.in_flight() == 0).await;
}

/// A body that tells no length.
struct Chunks(Bytes);

impl Stream for Chunks {
    type Item = Result<Frame<Bytes>, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let len = self.0.len().min(1_000);
        let chunk = self.0.split_to(len);
        Poll::Ready((!chunk.is_empty()).then(|| Ok(Frame::data(chunk))))
    }
}
