use super::protocol::{CAPABILITIES_KEY, MODERN, VERSION_KEY};
use crate::endpoint::HttpEndpoint;
use serde_json::json;

/// A `curl` line that the demo answers, for a shell.
pub(crate) fn curl(endpoint: &HttpEndpoint) -> String {
    let body = json!({
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {
            "name": "echo",
            "arguments": { "message": "hello" },
            "_meta": { VERSION_KEY: MODERN, CAPABILITIES_KEY: {} },
        },
    });
    // "All interfaces" is nothing that one can connect to.
    let host = match endpoint.bare_host() {
        "0.0.0.0" | "::" => "localhost",
        _ => &endpoint.host,
    };
    let HttpEndpoint { port, path, .. } = endpoint;
    format!(
        "curl -s 'http://{host}:{port}{path}' -H 'Content-Type: application/json' \
         -H 'Accept: application/json, text/event-stream' -H 'MCP-Protocol-Version: {MODERN}' \
         -H 'Mcp-Method: tools/call' -H 'Mcp-Name: echo' -d '{body}'"
    )
}
