use super::{Gateway, within};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

/// A whole response.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) session: Option<String>,
    pub(crate) text: String,
}

/// A session of 2025-11-25.
pub(crate) struct Session<'a> {
    gateway: &'a Gateway,
    pub(crate) id: String,
}

impl Gateway {
    /// Sends a request, and gives the response's head as soon as it comes.
    pub(crate) async fn send(&self, request: Request<String>) -> Response<Incoming> {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let request = request.map(|body| Full::new(Bytes::from(body)));
        within(30, "a response", client.request(request)).await.unwrap()
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> http::request::Builder {
        Request::builder().method(method).uri(format!("{}{path}", self.origin))
    }

    pub(crate) fn post(&self) -> http::request::Builder {
        self.request(Method::POST, "/mcp")
            .header("Content-Type", "application/json")
            .header("Accept", "application/json, text/event-stream")
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let request = self.request(Method::GET, path).body(String::new()).unwrap();
        Answer::read(self.send(request).await).await
    }

    /// A request of 2026-07-28.
    pub(crate) fn modern(&self, method: &str, mut params: Value) -> Request<String> {
        params["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2026-07-28");
        params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({});
        let mut request = self
            .post()
            .header("MCP-Protocol-Version", "2026-07-28")
            .header("Mcp-Method", method);
        if let Some(name) = params["name"].as_str() {
            request = request.header("Mcp-Name", name);
        }
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        request.body(body.to_string()).unwrap()
    }

    /// Calls a tool as 2026-07-28 does, without a session.
    pub(crate) async fn tool(&self, name: &str, arguments: Value) -> Answer {
        let params = json!({ "name": name, "arguments": arguments });
        Answer::read(self.send(self.modern("tools/call", params)).await).await
    }

    pub(crate) async fn initialize(&self) -> Answer {
        let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "t", "version": "0" } });
        let body = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params });
        Answer::read(self.send(self.post().body(body.to_string()).unwrap()).await).await
    }

    pub(crate) async fn session(&self) -> Session<'_> {
        let answer = self.initialize().await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let session = Session {
            gateway: self,
            id: answer.session.expect("a session id"),
        };
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        assert_eq!(session.post(&initialized).await.status, 202);
        session
    }
}

impl Session<'_> {
    pub(crate) async fn post(&self, message: &Value) -> Answer {
        Answer::read(self.send(message).await).await
    }

    pub(crate) async fn send(&self, message: &Value) -> Response<Incoming> {
        let request = self.gateway.post().header("Mcp-Session-Id", &self.id);
        self.gateway.send(request.body(message.to_string()).unwrap()).await
    }

    pub(crate) async fn tool(&self, name: &str, arguments: Value) -> Answer {
        let params = json!({ "name": name, "arguments": arguments });
        self.post(&json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }))
            .await
    }

    /// Opens the stream of what the server sends outside of its answers.
    pub(crate) async fn listen(&self) -> Response<Incoming> {
        let request = self
            .gateway
            .request(Method::GET, "/mcp")
            .header("Mcp-Session-Id", &self.id);
        let request = request
            .header("Accept", "text/event-stream")
            .body(String::new())
            .unwrap();
        self.gateway.send(request).await
    }

    pub(crate) async fn delete(self) -> Answer {
        let request = self
            .gateway
            .request(Method::DELETE, "/mcp")
            .header("Mcp-Session-Id", &self.id);
        Answer::read(self.gateway.send(request.body(String::new()).unwrap()).await).await
    }
}

impl Answer {
    pub(crate) async fn read(response: Response<Incoming>) -> Answer {
        let (parts, body) = response.into_parts();
        let body = within(30, "a body", body.collect()).await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            session: parts
                .headers
                .get("mcp-session-id")
                .map(|id| id.to_str().unwrap().to_owned()),
            text: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    /// The messages: those of an event stream, or the one that is the body.
    pub(crate) fn messages(&self) -> Vec<Value> {
        let data: Vec<&str> = self
            .text
            .lines()
            .filter_map(|line| line.strip_prefix("data: "))
            .collect();
        if data.is_empty() {
            return vec![serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {:?}", self.text))];
        }
        data.into_iter()
            .map(|data| serde_json::from_str(data).unwrap())
            .collect()
    }

    /// The answer proper, which is the last message.
    pub(crate) fn message(&self) -> Value {
        self.messages().pop().unwrap()
    }

    /// What a tool said.
    pub(crate) fn said(&self) -> String {
        let message = self.message();
        let text = &message["result"]["content"][0]["text"];
        text.as_str().unwrap_or_else(|| panic!("no text: {message}")).to_owned()
    }

    /// The message of a JSON-RPC error.
    pub(crate) fn error(&self) -> String {
        let message = self.message();
        let text = &message["error"]["message"];
        text.as_str()
            .unwrap_or_else(|| panic!("no error: {message}"))
            .to_owned()
    }
}
