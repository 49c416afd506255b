//! From our own stdin and stdout to a child: what a client that starts commands sees.

use crate::support::{BIN, Marker, signal, within};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::process::{Output, Stdio};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

struct Bridge {
    child: Child,
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
    marker: Marker,
}

impl Bridge {
    fn start(server: &[&str]) -> Bridge {
        let marker = Marker::new();
        let (name, value) = marker.variable();
        let mut command = Command::new(BIN);
        command.args(["--from", "stdio"]);
        if !server.is_empty() {
            command.arg("--").args(server);
        }
        command.env_remove("RUST_LOG").env(name, value).kill_on_drop(true);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        Bridge {
            stdin: child.stdin.take().unwrap(),
            stdout: BufReader::new(child.stdout.take().unwrap()).lines(),
            child,
            marker,
        }
    }

    async fn send(&mut self, message: Value) {
        self.stdin.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }

    async fn receive(&mut self) -> Value {
        let line = within(20, "a line on stdout", self.stdout.next_line()).await.unwrap();
        serde_json::from_str(&line.expect("not its end")).unwrap()
    }

    /// Closes its stdin, and waits for its end. No process may be left.
    async fn end(self) -> Output {
        drop(self.stdin);
        let output = within(20, "the exit", self.child.wait_with_output()).await.unwrap();
        assert_eq!(self.marker.processes(), Vec::<u32>::new());
        output
    }
}

#[tokio::test]
async fn end_of_stdin_ends_it_with_exit_code_0_after_the_last_answer() {
    let mut bridge = Bridge::start(&[]);
    bridge
        .send(
            json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": { "protocolVersion": "2025-06-18" } }),
        )
        .await;
    assert_eq!(bridge.receive().await["result"]["protocolVersion"], "2025-06-18");
    let params = json!({ "name": "slow", "arguments": { "steps": 2, "step_ms": 50 }, "_meta": { "progressToken": 9 } });
    bridge
        .send(json!({ "jsonrpc": "2.0", "id": "x", "method": "tools/call", "params": params }))
        .await;
    assert_eq!(bridge.receive().await["params"]["progressToken"], 9);
    assert_eq!(bridge.receive().await["params"]["progress"], 2);
    let answer = bridge.receive().await;
    assert_eq!(answer["id"], "x");
    assert_eq!(answer["result"]["content"][0]["text"], "took 2 steps of 50 ms");
    let output = bridge.end().await;
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[tokio::test]
async fn child_that_dies_at_once_is_one_line_with_its_status_and_last_words_and_exit_code_5() {
    let bridge = Bridge::start(&["sh", "-c", "echo 'no key' >&2; exit 7"]);
    let output = within(20, "the exit", bridge.child.wait_with_output()).await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.starts_with("tower-transport: "), "{said}");
    assert!(said.contains("exit status 7") && said.contains("no key"), "{said}");
}

#[tokio::test]
async fn call_in_flight_is_answered_when_its_child_dies() {
    let mut bridge = Bridge::start(&[]);
    bridge
        .send(json!({ "jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": { "name": "crash" } }))
        .await;
    let answer = bridge.receive().await;
    assert_eq!(answer["id"], 5);
    assert!(
        answer["error"]["message"].as_str().unwrap().contains("exit status 1"),
        "{answer}"
    );
    let status = within(20, "the exit, with stdin open", bridge.child.wait())
        .await
        .unwrap();
    assert_eq!(status.code(), Some(5));
}

#[tokio::test]
async fn signal_stops_it_and_its_child() {
    let mut bridge = Bridge::start(&[]);
    bridge
        .send(json!({ "jsonrpc": "2.0", "id": 5, "method": "ping" }))
        .await;
    assert_eq!(bridge.receive().await["result"], json!({}));
    signal(bridge.child.id().unwrap(), Signal::TERM);
    let status = within(20, "the exit", bridge.child.wait()).await.unwrap();
    assert_eq!(status.code(), Some(0));
    assert_eq!(bridge.marker.processes(), Vec::<u32>::new());
}

#[tokio::test]
async fn what_a_child_says_outside_of_its_answers_reaches_the_client_and_is_answered() {
    let script = r#"echo '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}'
        echo '{"jsonrpc":"2.0","id":"r","method":"roots/list"}'
        read -r answer; echo '{"jsonrpc":"2.0","method":"notifications/heard","params":'"$answer"'}'; cat >/dev/null"#;
    let mut bridge = Bridge::start(&["sh", "-c", script]);
    assert_eq!(bridge.receive().await["method"], "notifications/tools/list_changed");
    let request = bridge.receive().await;
    assert_eq!(request["method"], "roots/list");
    let answer = json!({ "jsonrpc": "2.0", "id": request["id"], "result": { "roots": [] } });
    bridge.send(answer).await;
    let heard = bridge.receive().await;
    assert_eq!(heard["params"]["id"], "r");
    assert_eq!(heard["params"]["result"], json!({ "roots": [] }));
    assert!(bridge.end().await.status.success());
}

#[tokio::test]
async fn child_that_cannot_be_stopped_gently_is_killed_when_stdin_ends() {
    let bridge = Bridge::start(&["sh", "-c", r#"trap "" TERM; sleep 600 & while :; do sleep 1; done"#]);
    assert!(bridge.end().await.status.success());
}
