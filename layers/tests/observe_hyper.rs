//! How exchanges end over a real server, which drops bodies that it need not read.

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use metrics::with_local_recorder;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::ready;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tower::{ServiceBuilder, service_fn};
use tower_transport_layers::metrics::MetricsLayer;
use tower_transport_layers::trace::TraceLayer;

/// A body that is never known to be at its end before it is polled for it.
struct Untold {
    chunks: VecDeque<&'static str>,
    /// What it says of its size, if it says anything.
    size: Option<u64>,
    /// Whether it goes on for ever, in silence.
    endless: bool,
}

fn untold(chunks: impl IntoIterator<Item = &'static str>) -> Untold {
    Untold {
        chunks: chunks.into_iter().collect(),
        size: None,
        endless: false,
    }
}

impl Body for Untold {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.chunks.pop_front() {
            Some(chunk) => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(chunk.as_bytes()))))),
            None if self.endless => Poll::Pending,
            None => Poll::Ready(None),
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.size.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The outcome of the one request that is answered with `response`, by the metrics and by the trace, and what the client got. The client
/// hangs up when it has read `until`.
fn outcome(method: &str, response: Response<Untold>, until: &str) -> ([&'static str; 2], String) {
    let recorder = DebuggingRecorder::new();
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let got = with_local_recorder(&recorder, || {
        tracing::subscriber::with_default(subscriber, || runtime.block_on(exchange(method, response, until)))
    });
    let counted = recorder.snapshotter().snapshot().into_vec();
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let outcomes = ["ok", "error", "cancelled", "panicked"];
    let counted = outcomes.into_iter().find(|outcome| {
        counted.iter().any(|(key, _, _, value)| {
            let key = key.key();
            key.name() == "exchange_calls_total"
                && key.labels().any(|label| label.value() == *outcome)
                && *value == DebugValue::Counter(1)
        })
    });
    let logged = outcomes
        .into_iter()
        .find(|outcome| log.contains(&format!("outcome=\"{outcome}\"")));
    ([counted, logged].map(|outcome| outcome.expect("one outcome")), got)
}

async fn exchange(method: &str, response: Response<Untold>, until: &str) -> String {
    let response = Arc::new(Mutex::new(Some(response)));
    let service = ServiceBuilder::new()
        .layer(TraceLayer::new())
        .layer(MetricsLayer::new())
        .service(service_fn(move |_: Request<Incoming>| {
            ready(Ok::<_, Infallible>(
                response.lock().unwrap().take().expect("one request"),
            ))
        }));
    let (mut client, server) = duplex(1024);
    let serve = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(server), TowerToHyperService::new(service));
    let ask = async {
        let request = format!("{method} / HTTP/1.1\r\nhost: a\r\n\r\n");
        client.write_all(request.as_bytes()).await.unwrap();
        let mut got = Vec::new();
        while !got.ends_with(until.as_bytes()) {
            assert_ne!(client.read_buf(&mut got).await.unwrap(), 0, "the server hung up");
        }
        drop(client);
        String::from_utf8(got).unwrap()
    };
    // A client that hangs up while it is answered is an error to the server.
    let (_served, got) = tokio::join!(serve, ask);
    got
}

const END_OF_HEAD: &str = "\r\n\r\n";

#[test]
fn answer_to_head_is_over_with_its_head() {
    let mut body = untold(["body"]);
    body.endless = true;
    let (outcomes, got) = outcome("HEAD", Response::new(body), END_OF_HEAD);
    assert_eq!(outcomes, ["ok", "ok"]);
    assert!(got.starts_with("HTTP/1.1 200 OK"));

    let mut response = Response::new(untold(["body"]));
    response.headers_mut().insert(CONTENT_LENGTH, 4.into());
    let (outcomes, got) = outcome("HEAD", response, END_OF_HEAD);
    assert_eq!(outcomes, ["ok", "ok"]);
    assert!(got.contains("content-length: 4"), "{got}");
}

#[test]
fn answer_of_a_status_without_content_is_over_with_its_head() {
    for status in [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED] {
        let mut response = Response::new(untold(["body"]));
        *response.status_mut() = status;
        assert_eq!(outcome("GET", response, END_OF_HEAD).0, ["ok", "ok"], "{status}");
    }
    // The length is that of the answer which this one stands for.
    let mut response = Response::new(untold([]));
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    response.headers_mut().insert(CONTENT_LENGTH, 4.into());
    assert_eq!(outcome("GET", response, END_OF_HEAD).0, ["ok", "ok"]);
}

#[test]
fn body_is_over_when_as_much_of_it_is_out_as_it_says_that_it_has() {
    let mut body = untold(["bo", "dy"]);
    body.size = Some(4);
    body.endless = true;
    let (outcomes, got) = outcome("GET", Response::new(body), "body");
    assert_eq!(outcomes, ["ok", "ok"]);
    assert!(got.contains("content-length: 4"), "{got}");
}

#[test]
fn body_of_unknown_length_is_over_at_its_end_and_cancelled_before() {
    let (outcomes, _) = outcome("GET", Response::new(untold(["body"])), "0\r\n\r\n");
    assert_eq!(outcomes, ["ok", "ok"]);

    let mut body = untold(["body"]);
    body.endless = true;
    let (outcomes, _) = outcome("GET", Response::new(body), "body\r\n");
    assert_eq!(outcomes, ["cancelled", "cancelled"]);
}
