use crate::random::Random;
use http::request::Builder;
use serde_json::{Value, json};

/// A call of one of the fixture server's tools, whose answer can be told from that of every other.
#[derive(Debug, Clone)]
pub(crate) enum Tool {
    Echo(String),
    Slow { steps: u64, ms: u64, token: u64 },
    Sleep(u64),
    Big(u64),
    Pid,
}

impl Tool {
    /// `unique` tells this call from all others; ids and progress tokens do not, on purpose.
    pub(crate) fn any(random: &mut Random, unique: &str) -> Tool {
        match random.within(0..10) {
            0..4 => Tool::Echo(unique.to_owned()),
            4..7 => Tool::Slow {
                steps: random.within(1..8),
                ms: random.within(1..20),
                token: random.within(1..4),
            },
            7 => Tool::Sleep(random.within(1..150)),
            8 => Tool::Big(random.within(1..100_000)),
            _ => Tool::Pid,
        }
    }

    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Tool::Echo(_) => "echo",
            Tool::Slow { .. } => "slow",
            Tool::Sleep(_) => "sleep",
            Tool::Big(_) => "big",
            Tool::Pid => "pid",
        }
    }

    fn params(&self) -> Value {
        let arguments = match self {
            Tool::Echo(message) => json!({ "message": message }),
            Tool::Slow { steps, ms, .. } => json!({ "steps": steps, "ms": ms }),
            Tool::Sleep(ms) => json!({ "ms": ms }),
            Tool::Big(bytes) => json!({ "bytes": bytes }),
            Tool::Pid => json!({}),
        };
        let mut params = json!({ "name": self.name(), "arguments": arguments });
        if let Tool::Slow { token, .. } = self {
            params["_meta"]["progressToken"] = json!(token);
        }
        params
    }

    /// Checks the text of the answer, and the progress before it: each step once, in order, and nobody else's.
    pub(crate) fn check(&self, text: &str, before: &[Value]) {
        match self {
            Tool::Echo(message) => assert_eq!(text, message, "the answer of another call"),
            Tool::Slow { steps, .. } => assert_eq!(text, format!("Took {steps} steps.")),
            Tool::Sleep(ms) => assert_eq!(text, format!("Slept {ms} ms.")),
            Tool::Big(bytes) => assert_eq!(text.len() as u64, *bytes),
            Tool::Pid => assert!(text.parse::<u32>().is_ok(), "{text}"),
        }
        let steps = self.check_progress(before);
        if let Tool::Slow { steps: wanted, .. } = self {
            assert_eq!(steps, *wanted, "progress got lost: {before:?}");
        }
    }

    /// Checks the progress before an answer that may be an error, and gives how far it went.
    pub(crate) fn check_progress(&self, before: &[Value]) -> u64 {
        let mut reached = 0;
        for message in before {
            let Tool::Slow { steps, token, .. } = self else {
                panic!("{self:?} got {message}");
            };
            reached += 1;
            let params = json!({ "progressToken": token, "progress": reached, "total": steps });
            assert_eq!(message["method"], "notifications/progress");
            assert_eq!(
                message["params"], params,
                "the progress of another call, or out of order"
            );
        }
        reached
    }
}

/// How a client says what it is: with a session, or without.
pub(crate) trait Era: Copy {
    /// The headers and the body of a request.
    fn request(self, request: Builder, method: &str, params: Value, id: u64) -> (Builder, Value);

    fn call(self, request: Builder, tool: &Tool, id: u64) -> (Builder, Value) {
        self.request(request, "tools/call", tool.params(), id)
    }
}

/// 2026-07-28.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Modern;

/// 2025-11-25, within the session of that id.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Legacy<'a>(pub(crate) &'a str);

impl Era for Modern {
    fn request(self, request: Builder, method: &str, mut params: Value, id: u64) -> (Builder, Value) {
        params["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2026-07-28");
        params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({});
        let request = request
            .header("MCP-Protocol-Version", "2026-07-28")
            .header("Mcp-Method", method)
            .header("Mcp-Name", params["name"].as_str().unwrap_or_default());
        let body = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        (request, body)
    }
}

impl Era for Legacy<'_> {
    fn request(self, request: Builder, method: &str, params: Value, id: u64) -> (Builder, Value) {
        let request = request
            .header("MCP-Protocol-Version", "2025-11-25")
            .header("Mcp-Session-Id", self.0);
        let body = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        (request, body)
    }
}
