//! The server where it is meant to be: in axum and in hyper, over real connections.

mod http_server_support;

use axum::Router;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use http_server_support::{Probe, get, initialize, legacy, modern, post, request, until, with};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tower_transport::exchange::BoxCloneExchange;
use tower_transport::http::Server;

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

async fn axum(router: Router) -> SocketAddr {
    let (listener, address) = listener().await;
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn hyper(server: Server<BoxCloneExchange>) -> SocketAddr {
    let (listener, address) = listener().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(server.clone());
            tokio::spawn(
                hyper::server::conn::http1::Builder::new()
                    .timer(TokioTimer::new())
                    .serve_connection(TokioIo::new(stream), service),
            );
        }
    });
    address
}

struct Client {
    address: SocketAddr,
    connection: SendRequest<Full<Bytes>>,
}

impl Client {
    async fn connect(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).await.unwrap();
        let (connection, driver) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(driver);
        Client { address, connection }
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> Response<Incoming> {
        let request = with(request, "host", &self.address.to_string());
        self.connection.ready().await.unwrap();
        self.connection.send_request(request).await.unwrap()
    }

    async fn json(&mut self, request: Request<Full<Bytes>>) -> Value {
        let body = self.send(request).await.into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice(&body).unwrap()
    }

    async fn open(&mut self) -> String {
        let response = self.send(post(initialize().to_string())).await;
        let session = response.headers()["mcp-session-id"].to_str().unwrap().to_owned();
        response.into_body().collect().await.unwrap();
        session
    }
}

async fn serves_both_eras(address: SocketAddr) {
    let mut client = Client::connect(address).await;
    assert_eq!(
        client.json(modern(&json!(1), "echo", &json!({"a": 1}))).await["result"]["a"],
        1
    );
    let session = client.open().await;
    assert_eq!(
        client
            .json(legacy(&session, &request(1, "echo", &json!({"a": 2}))))
            .await["result"]["a"],
        2
    );
    let stream = client
        .send(legacy(&session, &request(2, "progress", &json!({"n": 3}))))
        .await;
    let text = stream.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(std::str::from_utf8(&text).unwrap().matches("event: message").count(), 4);
}

#[tokio::test]
async fn it_mounts_in_axum_as_a_route_and_nested() {
    let probe = Arc::<Probe>::default();
    serves_both_eras(axum(Router::new().route_service("/mcp", probe.server())).await).await;
    let address = axum(Router::new().nest_service("/mcp", probe.server())).await;
    serves_both_eras(address).await;
    let mut client = Client::connect(address).await;
    let mut unknown = get(None);
    *unknown.uri_mut() = "/mcp/.well-known/openid-configuration".parse().unwrap();
    assert_eq!(client.send(unknown).await.status(), 404);
}

#[tokio::test]
async fn it_mounts_in_hyper() {
    serves_both_eras(hyper(Arc::<Probe>::default().server()).await).await;
}

#[tokio::test]
async fn it_mounts_over_http_2_where_the_host_is_in_the_uri() {
    let (listener, address) = listener().await;
    let server = Arc::<Probe>::default().server();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let service = TowerToHyperService::new(server);
        hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .serve_connection(TokioIo::new(stream), service)
            .await
    });
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut connection, driver) = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(driver);
    for (host, status) in [(address.to_string(), 200), ("evil.example.com".to_owned(), 403)] {
        let mut request = http_server_support::without(modern(&json!(1), "echo", &json!({})), "host");
        *request.uri_mut() = format!("http://{host}/mcp").parse().unwrap();
        assert_eq!(
            connection.send_request(request).await.unwrap().status(),
            status,
            "{host}"
        );
    }
}

// items 49, 65; PITFALLS 51
#[tokio::test]
async fn a_connection_that_breaks_cancels_in_2026_07_28_and_not_before() {
    let probe = Arc::<Probe>::default();
    let server = probe.server();
    let handle = server.handle();
    let address = hyper(server).await;
    let mut client = Client::connect(address).await;
    let session = client.open().await;
    let kept = tokio::spawn({
        let request = legacy(&session, &request(1, "wait", &json!({})));
        let mut client = Client::connect(address).await;
        async move { client.send(request).await }
    });
    until(|| probe.begun() == 2).await;
    kept.abort();
    let mut streaming = Client::connect(address).await;
    let mut stream = streaming
        .send(modern(&json!(1), "talk, then wait", &json!({})))
        .await
        .into_body();
    stream.frame().await.unwrap().unwrap();
    drop((stream, streaming));
    let silent = tokio::spawn({
        let mut client = Client::connect(address).await;
        async move { client.send(modern(&json!(1), "hang", &json!({}))).await }
    });
    until(|| probe.begun() == 4).await;
    silent.abort();
    until(|| probe.dropped() == 2).await;
    assert_eq!(handle.calls(), 1);
    probe.go.notify_one();
    until(|| probe.finished() == 1 && handle.calls() == 0).await;
    assert_eq!(probe.dropped(), 2);
}

// PITFALLS 15, 16
#[tokio::test]
async fn a_client_that_writes_much_and_reads_nothing_stops_nobody_else() {
    let probe = Arc::<Probe>::default();
    let address = hyper(probe.server()).await;
    let mut client = Client::connect(address).await;
    let session = client.open().await;
    let mut unread = Vec::new();
    for _ in 0..4 {
        // Both directions are full: a megabyte each way, and nothing of the answer is read.
        let mut stuck = Client::connect(address).await;
        let flood = json!({"n": 1000, "size": 100_000, "pad": "x".repeat(1 << 20)});
        let response = stuck.send(legacy(&session, &request(1, "flood", &flood))).await;
        unread.push((stuck, response));
    }
    let big = "x".repeat(1 << 20);
    for _ in 0..4 {
        let echo = client
            .json(legacy(&session, &request(1, "echo", &json!({"big": big}))))
            .await;
        assert_eq!(echo["result"]["big"].as_str().unwrap().len(), big.len());
    }
    let echo = client.json(modern(&json!(1), "echo", &json!({"big": big}))).await;
    assert_eq!(echo["result"]["big"].as_str().unwrap().len(), big.len());
}

// PITFALLS 45: one write waits for no acknowledgement, with or without TCP_NODELAY.
#[tokio::test]
async fn an_answer_leaves_in_one_write_with_its_head() {
    let probe = Arc::<Probe>::default();
    let server = probe.server();
    let (listener, address) = listener().await;
    let writes = Arc::<AtomicUsize>::default();
    tokio::spawn({
        let writes = Arc::clone(&writes);
        async move {
            let (stream, _) = listener.accept().await.unwrap();
            let io = TokioIo::new(CountsWrites { stream, writes });
            let service = TowerToHyperService::new(server);
            hyper::server::conn::http1::Builder::new()
                .serve_connection(io, service)
                .await
        }
    });
    let mut client = Client::connect(address).await;
    let session = client.open().await;
    assert_eq!(writes.swap(0, Ordering::SeqCst), 1);
    let text = |len: usize| json!({"text": "x".repeat(len)});
    for request in [
        modern(&json!(1), "echo", &text(100)),
        modern(&json!(1), "echo", &text(10_000)),
        modern(&json!(1), "unknown", &text(1)),
        modern(&json!(1), "progress", &json!({"n": 3})),
        legacy(&session, &request(1, "echo", &text(100))),
        legacy("unknown", &request(1, "echo", &text(100))),
    ] {
        let response = client.send(request).await;
        let status = response.status();
        response.into_body().collect().await.unwrap();
        assert_eq!(writes.swap(0, Ordering::SeqCst), 1, "{status}");
    }
}

struct CountsWrites {
    stream: TcpStream,
    writes: Arc<AtomicUsize>,
}

impl AsyncRead for CountsWrites {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for CountsWrites {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

// PITFALLS 52
#[tokio::test]
async fn a_graceful_stop_with_an_open_stream_comes_to_an_end() {
    let probe = Arc::<Probe>::default();
    let server = probe.server();
    let handle = server.handle();
    let (listener, address) = listener().await;
    let serving = tokio::spawn({
        let handle = handle.clone();
        let router = Router::new().route_service("/mcp", server);
        async move {
            let stop = async move {
                until(|| probe.listening() == 1).await;
                handle.drain().await;
            };
            axum::serve(listener, router).with_graceful_shutdown(stop).await
        }
    });
    let mut client = Client::connect(address).await;
    let session = client.open().await;
    let stream = client.send(get(Some(&session))).await;
    let rest = stream.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(rest, ":\n\n");
    drop(client);
    tokio::time::timeout(Duration::from_secs(30), serving)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}
