//! A client by hand, and an exchange that does what a test asks for.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its share")]

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use tower::ServiceExt;
use tower_transport::BoxError;
use tower_transport::exchange::{BoxCloneExchange, Call, Input, Peer, handler_fn};
use tower_transport::http::{Server, ServerBody};
use tower_transport::message::{Id, Message, code};

/// Longer than anything here waits for, so that what hangs fails.
const HANGS: Duration = Duration::from_secs(120);

pub const ACCEPT: &str = "application/json, text/event-stream";

/// What the exchange of a test saw, and the strings that it hangs on.
#[derive(Default)]
pub struct Probe {
    pub begun: AtomicUsize,
    pub dropped: AtomicUsize,
    pub finished: AtomicUsize,
    pub notifications: Mutex<Vec<String>>,
    pub listener: Mutex<Option<Peer>>,
    pub listening: AtomicUsize,
    pub go: Notify,
}

impl Probe {
    pub fn exchange(self: &Arc<Self>) -> BoxCloneExchange {
        let probe = Arc::clone(self);
        BoxCloneExchange::new(handler_fn(move |call: Call, peer: Peer| {
            Arc::clone(&probe).handle(call, peer)
        }))
    }

    pub fn server(self: &Arc<Self>) -> Server<BoxCloneExchange> {
        Server::new(self.exchange())
    }

    async fn handle(self: Arc<Self>, call: Call, peer: Peer) -> Result<Option<Message>, BoxError> {
        let Input::Message(message) = call.input else {
            let _listening = Count::up(&self, |probe| &probe.listening);
            *self.listener.lock().unwrap() = Some(peer);
            return pending().await;
        };
        let method = message.method().unwrap().into_owned();
        if message.id().is_none() {
            if method == "notifications/slow" {
                self.begun.fetch_add(1, Ordering::SeqCst);
                self.go.notified().await;
            }
            self.notifications.lock().unwrap().push(method);
            return Ok(None);
        }
        self.begun.fetch_add(1, Ordering::SeqCst);
        let mut guard = Guard {
            probe: Arc::clone(&self),
            finished: false,
        };
        let params: Value = message.decode()?;
        let answer = match &*method {
            "initialize" => Message::response(&Id::null(), &json!({"protocolVersion": params["protocolVersion"]}))?,
            "echo" => Message::response(&Id::null(), &params)?,
            "progress" => {
                for n in 0..params["n"].as_u64().unwrap() {
                    peer.notify(progress(&json!(n))).await?;
                }
                Message::response(&Id::null(), &"done")?
            }
            // As much as the client cares to read, and on when there is none.
            "flood" => {
                let text = "x".repeat(params["size"].as_u64().unwrap() as usize);
                for _ in 0..params["n"].as_u64().unwrap() {
                    peer.notify(progress(&json!(text))).await?;
                }
                Message::response(&Id::null(), &"done")?
            }
            "ask" => {
                let ask = Message::request(&Id::number(7), "sampling/createMessage", &params)?;
                let answer = peer.request(ask).await?;
                Message::response(&Id::null(), &json!({"answer": answer.decode::<Value>()?}))?
            }
            "ask, then leave" => {
                let ask = Message::request(&Id::number(7), "ping", &params)?;
                tokio::spawn(async move { peer.request(ask).await });
                tokio::task::yield_now().await;
                Message::response(&Id::null(), &"left")?
            }
            "give up asking" => {
                let ask = peer.request(Message::request(&Id::number(7), "sampling/createMessage", &params)?);
                let gave_up = tokio::time::timeout(Duration::from_millis(20), ask).await.is_err();
                self.go.notified().await;
                Message::response(&Id::null(), &gave_up)?
            }
            "wait, then ask" => {
                self.go.notified().await;
                let ask = Message::request(&Id::number(7), "sampling/createMessage", &params)?;
                let answer = peer.request(ask).await?;
                self.finished.fetch_add(1, Ordering::SeqCst);
                Message::response(&Id::null(), &json!({"answer": answer.decode::<Value>()?}))?
            }
            "wait" => {
                self.go.notified().await;
                self.finished.fetch_add(1, Ordering::SeqCst);
                Message::response(&Id::null(), &"waited")?
            }
            "talk, then wait" => {
                peer.notify(progress(&json!(1))).await?;
                self.go.notified().await;
                Message::response(&Id::null(), &"waited")?
            }
            "hang" | "subscriptions/listen" => pending().await,
            "fail" => return Err(Box::new(Failed(std::io::Error::other("exit status 7")))),
            "panic" => panic!("as the test asked"),
            "error" => {
                let code = params["code"].as_i64().unwrap();
                Message::error(&Id::null(), code, "as asked")
            }
            _ => Message::error(&Id::null(), code::METHOD_NOT_FOUND, "unknown method"),
        };
        guard.finished = true;
        Ok(Some(answer))
    }

    pub fn dropped(&self) -> usize {
        self.dropped.load(Ordering::SeqCst)
    }
    pub fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }
    pub fn finished(&self) -> usize {
        self.finished.load(Ordering::SeqCst)
    }
    pub fn listening(&self) -> usize {
        self.listening.load(Ordering::SeqCst)
    }
}

struct Guard {
    probe: Arc<Probe>,
    finished: bool,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.finished {
            self.probe.dropped.fetch_add(1, Ordering::SeqCst);
        }
    }
}

struct Count<'a>(&'a AtomicUsize);

impl<'a> Count<'a> {
    fn up(probe: &'a Probe, which: impl Fn(&'a Probe) -> &'a AtomicUsize) -> Count<'a> {
        let count = which(probe);
        count.fetch_add(1, Ordering::SeqCst);
        Count(count)
    }
}

impl Drop for Count<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[derive(Debug)]
struct Failed(std::io::Error);

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the child has died")
    }
}

impl std::error::Error for Failed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

pub fn progress(value: &Value) -> Message {
    Message::notification(
        "notifications/progress",
        &json!({"progressToken": 1, "progress": value}),
    )
    .unwrap()
}

/// A POST with the headers that every revision asks for.
pub fn post(body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    Request::post("/mcp")
        .header(header::HOST, "localhost:8080")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, ACCEPT)
        .body(Full::new(body.into()))
        .unwrap()
}

/// A whole request of 2026-07-28.
pub fn modern(id: &Value, method: &str, params: &Value) -> Request<Full<Bytes>> {
    let mut body = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
    body["params"]["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let name = params
        .get("name")
        .or(params.get("uri"))
        .and_then(Value::as_str)
        .map(str::to_owned);
    let mut request = with(post(body.to_string()), "mcp-protocol-version", "2026-07-28");
    request = with(request, "mcp-method", method);
    match name {
        Some(name) => with(request, "mcp-name", &name),
        None => request,
    }
}

/// A message within a session.
pub fn legacy(session: &str, message: &Value) -> Request<Full<Bytes>> {
    with(post(message.to_string()), "mcp-session-id", session)
}

pub fn request(id: impl Into<Value>, method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id.into(), "method": method, "params": params})
}

pub fn initialize() -> Value {
    request(
        0,
        "initialize",
        &json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}),
    )
}

pub fn get(session: Option<&str>) -> Request<Full<Bytes>> {
    bare("GET", session)
}

pub fn delete(session: Option<&str>) -> Request<Full<Bytes>> {
    bare("DELETE", session)
}

fn bare(method: &str, session: Option<&str>) -> Request<Full<Bytes>> {
    let mut request = Request::builder()
        .method(method)
        .uri("/mcp")
        .header(header::ACCEPT, "text/event-stream");
    if let Some(session) = session {
        request = request.header("Mcp-Session-Id", session);
    }
    request.body(Full::default()).unwrap()
}

pub fn with<B>(mut request: Request<B>, name: &'static str, value: &str) -> Request<B> {
    request.headers_mut().insert(name, value.parse().unwrap());
    request
}

pub fn without<B>(mut request: Request<B>, name: &'static str) -> Request<B> {
    request.headers_mut().remove(name);
    request
}

pub async fn send<S>(server: &S, request: Request<Full<Bytes>>) -> Response<ServerBody>
where
    S: tower::Service<Request<Full<Bytes>>, Response = Response<ServerBody>, Error = std::convert::Infallible> + Clone,
{
    let answered = tokio::time::timeout(HANGS, server.clone().oneshot(request)).await;
    let Ok(response) = answered.expect("no request hangs");
    response
}

/// Opens a session.
pub async fn open<S>(server: &S) -> String
where
    S: tower::Service<Request<Full<Bytes>>, Response = Response<ServerBody>, Error = std::convert::Infallible> + Clone,
{
    let response = send(server, post(initialize().to_string())).await;
    assert_eq!(response.status(), 200);
    response.headers()["mcp-session-id"].to_str().unwrap().to_owned()
}

pub async fn json_body(response: Response<ServerBody>) -> Value {
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&bytes).unwrap()
}

/// Status and JSON-RPC error code of a refusal.
pub async fn refusal(response: Response<ServerBody>) -> (u16, i64) {
    let status = response.status().as_u16();
    (status, json_body(response).await["error"]["code"].as_i64().unwrap())
}

/// What an event stream holds.
pub struct Events {
    body: Pin<Box<ServerBody>>,
    text: String,
}

impl Events {
    pub fn of(response: Response<ServerBody>) -> Events {
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-cache");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        Events {
            body: Box::pin(response.into_body()),
            text: String::new(),
        }
    }

    /// The next block, which is a comment or an event, as it stands.
    pub async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(block);
            }
            let frame = tokio::time::timeout(HANGS, self.body.frame()).await;
            let frame = frame.expect("no stream hangs")?.unwrap();
            self.text += std::str::from_utf8(&frame.into_data().unwrap()).unwrap();
        }
    }

    /// The next message.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            let block = self.block().await?;
            if block == ":" {
                continue;
            }
            let data = block.strip_prefix("event: message\ndata: ").unwrap();
            assert!(!data.contains(['\n', '\r']));
            return Some(serde_json::from_str(data).unwrap());
        }
    }
}

/// Waits until something holds, which it does soon.
pub async fn until(what: impl Fn() -> bool) {
    for _ in 0..10_000 {
        if what() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("it never came true");
}

/// Lets a future go on as far as it can, then drops it.
pub async fn begin_and_drop(future: impl Future, until_begun: impl Fn() -> bool) {
    tokio::select! {
        biased;
        _ = future => panic!("it was to be dropped midway"),
        () = until(until_begun) => {}
    }
}
