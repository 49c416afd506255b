//! The demo server: a small MCP server of both eras, to see the gateway work and to test it with.
//!
//! The gateway runs it as it runs any other server: as a child process, from its own binary.

mod curl;
mod protocol;
mod tools;

pub(crate) use curl::curl;

use crate::args::Args;
use crate::failure::{Failure, Kind};

use protocol::{Era, Refused};
use serde_json::Value;
use std::ffi::OsString;
use std::sync::Arc;
use tokio::sync::Notify;
use tower_transport::BoxError;
use tower_transport::exchange::{Call, Peer, handler_fn};
use tower_transport::message::{self, Id, Message};
use tower_transport::mux::Mux;
use tower_transport::stdio;

/// The command line that makes the program the demo server, with the same bounds as the gateway.
pub(crate) fn arguments(args: &Args) -> Vec<OsString> {
    let Args {
        max_in_flight,
        max_message_size,
        ..
    } = args;
    vec![
        "--demo-server".into(),
        format!("--max-in-flight={max_in_flight}").into(),
        format!("--max-message-size={max_message_size}").into(),
    ]
}

/// Serves stdin and stdout until stdin ends.
pub(crate) async fn serve(mux: Mux) -> Result<(), Failure> {
    let crash = Arc::new(Notify::new());
    let crashes = Arc::clone(&crash);
    let handler = handler_fn(move |call, peer| answer(call, peer, Arc::clone(&crashes)));
    tokio::select! {
        ended = stdio::serve_with(mux, handler) => {
            ended.map_err(|error| Failure::new(Kind::Other, error))
        }
        () = crash.notified() => Err(Failure::new(Kind::Other, "the demo server crashes, as it was asked to")),
    }
}

/// Answers requests. Notifications mean nothing to it, and it says nothing outside of its answers.
async fn answer(call: Call, peer: Peer, crash: Arc<Notify>) -> Result<Option<Message>, BoxError> {
    let Some(request) = call
        .message()
        .filter(|message| message.kind() == message::Kind::Request)
    else {
        return Ok(None);
    };
    let id = request.id().unwrap_or_else(Id::null);
    let answer = match respond(request, &peer, &crash).await {
        Ok(result) => Message::response(&id, &result)?,
        Err(Refused { code, message, data }) => Message::error_with(&id, code, &message, &data)?,
    };
    Ok(Some(answer))
}

async fn respond(request: &Message, peer: &Peer, crash: &Notify) -> Result<Value, Refused> {
    let params: Value = request.decode().map_err(|error| Refused::params(error.to_string()))?;
    let era = Era::of(&params)?;
    let method = request.method().unwrap_or_default();
    let result = match (&*method, era) {
        ("initialize", Era::Legacy) => protocol::initialize(&params),
        ("ping", Era::Legacy) => Value::Object(serde_json::Map::new()),
        ("server/discover", Era::Modern) => protocol::discover(),
        ("tools/list", _) => tools::list(era),
        ("tools/call", _) => tools::call(&params, peer, crash).await?,
        (method, _) => return Err(Refused::unknown(method)),
    };
    Ok(era.complete(result))
}
