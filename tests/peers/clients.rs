//! Official SDKs as clients. Each client program makes the same checks: list, echo, a large message, progress in order and before the result,
//! sampling, elicitation, roots, an error, news, a cancellation, several sessions at once, and the end.

use std::collections::HashSet;
use std::ffi::OsString;
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;

use crate::fixture;
use crate::harness::{GATEWAY, Gateway, Part, assert_gone, beside_others, installed, node, peers, run};

const CLIENT_LIMIT: Duration = Duration::from_secs(120);
const LEGACY: &str = "2025-11-25";
const MODERN: &str = "2026-07-28";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sdk {
    TypeScriptV1,
    TypeScriptV2,
    Python,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Legacy,
    Auto,
}

/// What stands behind the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Server {
    /// `@modelcontextprotocol/server-everything`, legacy.
    Everything,
    /// `tests/fixtures`, both eras.
    Fixture,
}

impl Sdk {
    fn part(self) -> Part {
        if self == Self::Python { Part::Python } else { Part::Js }
    }

    fn command(self, mode: Mode, server: Server) -> Command {
        let script = peers().join(if self == Self::Python {
            "python/client.py"
        } else {
            "js/client.mjs"
        });
        let mut command = Command::new(if self == Self::Python {
            peers().join(".work/venv/bin/python")
        } else {
            node()
        });
        command.arg(script);
        match self {
            Self::TypeScriptV1 => command.args(["--sdk", "v1"]),
            Self::TypeScriptV2 => command.args(["--sdk", "v2"]),
            Self::Python => &mut command,
        };
        command.args(["--mode", if mode == Mode::Legacy { "legacy" } else { "auto" }]);
        command.args([
            "--server",
            if server == Server::Everything {
                "everything"
            } else {
                "fixture"
            },
        ]);
        command
    }
}

impl Server {
    async fn command(self) -> Vec<OsString> {
        match self {
            Self::Everything => {
                let script = peers().join("js/node_modules/@modelcontextprotocol/server-everything/dist/index.js");
                vec![node().into(), script.into(), "stdio".into()]
            }
            Self::Fixture => vec![fixture::server().await.into()],
        }
    }
}

/// Whether all that the pair needs is there.
async fn ready(sdk: Sdk, server: Server) -> bool {
    installed(sdk.part()).await && (server == Server::Fixture || installed(Part::Js).await)
}

/// The children's process ids, from the report of a client that must have passed.
async fn pids(mut client: Command, mode: Mode, server: Server, log: impl Fn() -> String) -> Vec<i32> {
    let output = run(&mut client, CLIENT_LIMIT).await;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{client:?}: {}\n{errors}\nthe gateway's log:\n{}",
        output.status,
        log()
    );
    let report: Value = serde_json::from_slice(&output.stdout).expect("one line of JSON");
    let version = if mode == Mode::Auto && server == Server::Fixture {
        MODERN
    } else {
        LEGACY
    };
    // The first SDK does not tell over stdio.
    assert!(
        report["version"] == version || report["version"] == "legacy",
        "{report}"
    );
    let pids = report["pids"].as_array().expect("a list of process ids");
    pids.iter()
        .map(|pid| i32::try_from(pid.as_i64().expect("a number")).expect("a process id"))
        .collect()
}

/// The client talks HTTP to a gateway with the server as its child.
async fn over_http(sdk: Sdk, mode: Mode, server: Server) {
    if !ready(sdk, server).await {
        return;
    }
    let _beside = beside_others().await;
    let gateway = Gateway::start(&server.command().await).await;
    let mut client = sdk.command(mode, server);
    client.args(["--url", &gateway.endpoint]);
    let pids = pids(client, mode, server, || gateway.log()).await;
    if server == Server::Fixture {
        let children = pids.iter().collect::<HashSet<_>>().len();
        let expected = if mode == Mode::Legacy { pids.len() } else { 1 };
        assert_eq!(
            children, expected,
            "a legacy session has a child of its own, requests without one share one: {pids:?}"
        );
    }
    gateway.stop().await;
    assert_gone(&pids).await;
}

/// The client starts a gateway of its own for each session, and talks to it over stdio.
async fn over_stdio(sdk: Sdk, mode: Mode, server: Server) {
    if !ready(sdk, server).await {
        return;
    }
    let _beside = beside_others().await;
    let mut client = sdk.command(mode, server);
    client
        .args(["--", GATEWAY, "--from", "stdio", "--"])
        .args(server.command().await);
    assert_gone(&pids(client, mode, server, String::new).await).await;
}

#[tokio::test]
async fn typescript_v1_uses_a_legacy_server_over_http() {
    over_http(Sdk::TypeScriptV1, Mode::Legacy, Server::Everything).await;
}

#[tokio::test]
async fn typescript_v1_uses_a_dual_server_over_http() {
    over_http(Sdk::TypeScriptV1, Mode::Legacy, Server::Fixture).await;
}

#[tokio::test]
async fn typescript_v2_uses_a_legacy_server_over_http() {
    over_http(Sdk::TypeScriptV2, Mode::Legacy, Server::Everything).await;
}

#[tokio::test]
async fn typescript_v2_uses_a_dual_server_over_http() {
    over_http(Sdk::TypeScriptV2, Mode::Legacy, Server::Fixture).await;
}

#[tokio::test]
async fn typescript_v2_falls_back_to_a_legacy_server_over_http() {
    over_http(Sdk::TypeScriptV2, Mode::Auto, Server::Everything).await;
}

#[tokio::test]
async fn typescript_v2_finds_the_modern_era_over_http() {
    over_http(Sdk::TypeScriptV2, Mode::Auto, Server::Fixture).await;
}

#[tokio::test]
async fn python_uses_a_legacy_server_over_http() {
    over_http(Sdk::Python, Mode::Legacy, Server::Everything).await;
}

#[tokio::test]
async fn python_uses_a_dual_server_over_http() {
    over_http(Sdk::Python, Mode::Legacy, Server::Fixture).await;
}

#[tokio::test]
async fn python_falls_back_to_a_legacy_server_over_http() {
    over_http(Sdk::Python, Mode::Auto, Server::Everything).await;
}

#[tokio::test]
async fn python_finds_the_modern_era_over_http() {
    over_http(Sdk::Python, Mode::Auto, Server::Fixture).await;
}

#[tokio::test]
async fn typescript_v1_uses_a_legacy_server_over_stdio() {
    over_stdio(Sdk::TypeScriptV1, Mode::Legacy, Server::Everything).await;
}

#[tokio::test]
async fn typescript_v1_uses_a_dual_server_over_stdio() {
    over_stdio(Sdk::TypeScriptV1, Mode::Legacy, Server::Fixture).await;
}

#[tokio::test]
async fn typescript_v2_finds_the_modern_era_over_stdio() {
    over_stdio(Sdk::TypeScriptV2, Mode::Auto, Server::Fixture).await;
}

#[tokio::test]
async fn python_falls_back_to_a_legacy_server_over_stdio() {
    over_stdio(Sdk::Python, Mode::Auto, Server::Everything).await;
}

#[tokio::test]
async fn python_finds_the_modern_era_over_stdio() {
    over_stdio(Sdk::Python, Mode::Auto, Server::Fixture).await;
}
