//! What is not a message costs one frame.

use crate::support::{call, client, eventually, request, request_with, result, server, within};
use serde_json::json;
use tower_transport::BoxError;
use tower_transport::exchange::unary;
use tower_transport::mux::Mux;

const GARBAGE: [&str; 8] = [
    "Server listening on stdio",
    "{",
    "[]",
    r#"{"jsonrpc":"2.0"}"#,
    r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"x"}"#,
    r#"{"jsonrpc":"2.0","id":null,"method":"x"}"#,
    r#"{"jsonrpc":"1.0","id":1,"method":"x"}"#,
    r#"[{"jsonrpc":"2.0","id":1,"method":"x"}]"#,
];

// PITFALLS 26
#[tokio::test(start_paused = true)]
async fn garbage_is_counted_and_not_answered_by_a_client() {
    let (connection, mut wire, _driver) = client(Mux::new());
    let answer = call(&connection, request("a", "x")).await;
    let id = wire.recv_request("x").await;
    for line in GARBAGE {
        wire.send_raw(&format!("{line}\n")).await;
    }
    wire.stays_quiet().await;
    wire.result(id, json!(1)).await;
    within(answer).await.unwrap();
    assert_eq!(connection.stats().not_messages, GARBAGE.len() as u64);
}

// PITFALLS 26
#[tokio::test(start_paused = true)]
async fn garbage_is_counted_and_not_answered_by_a_server() {
    let echo = unary(|_| async { Ok::<_, BoxError>(result(&json!(1))) });
    let (connection, mut wire, _driver) = server(Mux::new(), echo);
    for line in GARBAGE {
        wire.send_raw(&format!("{line}\n")).await;
    }
    // A refusal of an unknown request is an answer: it is not answered with one either.
    wire.send(&[json!({"jsonrpc": "2.0", "id": 99, "error": {"code": -32700, "message": "parse error"}})])
        .await;
    wire.stays_quiet().await;
    eventually("all is counted", || {
        connection.stats().not_messages == GARBAGE.len() as u64
    })
    .await;
    wire.send(&[json!({"jsonrpc": "2.0", "id": 1, "method": "x"})]).await;
    assert_eq!(wire.recv().await["result"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_line_that_comes_byte_by_byte_with_blank_lines_and_carriage_returns_is_read() {
    let (connection, mut wire, _driver) = client(Mux::new());
    let answer = call(&connection, request("a", "x")).await;
    let id = wire.recv_request("x").await;
    let line = format!("\r\n\n  \n{{\"id\":{id},\"result\":\"ü€😀\"}}\r\n");
    let (mut at, bytes) = (0, line.as_bytes());
    while at < bytes.len() {
        // Cut between characters for the scripted side alone: the bytes of one arrive in separate reads.
        let end = (at + 1..=bytes.len()).find(|end| line.is_char_boundary(*end)).unwrap();
        wire.send_raw(&line[at..end]).await;
        tokio::task::yield_now().await;
        at = end;
    }
    let mut reply = within(answer).await.unwrap();
    assert_eq!(crate::support::drain(&mut reply).await, ["r \"ü€😀\""]);
}

#[tokio::test(start_paused = true)]
async fn a_message_with_raw_line_breaks_leaves_on_one_line() {
    let (connection, mut wire, _driver) = client(Mux::new());
    for filler in ["x".to_owned(), "x".repeat(20_000)] {
        let text =
            format!("{{\r\n\"id\":1,\n\"method\":\"x\",\"params\":\n{{\"filler\":\"{filler}\",\n\"_meta\":{{}}}}\n}}");
        let message = tower_transport::message::Message::parse(text.into()).unwrap();
        let call = call(&connection, message).await;
        assert_eq!(wire.recv().await["params"]["filler"], filler);
        drop(call);
        assert_eq!(wire.recv().await["method"], "notifications/cancelled");
    }
}

#[tokio::test(start_paused = true)]
async fn large_messages_are_written_from_where_they_lie_whole_and_in_order() {
    let (connection, mut wire, _driver) = client(Mux::new());
    let mut calls = Vec::new();
    for n in 0..50_usize {
        let params = json!({"n": n, "filler": "x".repeat(n * 997), "_meta": {"progressToken": "t"}});
        calls.push(call(&connection, request_with("a", "x", &params)).await);
    }
    for n in 0..50_usize {
        let line = wire.recv().await;
        assert_eq!(line["params"]["n"], n);
        assert_eq!(line["params"]["filler"].as_str().map(str::len), Some(n * 997));
        assert_eq!(line["params"]["_meta"]["progressToken"], line["id"]);
    }
}
