use crate::tool::{Era, Tool};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// A hang guard. It is under the gateway's own idle timeout, so what that ends counts as hung.
const PATIENCE: Duration = Duration::from_secs(45);

/// One connection. Dropped, it closes at once, whatever it is in the middle of.
pub(crate) struct Connection {
    address: SocketAddr,
    requests: SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
}

/// What came for a call, read to its end.
pub(crate) struct Answer {
    /// What came before the response.
    pub(crate) before: Vec<Value>,
    pub(crate) response: Value,
}

/// What a call without a 200 got.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) status: StatusCode,
    pub(crate) said: String,
}

pub(crate) async fn bounded<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future)
        .await
        .unwrap_or_else(|_| panic!("{what} hangs"))
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Connection {
        let stream = bounded("connecting", TcpStream::connect(address)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (requests, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        let driver = tokio::spawn(async move {
            // How it ends is seen by the calls that it carries.
            let _ended = connection.await;
        });
        Connection {
            address,
            requests,
            driver,
        }
    }

    pub(crate) fn request(&self, method: Method) -> http::request::Builder {
        Request::builder()
            .method(method)
            .uri("/mcp")
            .header("Host", self.address.to_string())
            .header("Content-Type", "application/json")
            .header("Accept", "application/json, text/event-stream")
    }

    /// Sends a request, and gives the response's head.
    pub(crate) async fn send(&mut self, request: Request<String>) -> Response<Incoming> {
        let what = format!("{} {:?}", request.method(), request.body());
        let request = request.map(|body| Full::new(Bytes::from(body)));
        bounded(&what, async {
            self.requests
                .ready()
                .await
                .unwrap_or_else(|error| panic!("{what}: {error}"));
            self.requests
                .send_request(request)
                .await
                .unwrap_or_else(|error| panic!("{what}: {error}"))
        })
        .await
    }

    pub(crate) async fn post(&mut self, request: http::request::Builder, body: &Value) -> Response<Incoming> {
        self.send(request.body(body.to_string()).unwrap()).await
    }

    /// Calls a tool, and reads what comes to its end.
    pub(crate) async fn call(&mut self, era: impl Era, id: u64, tool: &Tool) -> Result<Answer, Refused> {
        let (request, body) = era.call(self.request(Method::POST), tool, id);
        let response = self.post(request, &body).await;
        Answer::read(response, id).await
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Answer {
    /// Reads a response's body, which has one answer, with the id of the request, at its end.
    pub(crate) async fn read(response: Response<Incoming>, id: u64) -> Result<Answer, Refused> {
        let (head, body) = response.into_parts();
        let body = bounded("a body", body.collect())
            .await
            .expect("a body that ends")
            .to_bytes();
        let text = String::from_utf8(body.to_vec()).unwrap();
        if head.status != StatusCode::OK {
            return Err(Refused {
                status: head.status,
                said: text,
            });
        }
        let is_stream = head.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/event-stream");
        let mut messages: Vec<Value> = if is_stream {
            let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
            data.map(|data| serde_json::from_str(data).unwrap()).collect()
        } else {
            vec![serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text:?}"))]
        };
        let response = messages.pop().unwrap_or_else(|| panic!("no answer: {text:?}"));
        assert_eq!(response["id"], id, "the answer of another call, or none: {text:?}");
        assert!(
            response.get("result").is_some() != response.get("error").is_some(),
            "{text:?}"
        );
        assert!(
            messages.iter().all(|message| message.get("id").is_none()),
            "more than one answer: {text:?}"
        );
        Ok(Answer {
            before: messages,
            response,
        })
    }

    /// The text of the tool's result, or the message of the gateway's own error; a server's error is not expected.
    pub(crate) fn result(&self) -> Result<&str, &str> {
        let Some(error) = self.response.get("error") else {
            let text = &self.response["result"]["content"][0]["text"];
            return Ok(text.as_str().unwrap_or_else(|| panic!("no text: {}", self.response)));
        };
        assert_eq!(error["data"]["origin"], "transport", "{error}");
        Err(error["message"].as_str().unwrap())
    }
}
