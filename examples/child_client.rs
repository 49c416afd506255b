//! Calls a server that runs as a child process, and reads everything that it says before it answers.
//!
//! ```text
//! cargo run --example child_client                              # a small server of its own
//! cargo run --example child_client -- npx -y some-mcp-server    # any MCP server over stdio
//! ```

use futures_core::Stream;
use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;
use tower::{Service, ServiceBuilder, ServiceExt};
use tower_transport::BoxError;
use tower_transport::exchange::{Call, Item};
use tower_transport::message::{Id, Message, code};
use tower_transport::process::Command;
use tower_transport::stdio::Child;

/// Answers one request with the id that it came with, after a word on the way.
const SERVER: &str = r#"
read request
id=${request#*\"id\":}; id=${id%%,*}
echo '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"thinking"}}'
echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{}}}"
cat >/dev/null
"#;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let mut args = std::env::args().skip(1);
    let command = match args.next() {
        Some(program) => Command::new(program).args(args),
        None => Command::new("sh").args(["-c", SERVER]),
    };
    let child = Child::spawn(&command)?;

    // Stock tower layers go over a child as over any service. This one bounds the wait for the first item.
    let mut server = ServiceBuilder::new()
        .timeout(Duration::from_secs(10))
        .service(child.clone());

    let params = serde_json::json!({
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "example", "version": "1"}
    });
    let initialize = Message::request(&Id::number(1), "initialize", &params)?;
    let reply = server.ready().await?.call(Call::new(initialize)).await?;
    let mut reply = pin!(reply);
    while let Some(item) = poll_fn(|cx| reply.as_mut().poll_next(cx)).await {
        match item? {
            Item::Notification(message) => println!("on the way: {}", message.payload().unwrap_or_default()),
            Item::Request(message, responder) => {
                println!("asked: {}", message.method().unwrap_or_default());
                responder.refuse(code::METHOD_NOT_FOUND, "this client answers nothing")?;
            }
            Item::Response(message) => println!("answer: {}", message.payload().unwrap_or_default()),
        }
    }

    println!("{}", child.close().await);
    Ok(())
}
