//! The tools of the demo server.

use super::protocol::{Era, Refused};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::Notify;
use tower_transport::exchange::Peer;
use tower_transport::message::Message;

#[derive(Deserialize)]
struct Echo {
    message: String,
}

#[derive(Deserialize)]
struct Add {
    a: f64,
    b: f64,
}

#[derive(Deserialize)]
struct Slow {
    #[serde(default = "Slow::steps")]
    steps: u32,
    #[serde(default = "Slow::step_ms")]
    step_ms: u32,
}

#[derive(Deserialize)]
struct Sleep {
    ms: u32,
}

impl Slow {
    fn steps() -> u32 {
        5
    }

    fn step_ms() -> u32 {
        200
    }
}

pub(super) fn list(era: Era) -> Value {
    let number = json!({ "type": "number" });
    let whole = json!({ "type": "integer", "minimum": 0 });
    let tool = |name: &str, description: &str, properties: Value, required: &[&str]| {
        json!({
            "name": name,
            "description": description,
            "inputSchema": { "type": "object", "properties": properties, "required": required },
        })
    };
    era.cacheable(json!({ "tools": [
        tool("echo", "Says what it is told", json!({ "message": { "type": "string" } }), &["message"]),
        tool("add", "Adds two numbers", json!({ "a": number, "b": number }), &["a", "b"]),
        tool("slow", "Takes its time, and reports progress", json!({ "steps": whole, "step_ms": whole }), &[]),
        tool("sleep", "Sleeps, in silence", json!({ "ms": whole }), &["ms"]),
        tool("crash", "Ends the server at once, without an answer", json!({}), &[]),
    ] }))
}

pub(super) async fn call(params: &Value, peer: &Peer, crash: &Notify) -> Result<Value, Refused> {
    let arguments = match &params["arguments"] {
        Value::Null => json!({}),
        arguments => arguments.clone(),
    };
    let said = match params["name"].as_str() {
        Some("echo") => parse(arguments).map(|Echo { message }| message),
        Some("add") => parse(arguments).map(|Add { a, b }| (a + b).to_string()),
        Some("slow") => match parse(arguments) {
            Ok(arguments) => Ok(slow(&arguments, &params["_meta"]["progressToken"], peer).await),
            Err(error) => Err(error),
        },
        Some("sleep") => match parse(arguments) {
            Ok(Sleep { ms }) => {
                tokio::time::sleep(Duration::from_millis(ms.into())).await;
                Ok(format!("slept for {ms} ms"))
            }
            Err(error) => Err(error),
        },
        Some("crash") => {
            crash.notify_one();
            std::future::pending().await
        }
        Some(name) => return Err(Refused::params(format!("the demo server has no tool {name:?}"))),
        None => return Err(Refused::params("params have no name of a tool".to_owned())),
    };
    // Wrong arguments are a tool's answer, so that a model sees them (2025-11-25, Tools, Error Handling).
    let is_error = said.is_err();
    let text = said.unwrap_or_else(|error| error);
    Ok(json!({ "content": [{ "type": "text", "text": text }], "isError": is_error }))
}

fn parse<T: DeserializeOwned>(arguments: Value) -> Result<T, String> {
    serde_json::from_value(arguments).map_err(|error| format!("wrong arguments: {error}"))
}

async fn slow(Slow { steps, step_ms }: &Slow, token: &Value, peer: &Peer) -> String {
    for step in 1..=*steps {
        tokio::time::sleep(Duration::from_millis((*step_ms).into())).await;
        if token.is_null() {
            continue;
        }
        let progress = json!({ "progressToken": token, "progress": step, "total": steps });
        let progress = Message::notification("notifications/progress", &progress).expect("a value serialises");
        // Who does not read any more drops this future as well.
        let _gone = peer.notify(progress).await;
    }
    format!("took {steps} steps of {step_ms} ms")
}
