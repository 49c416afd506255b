//! An exchange beside other routes of an axum application.
//!
//! Without an argument it serves on a free port, asks itself one question, prints the answer and ends. With an address it serves there:
//! `cargo run --features http-server --example axum_mount -- 127.0.0.1:8080`

use axum::Router;
use axum::routing::get;
use axum::serve::ListenerExt;
use http::{Request, header};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::json;
use std::error::Error;
use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpStream};
use tower_transport::exchange::unary;
use tower_transport::http::Server;
use tower_transport::message::{Id, Message, code};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let exchange = unary(async |request: Message| match request.method().as_deref() {
        Some("server/discover") => Message::response(
            &Id::null(),
            &json!({"resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": {}}),
        ),
        _ => Ok(Message::error(&Id::null(), code::METHOD_NOT_FOUND, "unknown method")),
    });
    let server = Server::new(exchange);
    let handle = server.handle();
    let router = Router::new()
        .route_service("/mcp", server)
        .route("/sessions", get(async move || handle.sessions().to_string()));

    let address = std::env::args().nth(1);
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:0")).await?;
    let local = listener.local_addr()?;
    println!("serving http://{local}/mcp");
    // Without it what takes two writes, as a stream does, waits for the acknowledgement of the first: 40 ms.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            eprintln!("TCP_NODELAY: {error}");
        }
    });
    let serving = axum::serve(listener, router);
    if address.is_some() {
        return Ok(serving.await?);
    }
    tokio::select! {
        ended = async { serving.await } => Ok(ended?),
        answer = ask(local) => {
            println!("{}", answer?);
            Ok(())
        }
    }
}

async fn ask(address: SocketAddr) -> Result<String, Box<dyn Error>> {
    let (mut client, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(TcpStream::connect(address).await?)).await?;
    tokio::spawn(connection);
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": {"_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }}});
    let request = Request::post("/mcp")
        .header(header::HOST, address.to_string())
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json, text/event-stream")
        .header("MCP-Protocol-Version", "2026-07-28")
        .header("Mcp-Method", "server/discover")
        .body(Full::<bytes::Bytes>::from(body.to_string()))?;
    let response = client.send_request(request).await?;
    Ok(String::from_utf8(
        response.into_body().collect().await?.to_bytes().into(),
    )?)
}
