//! The official conformance runner against the gateway in front of the fixture server.
//!
//! What is not reached yet is in `conformance-expected-failures.yml`, with reasons. The runner fails for a failure or a warning that is not in
//! there, and for an entry that passes.

use std::time::Duration;

use tokio::process::Command;

use crate::fixture;
use crate::harness::{Gateway, Part, installed, node, peers, run, undisturbed};

const RUNNER_LIMIT: Duration = Duration::from_secs(240);

/// Runs the scenarios that `selection` names.
async fn conforms(gateway: &Gateway, selection: &[&str]) {
    let mut runner = Command::new(node());
    runner.arg(peers().join("js/node_modules/@modelcontextprotocol/conformance/dist/index.js"));
    runner.args(["server", "--url", &gateway.endpoint]).args(selection);
    runner
        .arg("--expected-failures")
        .arg(peers().join("conformance-expected-failures.yml"));
    let output = run(&mut runner, RUNNER_LIMIT).await;
    let report = String::from_utf8_lossy(&output.stdout);
    let summary = report
        .find("=== SUMMARY ===")
        .map_or(&*report, |start| &report[start..]);
    assert!(
        output.status.success(),
        "{selection:?}: {}\n{summary}\n{}\nthe gateway's log:\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr),
        gateway.log()
    );
}

/// Every scored scenario of a revision, then those that the runner only reports but that test a transport.
async fn revision_conforms(revision: &str, unscored: &[&str]) {
    if !installed(Part::Js).await {
        return;
    }
    // Some scenarios wait no more than half a second for a notification.
    let _alone = undisturbed().await;
    let gateway = Gateway::start(&[fixture::server().await.into()]).await;
    conforms(&gateway, &["--requirements", revision]).await;
    for scenario in unscored {
        conforms(&gateway, &["--scenario", scenario, "--spec-version", revision]).await;
    }
    gateway.stop().await;
}

#[tokio::test]
async fn the_gateway_conforms_to_2025_11_25() {
    let unscored = ["server-session-lifecycle", "server-sse-polling", "json-schema-2020-12"];
    revision_conforms("2025-11-25", &unscored).await;
}

#[tokio::test]
async fn the_gateway_conforms_to_2026_07_28() {
    let unscored = [
        "http-header-validation",
        "http-custom-header-server-validation",
        "json-schema-2020-12",
    ];
    revision_conforms("2026-07-28", &unscored).await;
}
