//! POST round trips over loopback, interleaved in one run: bare hyper (gathers the body, answers with fixed bytes), `http::Server` over an
//! exchange that answers at once, and the same with five layers: trace, timeout, in-flight limit, message size, buffer pool. What counts is
//! the server's CPU per request, as a ratio.
//!
//! ```text
//! cargo bench -p tower-transport-benches --bench http
//! cargo bench -p tower-transport-benches --bench http -- --rounds 3 --seconds 0.3 --payload 4096 --connections 1,16
//! ```
//!
//! Client and server are this one binary, each on a current-thread runtime. The client is hyper's, one connection per call in flight, and goes
//! by rounds: all connections send, then wait for all answers, so that the server is woken for as many requests in each variant. A request is
//! one of MCP 2026-07-28, with its headers, in all variants.
#![allow(missing_docs)]

#[path = "support/args.rs"]
mod args;
#[path = "support/cpu.rs"]
mod cpu;

use args::Args;
use bytes::Bytes;
use cpu::cpu;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Barrier;
use tokio::time::Instant;
use tower::ServiceBuilder;
use tower_transport::exchange::{Patience, unary};
use tower_transport::http::Server;
use tower_transport::layers::buffer_pool::BufferPool;
use tower_transport::layers::in_flight::InFlightLayer;
use tower_transport::layers::max_message_size::MaxMessageSizeLayer;
use tower_transport::layers::timeout::TimeoutLayer;
use tower_transport::layers::trace::TraceLayer;
use tower_transport::message::{Id, Message};

const VARIANTS: [&str; 3] = ["hyper", "ours", "stack"];

fn main() {
    let args = Args::new();
    if let Some([variant, payload, ..]) = args.after("--serve") {
        return runtime().block_on(serve(variant, args::parse(payload)));
    }
    let rounds = args.number("--rounds", 5);
    let seconds = args.number("--seconds", 0.5);
    println!("{rounds} rounds of {seconds} s, current-thread runtimes; medians over the rounds");
    println!("payload  in flight  variant   requests/s   server CPU us/request   x hyper    x ours");
    for payload in args.numbers("--payload", &[200, 4096]) {
        for connections in args.numbers("--connections", &[1, 16]) {
            let mut samples = VARIANTS.map(|_| Vec::new());
            for _ in 0..rounds {
                for (variant, samples) in VARIANTS.iter().zip(&mut samples) {
                    let time = Duration::from_secs_f64(seconds);
                    samples.push(runtime().block_on(measure(variant, payload, connections, time)));
                }
            }
            let medians = samples.map(|samples| {
                let median = |mut values: Vec<f64>| {
                    values.sort_by(f64::total_cmp);
                    values[values.len() / 2]
                };
                (
                    median(samples.iter().map(|s| s.0).collect()),
                    median(samples.iter().map(|s| s.1).collect()),
                )
            });
            for (variant, (rate, cpu)) in VARIANTS.iter().zip(medians) {
                let [hyper, ours] = [0, 1].map(|at: usize| cpu / medians[at].1);
                println!(
                    "{payload:>7}  {connections:>9}  {variant:<7} {rate:>12.0} {cpu:>23.2} {hyper:>9.2} {ours:>9.3}"
                );
            }
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

async fn serve(variant: &str, payload: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    println!("{}", listener.local_addr().expect("bound"));
    let answer = Message::response(&Id::number(1), &text(payload)).expect("serialises");
    let fixed = answer.to_bytes();
    let exchange = unary(move |_: Message| std::future::ready(Ok::<_, Infallible>(answer.clone())));
    let ours = Server::new(exchange.clone());
    let far = Duration::from_secs(60);
    let stack = Server::new(
        ServiceBuilder::new()
            .layer(TraceLayer::new())
            .layer(
                TimeoutLayer::new()
                    .first_item(far)
                    .idle(far)
                    .total(far)
                    .policy(Patience::new()),
            )
            .layer(InFlightLayer::new(NonZeroUsize::new(64).expect("not zero")))
            .layer(MaxMessageSizeLayer::new(4 << 20))
            .service(exchange),
    )
    .buffer_pool(BufferPool::new(64 << 10, 64).expect("blocks"));
    loop {
        let (stream, _) = listener.accept().await.expect("accepted");
        stream.set_nodelay(true).expect("a TCP stream");
        let mut http = hyper::server::conn::http1::Builder::new();
        http.timer(TokioTimer::new());
        let io = TokioIo::new(stream);
        let fixed = fixed.clone();
        match variant {
            "hyper" => {
                let service = service_fn(move |request: Request<Incoming>| {
                    let fixed = fixed.clone();
                    async move {
                        let body = Limited::new(request.into_body(), 4 << 20)
                            .collect()
                            .await
                            .expect("a body");
                        std::hint::black_box(body.to_bytes());
                        let response = Response::builder().header(header::CONTENT_TYPE, "application/json");
                        Ok::<_, Infallible>(response.body(Full::new(fixed)).expect("a response"))
                    }
                });
                tokio::spawn(async move { http.serve_connection(io, service).await });
            }
            "stack" => {
                let service = TowerToHyperService::new(stack.clone());
                tokio::spawn(async move { http.serve_connection(io, service).await });
            }
            _ => {
                let service = TowerToHyperService::new(ours.clone());
                tokio::spawn(async move { http.serve_connection(io, service).await });
            }
        }
    }
}

/// Requests per second, and the server's CPU in microseconds per request.
async fn measure(variant: &str, payload: usize, connections: usize, time: Duration) -> (f64, f64) {
    let exe = std::env::current_exe().expect("our own path");
    let mut child = tokio::process::Command::new(exe)
        .args(["--serve", variant, &payload.to_string()])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("a child");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let address = lines.next_line().await.expect("read").expect("an address");
    let pid = child.id().expect("runs");

    let body = Bytes::from(format!(
        concat!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"_meta":{{"#,
            r#""io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{{}}}},"#,
            r#""name":"echo","arguments":{{"text":{:?}}}}}}}"#
        ),
        text(payload)
    ));
    let done = Arc::new(AtomicU64::new(0));
    let mut senders = Vec::new();
    for _ in 0..connections {
        let stream = TcpStream::connect(&address).await.expect("connected");
        stream.set_nodelay(true).expect("a TCP stream");
        let (sender, connection) = hyper::client::conn::http1::handshake::<_, Full<Bytes>>(TokioIo::new(stream))
            .await
            .expect("HTTP");
        tokio::spawn(connection);
        senders.push(sender);
    }
    let started = Instant::now();
    let before = cpu(pid);
    let (round, over) = (Arc::new(Barrier::new(connections)), Arc::new(AtomicBool::new(false)));
    let callers: Vec<_> = senders
        .into_iter()
        .map(|mut sender| {
            let (address, body, done) = (address.clone(), body.clone(), done.clone());
            let (round, over) = (round.clone(), over.clone());
            tokio::spawn(async move {
                while !over.load(Relaxed) {
                    // The last one to come goes on at once, so that all others see what it says in the next round.
                    if round.wait().await.is_leader() {
                        over.store(started.elapsed() >= time, Relaxed);
                    }
                    let request = Request::post("/mcp")
                        .header(header::HOST, &address)
                        .header(header::CONTENT_TYPE, "application/json")
                        .header(header::ACCEPT, "application/json, text/event-stream")
                        .header("mcp-protocol-version", "2026-07-28")
                        .header("mcp-method", "tools/call")
                        .header("mcp-name", "echo")
                        .body(Full::new(body.clone()))
                        .expect("a request");
                    let response = sender.send_request(request).await.expect("answered");
                    assert!(response.status().is_success(), "{}", response.status());
                    response.into_body().collect().await.expect("a body");
                    done.fetch_add(1, Relaxed);
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("no panic");
    }
    let took = started.elapsed().as_secs_f64();
    let done = done.load(Relaxed) as f64;
    (done / took, (cpu(pid) - before) * 1e6 / done)
}

fn text(payload: usize) -> String {
    "x".repeat(payload.saturating_sub(60).max(1))
}
