//! What MCP asks of every server, in both eras.

use serde_json::{Value, json};
use tower_transport::message::code;

/// Which rules a request goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Era {
    /// Up to 2025-11-25: `initialize` begins a session.
    Legacy,
    /// Since 2026-07-28: every request stands for itself.
    Modern,
}

/// A JSON-RPC error.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) code: i64,
    pub(super) message: String,
    pub(super) data: Value,
}

pub(super) const MODERN: &str = "2026-07-28";
/// Newest first.
const LEGACY: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];
/// UnsupportedProtocolVersion, since 2026-07-28.
const UNSUPPORTED_VERSION: i64 = -32022;

pub(super) const VERSION_KEY: &str = "io.modelcontextprotocol/protocolVersion";
pub(super) const CAPABILITIES_KEY: &str = "io.modelcontextprotocol/clientCapabilities";
const SERVER_KEY: &str = "io.modelcontextprotocol/serverInfo";

const INSTRUCTIONS: &str = "A demo: echo, add, slow (with progress), sleep (to be cancelled) and crash.";

impl Era {
    /// The era of a request goes by its `_meta`, which is checked.
    pub(super) fn of(params: &Value) -> Result<Era, Refused> {
        let meta = &params["_meta"];
        let Some(version) = meta.get(VERSION_KEY) else {
            return Ok(Era::Legacy);
        };
        if version != MODERN {
            return Err(Refused {
                code: UNSUPPORTED_VERSION,
                message: "unsupported protocol version".to_owned(),
                data: json!({ "supported": [MODERN], "requested": version }),
            });
        }
        if !meta[CAPABILITIES_KEY].is_object() {
            return Err(Refused::params(format!("_meta has no {CAPABILITIES_KEY}")));
        }
        Ok(Era::Modern)
    }

    /// A result with what its era asks of every result.
    pub(super) fn complete(self, mut result: Value) -> Value {
        if self == Era::Modern {
            result["resultType"] = json!("complete");
            result["_meta"][SERVER_KEY] = server();
        }
        result
    }

    /// A result that may be cached, and for how long.
    pub(super) fn cacheable(self, mut result: Value) -> Value {
        if self == Era::Modern {
            result["ttlMs"] = json!(3_600_000);
            result["cacheScope"] = json!("public");
        }
        result
    }
}

impl Refused {
    pub(super) fn params(message: String) -> Refused {
        Refused {
            code: code::INVALID_PARAMS,
            message,
            data: Value::Null,
        }
    }

    pub(super) fn unknown(method: &str) -> Refused {
        Refused {
            code: code::METHOD_NOT_FOUND,
            message: format!("the demo server has no method {method:?}"),
            data: Value::Null,
        }
    }
}

/// The version that the client asks for if it is known here, else the newest (2025-11-25, Lifecycle, Version Negotiation).
pub(super) fn initialize(params: &Value) -> Value {
    let asked = LEGACY.into_iter().find(|version| params["protocolVersion"] == *version);
    json!({
        "protocolVersion": asked.unwrap_or(LEGACY[0]),
        "capabilities": { "tools": {} },
        "serverInfo": server(),
        "instructions": INSTRUCTIONS,
    })
}

pub(super) fn discover() -> Value {
    Era::Modern.cacheable(json!({
        "supportedVersions": [MODERN],
        "capabilities": { "tools": {} },
        "instructions": INSTRUCTIONS,
    }))
}

fn server() -> Value {
    json!({ "name": "tower-transport-demo", "version": env!("CARGO_PKG_VERSION") })
}
