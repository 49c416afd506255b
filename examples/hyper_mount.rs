//! An exchange per session over plain hyper, with a graceful stop.
//!
//! Without an argument it serves on a free port, opens a session, prints what it is told, and stops. With an address it serves there
//! until Ctrl-C: `cargo run --features http-server --example hyper_mount -- 127.0.0.1:8080`

use http::{Request, header};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use serde_json::json;
use std::convert::Infallible;
use std::error::Error;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tower_transport::exchange::{BoxCloneExchange, Call, Input, Peer, PeerGone, handler_fn};
use tower_transport::http::{Server, Session};
use tower_transport::message::{Id, Message};

/// How long running calls have when the server stops.
const GRACE: Duration = Duration::from_secs(5);

/// Called for each new session: here a child process could be spawned.
fn make(_: Session) -> Ready<Result<BoxCloneExchange, Infallible>> {
    ready(Ok(BoxCloneExchange::new(handler_fn(greet))))
}

async fn greet(call: Call, peer: Peer) -> Result<Option<Message>, PeerGone> {
    let Input::Message(_) = call.input else {
        return Ok(None);
    };
    let progress = Message::notification("notifications/message", &json!({"level": "info", "data": "warming up"}));
    if let Ok(progress) = progress {
        peer.notify(progress).await?;
    }
    Ok(Message::response(
        &Id::null(),
        &json!({"protocolVersion": "2025-11-25", "capabilities": {}}),
    )
    .ok())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1);
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:0")).await?;
    let local = listener.local_addr()?;
    println!("serving http://{local}/mcp");

    let server = Server::per_session(tower::service_fn(make)).path("/mcp");
    let handle = server.handle();
    let connections = GracefulShutdown::new();
    let accept = async {
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            // Without a timer hyper has no limit on how long a request's head may take.
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(Duration::from_secs(10))
                .serve_connection(TokioIo::new(stream), TowerToHyperService::new(server.clone()));
            tokio::spawn(connections.watch(connection));
        }
    };
    let stop = async {
        if address.is_some() {
            return Ok(tokio::signal::ctrl_c().await?);
        }
        println!("{}", open(local).await?);
        Ok(())
    };
    tokio::select! {
        ended = accept => ended,
        stopped = stop => {
            // Streams first: a connection with an open stream is never idle.
            let graceful = async {
                handle.drain().await;
                connections.shutdown().await;
            };
            if tokio::time::timeout(GRACE, graceful).await.is_err() {
                println!("{} calls were still running", handle.calls());
            }
            stopped
        }
    }
}

async fn open(address: SocketAddr) -> Result<String, Box<dyn Error>> {
    let (mut client, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(TcpStream::connect(address).await?)).await?;
    tokio::spawn(connection);
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "example", "version": "1"},
    }});
    let request = Request::post("/mcp")
        .header(header::HOST, address.to_string())
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json, text/event-stream")
        .body(Full::<bytes::Bytes>::from(body.to_string()))?;
    let response = client.send_request(request).await?;
    Ok(String::from_utf8(
        response.into_body().collect().await?.to_bytes().into(),
    )?)
}
