use super::{Protocol, Route};
use crate::message::{Ambiguous, Id, Kind, Message};
use bytes::Bytes;
use std::ops::Range;

/// The Model Context Protocol, all revisions.
///
/// A cancel is `notifications/cancelled` with the `requestId`, never for `initialize` (2025-11-25, Cancellation). Progress is tied to
/// its request by `params._meta.progressToken`, a subscription's notifications and its final result by
/// `_meta["io.modelcontextprotocol/subscriptionId"]`, which is the id of the `subscriptions/listen` request (2026-07-28).
///
/// Log messages and the server's requests of the revisions before 2026-07-28 name no request at all. `ping` is answered by the edge
/// where nobody else answers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mcp;

impl Mcp {
    /// The methods of requests whose replies have no end of their own. Limits in time are not for them.
    pub const ENDLESS: &'static [&'static str] = &["subscriptions/listen"];
}

const SUBSCRIPTION: &[&str] = &["_meta", "io.modelcontextprotocol/subscriptionId"];

impl Protocol for Mcp {
    fn token(&self, request: &Message) -> Result<Option<Range<usize>>, Ambiguous> {
        request.find(&["_meta", "progressToken"])
    }

    fn echo(&self, method: &str) -> Option<&'static [&'static str]> {
        (method == "subscriptions/listen").then_some(SUBSCRIPTION)
    }

    fn may_cancel(&self, method: &str) -> bool {
        method != "initialize"
    }

    fn cancel(&self, wire: u32) -> Message {
        let text = format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{wire},"reason":"the caller gave up"}}}}"#
        );
        Message::parse(Bytes::from(text)).expect("a valid notification")
    }

    fn route(&self, message: &Message) -> Route {
        let method = message.method().unwrap_or_default();
        if message.kind() == Kind::Request {
            return match &*method {
                "ping" => Route::Answer(empty_result(message)),
                _ => Route::Related,
            };
        }
        let found = match &*method {
            "notifications/cancelled" => message.find(&["requestId"]).map(|at| at.map(Route::Cancel)),
            "notifications/progress" => message.find(&["progressToken"]).map(|at| at.map(Route::Token)),
            "notifications/message" => return Route::Related,
            _ => message.find(SUBSCRIPTION).map(|at| at.map(Route::Id)),
        };
        match found {
            Ok(route) => route.unwrap_or(Route::Stray),
            Err(ambiguous) => Route::Ambiguous(ambiguous),
        }
    }
}

fn empty_result(request: &Message) -> Message {
    let id = request.id().unwrap_or_else(Id::null);
    Message::response(&id, &serde_json::Map::new()).expect("an empty object serialises")
}
