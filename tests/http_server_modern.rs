//! 2026-07-28: every request stands for itself.

mod http_server_support;

use http::{Request, header};
use http_body_util::{BodyExt, Full};
use http_server_support::{
    Events, Probe, begin_and_drop, json_body, modern, post, refusal, send, until, with, without,
};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tower::{Service, ServiceExt};
use tower_transport::exchange::{BoxCloneExchange, Call, Item, Reply, service_fn};
use tower_transport::http::{Server, Session};
use tower_transport::message::Message;

const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

fn probe() -> Arc<Probe> {
    Arc::default()
}

/// A request whose `_meta` is up to the test; its headers say 2026-07-28.
fn with_meta(meta: &Value) -> Request<Full<bytes::Bytes>> {
    let body = json!({"jsonrpc": "2.0", "id": 5, "method": "server/discover", "params": {"_meta": meta}});
    let request = with(post(body.to_string()), "mcp-protocol-version", "2026-07-28");
    with(request, "mcp-method", "server/discover")
}

// item 37
#[tokio::test]
async fn an_answer_that_nothing_comes_before_is_json() {
    let server = probe().server();
    let response = send(&server, modern(&json!("one"), "echo", &json!({"text": "hi"}))).await;
    assert_eq!(response.status(), 200);
    let body = json_body(response).await;
    assert_eq!((&body["id"], &body["result"]["text"]), (&json!("one"), &json!("hi")));
}

// items 39, 40
#[tokio::test]
async fn what_comes_before_the_answer_makes_it_an_event_stream_that_the_answer_ends() {
    let server = probe().server();
    let mut events = Events::of(send(&server, modern(&json!(1), "progress", &json!({"n": 2}))).await);
    for n in 0..2 {
        assert_eq!(events.next().await.unwrap()["params"]["progress"], n);
    }
    assert_eq!(events.next().await.unwrap()["result"], "done");
    assert_eq!(events.next().await, None);
}

// item 40
#[tokio::test]
async fn line_breaks_between_the_tokens_of_a_message_do_not_break_its_event() {
    for fill in [0, 100_000] {
        let note = format!(
            "{{\"jsonrpc\":\"2.0\",\r\n\"method\":\"n\",\n\"params\":\"{}\"\n}}",
            "x".repeat(fill)
        );
        let server = Server::new(service_fn(move |call: Call| {
            let note = Message::parse(note.clone().into()).unwrap();
            let answer = Message::response(&call.message().unwrap().id().unwrap(), &1).unwrap();
            let items = [Item::Notification(note), Item::Response(answer)];
            async move { Ok::<_, std::io::Error>(Reply::stream(Items(items.into_iter()))) }
        }));
        let mut events = Events::of(send(&server, modern(&json!(1), "echo", &json!({}))).await);
        assert_eq!(events.next().await.unwrap()["params"].as_str().unwrap().len(), fill);
        assert_eq!(events.next().await.unwrap()["result"], 1);
    }
}

// item 40
#[tokio::test(start_paused = true)]
async fn a_silent_call_is_begun_as_an_event_stream_and_kept_open_by_comments() {
    let probe = probe();
    let server = probe.server().keep_alive(Duration::from_secs(15));
    let mut events = Events::of(send(&server, modern(&json!(1), "wait", &json!({}))).await);
    for _ in 0..3 {
        assert_eq!(events.block().await.unwrap(), ":");
    }
    probe.go.notify_one();
    assert_eq!(events.next().await.unwrap()["result"], "waited");
    assert_eq!(events.next().await, None);
}

// item 38
#[tokio::test]
async fn a_notification_is_accepted_without_a_body() {
    let probe = probe();
    let body = json!({"jsonrpc": "2.0", "method": "notifications/any", "params": {"_meta": {VERSION: "2026-07-28"}}});
    let request = with(post(body.to_string()), "mcp-protocol-version", "2026-07-28");
    let request = with(request, "mcp-method", "notifications/any");
    let response = send(&probe.server(), request).await;
    assert_eq!(response.status(), 202);
    assert!(response.into_body().collect().await.unwrap().to_bytes().is_empty());
    assert_eq!(*probe.notifications.lock().unwrap(), ["notifications/any"]);
}

// items 65, 66; PITFALLS 51
#[tokio::test]
async fn dropping_the_response_before_its_end_cancels_the_call() {
    let probe = probe();
    let server = probe.server();
    // Before its head, and in its stream.
    begin_and_drop(server.clone().oneshot(modern(&json!(1), "hang", &json!({}))), || {
        probe.begun() == 1
    })
    .await;
    assert_eq!(probe.dropped(), 1);
    let mut events = Events::of(send(&server, modern(&json!(1), "talk, then wait", &json!({}))).await);
    events.next().await.unwrap();
    drop(events);
    assert_eq!(probe.dropped(), 2);
    assert_eq!(server.handle().calls(), 0);
}

// item 67
#[tokio::test]
async fn a_request_of_the_exchange_is_refused_and_never_sent() {
    let server = probe().server();
    let body = json_body(send(&server, modern(&json!(1), "ask", &json!({}))).await).await;
    assert_eq!(body["result"]["answer"]["code"], -32601);
}

// item 68
#[tokio::test]
async fn no_session_is_minted_and_one_that_is_named_is_ignored() {
    let server = probe().server();
    let request = with(modern(&json!(1), "echo", &json!({})), "mcp-session-id", "unknown");
    let response = send(&server, with(request, "last-event-id", "7")).await;
    assert_eq!(response.status(), 200);
    assert!(!response.headers().contains_key("mcp-session-id"));
}

// item 70
#[tokio::test]
async fn unknown_methods_are_404_and_so_are_those_of_the_revisions_before() {
    let probe = probe();
    let server = probe.server();
    assert_eq!(
        refusal(send(&server, modern(&json!(1), "unknown", &json!({}))).await).await,
        (404, -32601)
    );
    for method in [
        "initialize",
        "ping",
        "logging/setLevel",
        "resources/subscribe",
        "resources/unsubscribe",
    ] {
        let response = send(&server, modern(&json!("x"), method, &json!({}))).await;
        assert_eq!(response.status(), 404, "{method}");
        let body = json_body(response).await;
        assert_eq!(
            (&body["error"]["code"], &body["id"]),
            (&json!(-32601), &json!("x")),
            "{method}"
        );
    }
    assert_eq!(probe.begun(), 1);
}

// item 71
#[tokio::test]
async fn a_body_that_lacks_required_meta_is_invalid_params() {
    let server = probe().server();
    for meta in [json!({}), json!({CAPABILITIES: {}}), json!({VERSION: "2026-07-28"})] {
        let response = send(&server, with_meta(&meta)).await;
        assert_eq!(response.status(), 400, "{meta}");
        let body = json_body(response).await;
        assert_eq!(
            (&body["error"]["code"], &body["id"]),
            (&json!(-32602), &json!(5)),
            "{meta}"
        );
    }
}

// item 72
#[tokio::test]
async fn an_unknown_version_is_told_the_supported_ones() {
    let request = with_meta(&json!({VERSION: "v999.0.0", CAPABILITIES: {}}));
    let response = send(&probe().server(), with(request, "mcp-protocol-version", "v999.0.0")).await;
    assert_eq!(response.status(), 400);
    let error = json_body(response).await["error"].clone();
    assert_eq!(error["code"], -32022);
    assert_eq!(
        error["data"],
        json!({"supported": ["2026-07-28"], "requested": "v999.0.0"})
    );
}

// items 82, 83, 84
#[tokio::test]
async fn headers_that_do_not_mirror_the_body_are_a_mismatch() {
    let probe = probe();
    let server = probe.server();
    let call = || modern(&json!(1), "tools/call", &json!({"name": "add"}));
    let read = || modern(&json!(1), "resources/read", &json!({"uri": "file:///a"}));
    for request in [
        without(call(), "mcp-protocol-version"),
        with(call(), "mcp-protocol-version", "2025-11-25"),
        without(call(), "mcp-method"),
        with(call(), "mcp-method", "TOOLS/CALL"),
        with(call(), "mcp-method", "tools/list"),
        without(call(), "mcp-name"),
        with(call(), "mcp-name", "Add"),
        with(read(), "mcp-name", "file:///b"),
        with(read(), "mcp-name", "=?base64?ZmlsZTovLy9h?"),
        with(read(), "mcp-name", "=?base64?ZmlsZTovLy9i?="),
        with(read(), "mcp-name", "=?base64?ZmlsZTovLy9?="),
    ] {
        let shown = format!("{:?}", request.headers());
        assert_eq!(refusal(send(&server, request).await).await, (400, -32020), "{shown}");
    }
    let mut twice = call();
    twice.headers_mut().append("mcp-name", "add".parse().unwrap());
    assert_eq!(refusal(send(&server, twice).await).await, (400, -32020));
    assert_eq!(probe.begun(), 0);
    for request in [
        with(call(), "mcp-name", "  add\t"),
        with(read(), "mcp-name", "=?base64?ZmlsZTovLy9h?="),
        with(call(), "mcp-param-anything", "is for the exchange to know"),
    ] {
        let _ = send(&server, request).await;
    }
    assert_eq!(probe.begun(), 3);
}

// item 85
#[tokio::test]
async fn a_name_beyond_ascii_is_compared_decoded_with_its_escapes_undone() {
    let probe = probe();
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\u00e9\u00e8","_meta":{
        "io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}"#;
    let request = with(post(body), "mcp-protocol-version", "2026-07-28");
    let request = with(
        with(request, "mcp-method", "tools/call"),
        "mcp-name",
        "=?base64?w6nDqA==?=",
    );
    let _ = send(&probe.server(), request).await;
    assert_eq!(probe.begun(), 1);
}

// item 122
#[tokio::test]
async fn the_status_goes_by_the_code_of_the_answer() {
    let server = probe().server();
    for (code, status) in [
        (-32601, 404),
        (-32020, 400),
        (-32021, 400),
        (-32022, 400),
        (-32602, 200),
        (-32603, 200),
        (-32000, 200),
        (7, 200),
    ] {
        let response = send(&server, modern(&json!(1), "error", &json!({"code": code}))).await;
        assert_eq!(refusal(response).await, (status, code));
    }
}

// item 10
#[tokio::test]
async fn a_call_that_fails_is_answered_as_no_peers_error_and_with_its_causes_if_they_are_shown() {
    for (show, text) in [(true, "the child has died: exit status 7"), (false, "internal error")] {
        let server = probe().server().show_causes(show);
        let body = json_body(send(&server, modern(&json!("x"), "fail", &json!({}))).await).await;
        assert_eq!(
            body,
            json!({"jsonrpc": "2.0", "id": "x", "error": {
                "code": -32603,
                "message": text,
                "data": {"origin": "transport", "kind": "internal", "may_have_run": true, "retryable": false},
            }})
        );
    }
}

// item 11
#[tokio::test]
async fn what_the_exchange_gets_is_the_body_byte_for_byte() {
    let body = r#"{ "jsonrpc":"2.0", "id":1.0, "method":"echo", "vendor":{"a":1.50},
        "params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28", "traceparent":"00-1",
        "io.modelcontextprotocol/clientCapabilities":{}}} }"#;
    let server = Server::new(service_fn(move |call: Call| {
        let message = call.message().unwrap();
        assert_eq!(message.to_bytes(), body);
        let answer = Message::response(&message.id().unwrap(), &1).unwrap();
        async move { Ok::<_, std::io::Error>(Reply::<Items>::once(Item::Response(answer))) }
    }));
    let request = with(post(body), "mcp-protocol-version", "2026-07-28");
    let response = send(&server, with(request, "mcp-method", "echo")).await;
    let answer = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(answer, r#"{"jsonrpc":"2.0","id":1.0,"result":1}"#);
}

// items 79, 4
#[tokio::test]
async fn parallel_requests_with_one_id_both_get_their_own_answer() {
    let probe = probe();
    let server = probe.server();
    let slow = tokio::spawn({
        let server = server.clone();
        async move { json_body(send(&server, modern(&json!(1), "wait", &json!({}))).await).await }
    });
    until(|| probe.begun() == 1).await;
    let fast = json_body(send(&server, modern(&json!(1), "echo", &json!({"a": 1}))).await).await;
    assert_eq!(fast["result"]["a"], 1);
    probe.go.notify_one();
    assert_eq!(slow.await.unwrap()["result"], "waited");
}

// law 4
#[tokio::test(start_paused = true)]
async fn an_exchange_that_is_not_ready_in_time_is_unavailable_and_was_not_called() {
    let (exchange, mut handle) = tower_test::mock::pair::<Call, Reply<Items>>();
    handle.allow(0);
    let server = Server::new(Shared(Arc::new(std::sync::Mutex::new(exchange)))).ready_timeout(Duration::from_secs(3));
    let response = send(&server, modern(&json!(1), "echo", &json!({}))).await;
    assert!(response.headers().contains_key(header::RETRY_AFTER));
    assert_eq!(refusal(response).await, (503, -32603));
    assert!(tokio_test::task::spawn(handle.next_request()).poll().is_pending());
}

// law 4
#[tokio::test(start_paused = true)]
async fn an_exchange_that_cannot_be_made_in_time_is_unavailable() {
    let never = tower::service_fn(|_: Session| std::future::pending::<Result<BoxCloneExchange, std::io::Error>>());
    let server = Server::per_session(never).ready_timeout(Duration::from_secs(3));
    let response = send(&server, modern(&json!(1), "echo", &json!({}))).await;
    assert_eq!(refusal(response).await, (503, -32603));
    let fails = tower::service_fn(|_: Session| {
        std::future::ready(Err::<BoxCloneExchange, _>(std::io::Error::other("no command")))
    });
    let server = Server::per_session(fails).show_causes(true);
    let response = send(&server, modern(&json!(1), "echo", &json!({}))).await;
    assert_eq!(response.status(), 503);
    assert_eq!(
        json_body(response).await["error"]["message"],
        "no exchange could be made: no command"
    );
    assert_eq!(server.handle().calls(), 0);
}

// item 40
#[tokio::test(start_paused = true)]
async fn a_call_is_kept_open_by_comments_while_its_exchange_is_made() {
    let never = tower::service_fn(|_: Session| std::future::pending::<Result<BoxCloneExchange, std::io::Error>>());
    let server = Server::per_session(never)
        .keep_alive(Duration::from_secs(15))
        .ready_timeout(Duration::from_secs(40));
    let mut events = Events::of(send(&server, modern(&json!(1), "echo", &json!({}))).await);
    assert_eq!(server.handle().calls(), 1);
    for _ in 0..2 {
        assert_eq!(events.block().await.unwrap(), ":");
    }
    assert_eq!(events.next().await.unwrap()["error"]["code"], -32603);
    assert_eq!(events.next().await, None);
    assert_eq!(server.handle().calls(), 0);
}

// law 4
#[tokio::test]
async fn a_body_is_read_whole_before_the_exchange_is_readied() {
    let probe = probe();
    let mut server = Server::new(Ready(Arc::clone(&probe)));
    let stalled = http_body_util::StreamBody::new(Never);
    let request = modern(&json!(1), "echo", &json!({})).map(|_| stalled);
    let mut response = tokio_test::task::spawn(server.call(request));
    assert!(response.poll().is_pending());
    assert_eq!(probe.begun(), 0);
}

/// Counts how often it is readied.
#[derive(Clone)]
struct Ready(Arc<Probe>);

impl Service<Call> for Ready {
    type Response = Reply<Items>;
    type Error = std::io::Error;
    type Future = std::future::Pending<Result<Reply<Items>, std::io::Error>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), std::io::Error>> {
        self.0.begun.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Call) -> Self::Future {
        std::future::pending()
    }
}

struct Never;

impl futures_core::Stream for Never {
    type Item = Result<http_body::Frame<bytes::Bytes>, std::convert::Infallible>;
    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Pending
    }
}

/// The mock, which is not `Sync`, behind a lock that is.
#[derive(Clone)]
struct Shared(Arc<std::sync::Mutex<tower_test::mock::Mock<Call, Reply<Items>>>>);

impl Service<Call> for Shared {
    type Response = Reply<Items>;
    type Error = tower::BoxError;
    type Future = <tower_test::mock::Mock<Call, Reply<Items>> as Service<Call>>::Future;

    fn poll_ready(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), tower::BoxError>> {
        self.0.lock().unwrap().poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> Self::Future {
        self.0.lock().unwrap().call(call)
    }
}

struct Items(std::array::IntoIter<Item, 2>);

impl futures_core::Stream for Items {
    type Item = Result<Item, std::io::Error>;
    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.next().map(Ok))
    }
}
