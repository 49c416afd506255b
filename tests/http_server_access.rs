//! What is refused before it becomes a call: by whom it comes from, its headers, and its body.

mod http_server_support;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use http_server_support::{Events, Probe, json_body, modern, open, post, refusal, send, with, without};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tower::{Layer, ServiceExt};
use tower_transport::layers::buffer_pool::BufferPool;
use tower_transport::layers::max_message_size::MaxMessageSizeLayer;

fn probe() -> Arc<Probe> {
    Arc::default()
}

fn discover() -> Request<Full<Bytes>> {
    modern(&json!(1), "echo", &json!({}))
}

// item 33
#[tokio::test]
async fn a_foreign_host_or_origin_is_refused_and_loopback_is_served() {
    let server = probe().server();
    for host in ["localhost", "localhost:8080", "127.0.0.1:1", "[::1]:1"] {
        let request = with(discover(), "host", host);
        let request = with(request, "origin", &format!("http://{host}"));
        assert_eq!(send(&server, request).await.status(), 200, "{host}");
    }
    let request = with(discover(), "host", "evil.example.com");
    assert_eq!(refusal(send(&server, request).await).await, (403, -32600));
    let request = with(discover(), "origin", "http://evil.example.com");
    let response = send(&server, request).await;
    assert_eq!(response.status(), 403);
    assert_eq!(json_body(response).await["id"], Value::Null);
    assert_eq!(send(&server, with(discover(), "origin", "null")).await.status(), 403);
}

// PITFALLS 53
#[tokio::test]
async fn a_refused_host_is_told_what_to_add_and_adding_it_helps() {
    let server = probe().server();
    let request = || {
        let request = with(discover(), "host", "mcp.example.com:443");
        with(request, "origin", "https://app.example.com")
    };
    let text = json_body(send(&server, request()).await).await["error"]["message"].to_string();
    assert!(
        text.contains("--allow-host mcp.example.com:443") && text.contains("allow_host"),
        "{text}"
    );
    let server = server.allow_host("mcp.example.com");
    let text = json_body(send(&server, request()).await).await["error"]["message"].to_string();
    assert!(text.contains("--allow-origin https://app.example.com"), "{text}");
    let server = server.allow_origin("https://app.example.com");
    assert_eq!(send(&server, request()).await.status(), 200);
    let any = probe().server().allow_host("*").allow_origin("*");
    assert_eq!(send(&any, request()).await.status(), 200);
}

// item 36
#[tokio::test]
async fn accept_has_to_name_both_types_in_any_spelling() {
    let server = probe().server();
    for accept in [
        "text/event-stream;q=0.5, Application/JSON",
        "*/*",
        "application/*, text/*;q=0.1",
        "text/html, application/json,text/event-stream",
    ] {
        assert_eq!(
            send(&server, with(discover(), "accept", accept)).await.status(),
            200,
            "{accept}"
        );
    }
    assert_eq!(send(&server, without(discover(), "accept")).await.status(), 200);
    for accept in ["application/json", "text/event-stream", "text/html"] {
        let response = send(&server, with(discover(), "accept", accept)).await;
        assert_eq!(refusal(response).await, (406, -32600), "{accept}");
    }
}

// item 42
#[tokio::test]
async fn what_is_no_message_is_refused_with_the_code_that_says_why() {
    let server = probe().server();
    for (body, code) in [
        ("", -32700),
        ("{", -32700),
        ("hello", -32700),
        (r#"{"jsonrpc":"2.0","id":1,"method":"a"} x"#, -32700),
        ("7", -32600),
        (r#"{"jsonrpc":"2.0"}"#, -32600),
        (r#"{"jsonrpc":"1.0","id":1,"method":"a"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":null,"method":"a"}"#, -32600),
    ] {
        assert_eq!(refusal(send(&server, post(body)).await).await, (400, code), "{body}");
    }
    for kind in ["text/plain", "application/jsonx", ""] {
        let response = send(&server, with(discover(), "content-type", kind)).await;
        assert_eq!(refusal(response).await, (415, -32600), "{kind}");
    }
    assert_eq!(send(&server, without(discover(), "content-type")).await.status(), 415);
    let spelled = with(discover(), "content-type", "Application/JSON; charset=utf-8");
    assert_eq!(send(&server, spelled).await.status(), 200);
}

// item 7
#[tokio::test]
async fn a_batch_is_refused_with_an_error_that_says_so() {
    let server = probe().server();
    let response = send(&server, post(r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#)).await;
    assert_eq!(response.status(), 400);
    let error = json_body(response).await["error"].clone();
    assert_eq!(error["code"], -32600);
    assert!(error["message"].as_str().unwrap().contains("batch"), "{error}");
}

// item 43
#[tokio::test]
async fn unknown_paths_and_methods_are_refused_at_once() {
    let server = probe().server();
    let at = |path: &str| {
        let mut request = discover();
        *request.uri_mut() = path.parse().unwrap();
        request
    };
    for path in [
        "/.well-known/oauth-protected-resource",
        "/mcp/.well-known/openid-configuration",
    ] {
        assert_eq!(send(&server, at(path)).await.status(), 404, "{path}");
    }
    assert_eq!(send(&server, at("/any")).await.status(), 200);
    let server = server.path("/mcp");
    assert_eq!(send(&server, at("/mcp")).await.status(), 200);
    assert_eq!(refusal(send(&server, at("/any")).await).await, (404, -32600));
    let mut request = discover();
    *request.method_mut() = http::Method::PUT;
    let response = send(&server, request).await;
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(response.headers()[header::ALLOW], "POST, GET, DELETE");
}

// PITFALLS 31
#[tokio::test]
async fn a_body_over_the_limit_is_refused_whether_its_length_is_announced_or_not() {
    let probe = probe();
    let server = probe.server().max_body(1000);
    let fits = modern(&json!(1), "echo", &json!({"text": "x".repeat(500)}));
    assert_eq!(send(&server, fits).await.status(), 200);
    let announced = modern(&json!(1), "echo", &json!({"text": "x".repeat(1000)}));
    assert_eq!(refusal(send(&server, announced).await).await, (413, -32600));
    // Chunked: no length, and no chunk of it is over the limit.
    let chunk = || Ok::<_, Infallible>(Frame::data(Bytes::from_static(&[b' '; 100])));
    let chunked = StreamBody::new(tokio_stream(std::iter::repeat_with(chunk).take(11)));
    let response = server.oneshot(discover().map(|_| chunked)).await.unwrap();
    assert_eq!(refusal(response).await, (413, -32600));
    assert_eq!(probe.begun(), 1);
}

#[tokio::test]
async fn a_body_over_the_limit_of_a_layer_is_refused_as_one_over_the_limit_of_the_server() {
    let probe = probe();
    let server = MaxMessageSizeLayer::new(1000).layer(probe.server());
    let chunk = || Ok::<_, Infallible>(Frame::data(Bytes::from_static(&[b' '; 100])));
    let chunked = StreamBody::new(tokio_stream(std::iter::repeat_with(chunk).take(11)));
    let response = server.oneshot(discover().map(|_| chunked)).await.unwrap();
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(probe.begun(), 0);
}

#[tokio::test]
async fn bodies_are_gathered_and_messages_encoded_in_the_pool_of_the_server() {
    let pool = BufferPool::new(4096, 4).unwrap();
    let server = probe().server().buffer_pool(pool.clone());
    let (parts, whole) = modern(&json!("an id"), "echo", &json!({"text": "x".repeat(500)})).into_parts();
    let whole = whole.collect().await.unwrap().to_bytes();
    for round in 0..20 {
        let frames: Vec<_> = whole
            .chunks(100)
            .map(|part| Ok::<_, Infallible>(Frame::data(Bytes::copy_from_slice(part))))
            .collect();
        let body = StreamBody::new(tokio_stream(frames.into_iter()));
        let request = Request::from_parts(parts.clone(), body);
        let response = server.clone().oneshot(request).await.unwrap();
        let answer = json_body(response).await;
        assert_eq!(
            (&answer["id"], &answer["result"]["text"]),
            (&json!("an id"), &json!("x".repeat(500)))
        );
        let mut events = Events::of(send(&server, modern(&json!(round), "progress", &json!({"n": 3}))).await);
        while events.next().await.is_some() {}
    }
    let stats = pool.stats();
    assert!(stats.hits >= 100 && stats.misses <= 4, "{stats:?}");
    assert_eq!(stats.held, stats.blocks);
}

#[tokio::test]
async fn a_body_in_many_frames_is_one_message() {
    let server = probe().server();
    let whole = discover().into_body().collect().await.unwrap().to_bytes();
    let frames: Vec<_> = whole
        .iter()
        .map(|byte| Ok::<_, Infallible>(Frame::data(Bytes::copy_from_slice(&[*byte]))))
        .collect();
    let body = StreamBody::new(tokio_stream(frames.into_iter()));
    let response = server.oneshot(discover().map(|_| body)).await.unwrap();
    assert_eq!(response.status(), 200);
}

// PITFALLS 46
#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_runs_out_of_time() {
    let server = probe().server().body_timeout(Duration::from_secs(5));
    let body = StreamBody::new(Never);
    let response = server.oneshot(discover().map(|_| body)).await.unwrap();
    assert_eq!(refusal(response).await, (408, -32600));
}

// PITFALLS 56
#[tokio::test]
async fn a_version_or_name_that_stands_twice_is_refused() {
    let server = probe().server();
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","name":"b","_meta":{
        "io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}"#;
    let request = with(post(body), "mcp-protocol-version", "2026-07-28");
    let request = with(with(request, "mcp-method", "tools/call"), "mcp-name", "a");
    assert_eq!(refusal(send(&server, request).await).await, (400, -32600));
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{
        "io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/protocolVersion":"2025-06-18"}}}"#;
    let session = open(&server).await;
    assert_eq!(
        send(&server, with(post(body), "mcp-session-id", &session))
            .await
            .status(),
        400
    );
}

fn tokio_stream<I>(items: I) -> Iter<I> {
    Iter(items)
}

struct Iter<I>(I);

impl<I: Iterator + Unpin> futures_core::Stream for Iter<I> {
    type Item = I::Item;
    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<I::Item>> {
        std::task::Poll::Ready(self.0.next())
    }
}

struct Never;

impl futures_core::Stream for Never {
    type Item = Result<Frame<Bytes>, Infallible>;
    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Pending
    }
}
