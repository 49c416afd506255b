//! Every limit is a flag.

use crate::support::{Answer, Gateway, within};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

// PITFALLS 54
#[tokio::test]
async fn sessions_that_nobody_ends_stay_under_their_limit_and_end_by_idleness() {
    // 1,000 by hand: TOWER_TRANSPORT_SESSIONS=1000
    let sessions = std::env::var("TOWER_TRANSPORT_SESSIONS").map_or(200, |count| count.parse().unwrap());
    let gateway = Gateway::demo(&["--max-sessions", "16", "--session-idle", "1s"]).await;
    let (mut opened, mut refused) = (0, 0);
    for _ in 0..sessions {
        let answer = gateway.initialize().await;
        match answer.status.as_u16() {
            200 => opened += 1,
            503 => {
                assert!(answer.error().contains("16 sessions"), "{}", answer.text);
                refused += 1;
            }
            status => panic!("{status}: {}", answer.text),
        }
        // Those whose session has just ended may still be closing.
        assert!(gateway.children().len() <= 16 + 64);
    }
    assert!(opened >= 16 && refused > 0, "{opened} opened, {refused} refused");
    gateway.until_children(0).await;
    assert_eq!(gateway.initialize().await.status, 200);
    assert!(gateway.terminate().await.success());
}

#[tokio::test]
async fn message_over_the_limit_fails_alone_in_either_direction() {
    let gateway = Gateway::demo(&["--max-message-size", "16KiB"]).await;
    let answer = gateway.tool("echo", json!({ "message": "x".repeat(20_000) })).await;
    assert_eq!(answer.status, 413);
    assert!(answer.error().contains("16384"), "{}", answer.text);

    // A server whose first answer is over the limit.
    let script = r#"read -r line; id=$(printf %s "$line" | sed 's/.*"id":\([0-9]*\).*/\1/')
        printf '{"jsonrpc":"2.0","id":%s,"result":"%s"}\n' "$id" LONG; exec "$DEMO" --demo-server"#;
    let script = script.replace("LONG", &"x".repeat(20_000));
    let gateway = Gateway::script(&["--max-message-size", "16KiB"], &script).await;
    let error = gateway.tool("echo", json!({ "message": "a" })).await.error();
    assert!(error.contains("16384"), "{error}");
    assert_eq!(gateway.tool("echo", json!({ "message": "a" })).await.said(), "a");
    assert!(gateway.terminate().await.success());
}

#[tokio::test]
async fn silent_call_is_cancelled_after_the_idle_timeout() {
    let gateway = Gateway::demo(&["--idle-timeout", "300ms", "--max-in-flight", "1"]).await;
    let error = gateway.tool("sleep", json!({ "ms": 600_000 })).await.error();
    assert!(error.contains("300ms"), "{error}");
    assert_eq!(
        gateway.tool("echo", json!({ "message": "a" })).await.said(),
        "a",
        "its place is free again"
    );

    let params =
        json!({ "name": "slow", "arguments": { "steps": 8, "step_ms": 100 }, "_meta": { "progressToken": 1 } });
    let slow = Answer::read(gateway.send(gateway.modern("tools/call", params)).await).await;
    assert_eq!(slow.said(), "took 8 steps of 100 ms", "progress keeps a call alive");
    assert!(gateway.terminate().await.success());
}

#[tokio::test]
async fn call_that_makes_progress_for_too_long_is_cancelled_after_the_total_timeout() {
    let gateway = Gateway::demo(&["--total-timeout", "500ms"]).await;
    let params =
        json!({ "name": "slow", "arguments": { "steps": 60_000, "step_ms": 50 }, "_meta": { "progressToken": 1 } });
    let answer = Answer::read(gateway.send(gateway.modern("tools/call", params)).await).await;
    assert!(answer.error().contains("total timeout"), "{}", answer.error());
    assert!(gateway.terminate().await.success());
}

// PITFALLS 46
#[tokio::test]
async fn head_that_does_not_come_to_its_end_closes_the_connection() {
    let gateway = Gateway::demo(&[]).await;
    let mut stream = TcpStream::connect(gateway.origin.strip_prefix("http://").unwrap())
        .await
        .unwrap();
    stream.write_all(b"POST /mcp HTTP/1.1\r\nHost: loc").await.unwrap();
    let mut rest = Vec::new();
    // Real time: the limit is 10 s, and another process measures it.
    within(20, "the end of the connection", stream.read_to_end(&mut rest))
        .await
        .unwrap();
    assert!(gateway.terminate().await.success());
}

#[tokio::test]
async fn subscription_and_stream_of_a_session_may_be_silent_for_longer_than_any_call() {
    let gateway = Gateway::demo(&["--idle-timeout", "200ms", "--total-timeout", "400ms"]).await;
    let session = gateway.session().await;
    let mut stream = session.listen().await;
    assert_eq!(stream.status(), 200);
    let ended = async {
        while let Some(frame) = BodyExt::frame(&mut stream).await {
            frame.unwrap();
        }
    };
    // Real time, twice the longest limit.
    assert!(
        tokio::time::timeout(Duration::from_millis(800), ended).await.is_err(),
        "still open"
    );
    assert_eq!(session.tool("echo", json!({ "message": "a" })).await.said(), "a");
    assert!(gateway.terminate().await.success());
}

#[tokio::test]
async fn client_that_does_not_read_its_response_loses_its_connection() {
    let gateway = Gateway::demo(&["--write-stall", "200ms", "--max-message-size", "64MiB"]).await;
    // More than the buffers of both ends may hold.
    let params = json!({ "name": "echo", "arguments": { "message": "x".repeat(12 << 20) } });
    let response = gateway.send(gateway.modern("tools/call", params)).await;
    assert_eq!(response.status(), 200);
    // Real time, ten times the limit: the clock is that of another process.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let body = within(20, "the end of the connection", BodyExt::collect(response.into_body())).await;
    assert!(body.is_err(), "the response is cut off");
    assert!(gateway.terminate().await.success());
}

#[tokio::test]
async fn time_in_which_a_person_is_asked_does_not_count_as_silence() {
    let script = r#"id() { printf %s "$1" | sed 's/.*"id":\([0-9]*\).*/\1/'; }
        read -r line; printf '{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-11-25"}}\n' "$(id "$line")"
        read -r initialized; read -r line; call=$(id "$line")
        echo '{"jsonrpc":"2.0","id":"e","method":"elicitation/create","params":{}}'; read -r answer
        printf '{"jsonrpc":"2.0","id":%s,"result":{"content":[{"text":"thanks"}]}}\n' "$call"; cat >/dev/null"#;
    let gateway = Gateway::script(&["--idle-timeout", "500ms"], script).await;
    let session = gateway.session().await;
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "ask" } });
    let mut response = session.send(&call).await;
    let event = within(20, "the question", response.frame()).await.unwrap().unwrap();
    let event = String::from_utf8(event.into_data().unwrap().to_vec()).unwrap();
    let question: Value = serde_json::from_str(event.split("data: ").nth(1).unwrap()).unwrap();
    assert_eq!(question["method"], "elicitation/create");
    // Real time, three times the limit: the clock is that of another process.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let answer = json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "action": "decline" } });
    assert_eq!(session.post(&answer).await.status, 202);
    assert_eq!(Answer::read(response).await.said(), "thanks");
    assert!(gateway.terminate().await.success());
}
