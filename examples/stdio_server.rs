//! A server on stdin and stdout. It ends when stdin ends.
//!
//! ```sh
//! printf '%s\n' '{"jsonrpc":"2.0","id":1,"method":"shout","params":{"text":"hello"}}' |
//!     cargo run --quiet --example stdio_server
//! ```
//!
//! answers `{"jsonrpc":"2.0","id":1,"result":"HELLO"}`. Without `printf` it reads what is typed.

use serde::Deserialize;
use tower_transport::BoxError;
use tower_transport::exchange::unary;
use tower_transport::message::{Id, Kind, Message, code};
use tower_transport::stdio;

#[derive(Deserialize)]
struct Shout {
    text: String,
}

async fn answer(message: Message) -> Result<Option<Message>, BoxError> {
    if message.kind() == Kind::Notification {
        // Stdout belongs to the messages: what a person should read goes to stderr.
        eprintln!("told: {}", message.method().unwrap_or_default());
        return Ok(None);
    }
    // The transport puts the id of the request into the answer.
    let id = Id::null();
    if message.method().as_deref() != Some("shout") {
        return Ok(Some(Message::error(
            &id,
            code::METHOD_NOT_FOUND,
            "there is only `shout`",
        )));
    }
    let shout: Shout = message.decode()?;
    Ok(Some(Message::response(&id, &shout.text.to_uppercase())?))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    stdio::serve(unary(answer)).await?;
    Ok(())
}
