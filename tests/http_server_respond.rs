//! What a client gets for a call that failed: from the server itself, and from a stack that answers for its errors.

mod http_server_support;

use bytes::Bytes;
use http_body::{Body, Frame};
use http_server_support::{Probe, json_body, modern, open, post, refusal, send, until, with};
use serde_json::{Value, json};
use std::fmt;
use std::future::{Ready, pending, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tower::{Layer, Service, ServiceBuilder, ServiceExt};
use tower_transport::BoxError;
use tower_transport::exchange::respond::{Fault, RespondLayer};
use tower_transport::exchange::{BoxCloneExchange, Call, Peer, Reply, handler_fn, unary};
use tower_transport::http::{Server, ServerBody};
use tower_transport::layers::timeout::TimeoutLayer;
use tower_transport::message::{Message, code};

#[derive(Debug)]
struct Unknown;

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown: /etc/secret")
    }
}

impl std::error::Error for Unknown {}

/// A slow handler, and one that fails, under a timeout.
fn server(layer: RespondLayer) -> Server<BoxCloneExchange> {
    let stack = ServiceBuilder::new()
        .layer(layer)
        .layer(
            TimeoutLayer::new()
                .first_item(Duration::from_secs(1))
                .idle(Duration::from_secs(1)),
        )
        .service(handler_fn(|call: Call, peer: Peer| async move {
            match call.message().unwrap().method().as_deref() {
                Some("talk, then hang") => {
                    peer.notify(http_server_support::progress(&json!(1))).await?;
                    pending().await
                }
                Some("hang") => pending().await,
                _ => Err::<Message, BoxError>(Unknown.into()),
            }
        }));
    Server::new(BoxCloneExchange::new(stack))
}

// items 10, 122
#[tokio::test(start_paused = true)]
async fn call_that_failed_is_an_answer_like_any_other() {
    let server = server(RespondLayer::new());
    let response = send(&server, modern(&json!("a"), "hang", &json!({}))).await;
    assert_eq!(response.status(), 200);
    let body = json_body(response).await;
    assert_eq!((&body["id"], &body["error"]["code"]), (&json!("a"), &json!(-32603)));
    assert_eq!(body["error"]["data"]["kind"], "timeout");

    let body = json_body(send(&server, modern(&json!(1), "fail", &json!({}))).await).await;
    assert_eq!(body["error"]["message"], "internal error");

    // Within a stream it is the last event.
    let response = send(&server, modern(&json!(2), "talk, then hang", &json!({}))).await;
    let mut events = http_server_support::Events::of(response);
    assert_eq!(events.next().await.unwrap()["method"], "notifications/progress");
    let last = events.next().await.unwrap();
    assert_eq!(
        (&last["id"], &last["error"]["data"]["phase"]),
        (&json!(2), &json!("idle"))
    );
    assert!(events.block().await.is_none());
}

// item 122
#[tokio::test]
async fn status_goes_by_the_code_that_a_rule_gives() {
    let layer = RespondLayer::new().on::<Unknown>(|_| Fault::new(code::METHOD_NOT_FOUND, "no such method"));
    let response = send(&server(layer), modern(&json!(1), "fail", &json!({}))).await;
    assert_eq!(refusal(response).await, (404, -32601));
    let layer = RespondLayer::new().on::<Unknown>(|_| Fault::new(7, "of our own"));
    let response = send(&server(layer), modern(&json!(1), "fail", &json!({}))).await;
    assert_eq!(refusal(response).await, (200, 7));
}

#[tokio::test]
async fn notification_that_failed_has_a_status_that_says_so() {
    let fails = RespondLayer::new().layer(unary(|_| ready(Err::<Option<Message>, _>(Unknown))));
    let body = json!({"jsonrpc": "2.0", "method": "notifications/x", "params": {"_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }}});
    let request = with(post(body.to_string()), "mcp-protocol-version", "2026-07-28");
    let request = with(request, "mcp-method", "notifications/x");
    let response = send(&Server::new(fails), request).await;
    assert_eq!(refusal(response).await, (500, -32603));
}

/// A body that fails with a text.
struct BreaksOff(String);

impl Body for BreaksOff {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Ready(Some(Err(self.0.clone().into())))
    }
}

/// The text of a refusal.
async fn text_of(response: http::Response<ServerBody>) -> String {
    json_body(response).await["error"]["message"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn refusal_is_bounded_whatever_went_wrong() {
    let long = || "x".repeat(1 << 20);
    let is_cut = |text: &str| text.len() < 2100 && text.ends_with("xxx…");

    let fails = unary(move |_| ready(Err::<Message, _>(BoxError::from(long()))));
    let server = Server::new(BoxCloneExchange::new(fails)).show_causes(true);
    let shown = text_of(send(&server, modern(&json!(1), "fail", &json!({}))).await).await;
    assert!(is_cut(&shown), "{shown}");

    // A body that breaks off says why, in its own words.
    let request = post("").map(|_| BreaksOff(long()));
    let broke_off = server.clone().oneshot(request).await.unwrap();
    assert_eq!(broke_off.status(), 400);
    assert!(is_cut(&text_of(broke_off).await));

    // What a client asked for is said back to it.
    let mut body = json!({"jsonrpc": "2.0", "id": 1, "method": "x", "params": {}});
    body["params"]["_meta"] = json!({"io.modelcontextprotocol/protocolVersion": long()});
    let request = with(post(body.to_string()), "mcp-protocol-version", &long());
    let refused = json_body(send(&server, request).await).await;
    assert!(is_cut(refused["error"]["data"]["requested"].as_str().unwrap()));
}

/// Never ready, or dead for good.
#[derive(Clone)]
struct Unready {
    dead: bool,
}

impl Service<Call> for Unready {
    type Response = Reply;
    type Error = Unknown;
    type Future = Ready<Result<Reply, Unknown>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Unknown>> {
        match self.dead {
            true => Poll::Ready(Err(Unknown)),
            false => Poll::Pending,
        }
    }

    fn call(&mut self, _: Call) -> Self::Future {
        panic!("called unready")
    }
}

async fn refused(dead: bool) -> Value {
    let server = Server::new(RespondLayer::new().layer(Unready { dead }));
    let response = send(&server, modern(&json!(1), "x", &json!({}))).await;
    assert_eq!(response.status(), 503);
    json_body(response).await["error"].clone()
}

#[tokio::test(start_paused = true)]
async fn call_that_never_began_is_refused_by_the_server() {
    assert_eq!(
        refused(true).await["data"],
        json!({"origin": "transport", "kind": "internal", "may_have_run": false, "retryable": false})
    );
    let error = refused(false).await;
    let data = &error["data"];
    assert_eq!((&data["kind"], &data["phase"]), (&json!("timeout"), &json!("ready")));
    assert_eq!(
        (&data["may_have_run"], &data["retryable"]),
        (&json!(false), &json!(true))
    );
    assert!(
        error["message"].as_str().unwrap().contains("try again later"),
        "{error}"
    );
}

// item 10
#[tokio::test]
async fn server_says_of_a_call_that_it_lost_that_it_may_have_run() {
    let probe: Arc<Probe> = Arc::default();
    let server = probe.server();
    let session = open(&server).await;
    let ask = http_server_support::request(1, "panic", &json!({}));
    let body = json_body(send(&server, http_server_support::legacy(&session, &ask)).await).await;
    assert_eq!(
        body["error"]["data"],
        json!({"origin": "transport", "kind": "lost", "may_have_run": true, "retryable": false})
    );

    let ask = http_server_support::request(2, "hang", &json!({}));
    let waiting = tokio::spawn({
        let server = server.clone();
        let request = http_server_support::legacy(&session, &ask);
        async move { json_body(send(&server, request).await).await }
    });
    until(|| probe.begun() == 3).await;
    assert_eq!(
        send(&server, http_server_support::delete(Some(&session)))
            .await
            .status(),
        204
    );
    let body = waiting.await.unwrap();
    assert_eq!(
        body["error"]["data"],
        json!({"origin": "transport", "kind": "disconnected", "may_have_run": true, "retryable": false})
    );
}
