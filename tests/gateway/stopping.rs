//! SIGTERM and Ctrl-C.

use crate::support::{Answer, Gateway, within};
use http_body_util::BodyExt;
use rustix::process::Signal;
use serde_json::json;
use tokio::net::TcpStream;

#[tokio::test]
async fn either_signal_stops_it_with_exit_code_0_and_no_process_left() {
    for which in [Signal::TERM, Signal::INT] {
        let gateway = Gateway::demo(&[]).await;
        gateway.tool("echo", json!({ "message": "a" })).await;
        gateway.session().await;
        gateway.until_children(2).await;
        gateway.signal(which);
        assert_eq!(gateway.exit().await.code(), Some(0));
    }
}

#[tokio::test]
async fn call_in_flight_is_finished_and_new_connections_are_not_accepted() {
    let gateway = Gateway::demo(&[]).await;
    let address = gateway.origin.strip_prefix("http://").unwrap().to_owned();
    let params =
        json!({ "name": "slow", "arguments": { "steps": 10, "step_ms": 50 }, "_meta": { "progressToken": 1 } });
    let mut response = gateway.send(gateway.modern("tools/call", params)).await;
    within(10, "progress", response.frame()).await.unwrap().unwrap();
    gateway.signal(Signal::TERM);
    let refused = async { while TcpStream::connect(&address).await.is_ok() {} };
    within(10, "the listener's end", refused).await;
    assert_eq!(Answer::read(response).await.said(), "took 10 steps of 50 ms");
    assert!(gateway.exit().await.success());
}

// PITFALLS 52
#[tokio::test]
async fn open_event_stream_holds_nothing_up_and_ends_properly() {
    let gateway = Gateway::demo(&[]).await;
    let session = gateway.session().await;
    let stream = session.listen().await;
    gateway.signal(Signal::TERM);
    let ended = within(10, "the end of the stream", stream.into_body().collect()).await;
    ended.expect("ended by its last chunk, and not by a cut");
    assert!(gateway.exit().await.success());
}

#[tokio::test]
async fn call_that_does_not_finish_in_time_is_failed_and_told_so() {
    let gateway = Gateway::demo(&["--drain", "200ms"]).await;
    let session = gateway.session().await;
    let call = session.tool("sleep", json!({ "ms": 600_000 }));
    let stop = async {
        session.tool("echo", json!({ "message": "a" })).await;
        gateway.signal(Signal::TERM);
    };
    let (answer, ()) = tokio::join!(call, stop);
    assert!(answer.error().contains("ended"), "{}", answer.text);
    assert!(gateway.exit().await.success());
}

// PITFALLS 33
#[tokio::test]
async fn child_that_heeds_neither_eof_nor_sigterm_is_killed_with_its_tree() {
    let script = r#"trap "" TERM; sleep 600 & "$DEMO" --demo-server; while :; do sleep 1; done"#;
    let gateway = Gateway::script(&[], script).await;
    gateway.session().await;
    gateway.until_children(3).await;
    assert!(gateway.terminate().await.success());
}

// PITFALLS 34
#[tokio::test]
async fn second_signal_stops_it_at_once_with_the_code_of_a_signal() {
    for (second, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let gateway = Gateway::demo(&["--drain", "1h"]).await;
        let address = gateway.origin.strip_prefix("http://").unwrap().to_owned();
        let params = json!({ "name": "slow", "arguments": { "steps": 60_000 }, "_meta": { "progressToken": 1 } });
        let mut response = gateway.send(gateway.modern("tools/call", params)).await;
        within(10, "progress", response.frame()).await.unwrap().unwrap();
        gateway.signal(Signal::TERM);
        // The first signal was taken; two that wait at once would be one.
        let refused = async { while TcpStream::connect(&address).await.is_ok() {} };
        within(10, "the listener's end", refused).await;
        gateway.signal(second);
        assert_eq!(gateway.exit().await.code(), Some(code));
    }
}

#[tokio::test]
async fn gateway_that_is_killed_takes_its_children_along() {
    let gateway = Gateway::demo(&[]).await;
    gateway.tool("echo", json!({ "message": "a" })).await;
    gateway.session().await;
    gateway.until_children(2).await;
    gateway.signal(Signal::KILL);
    assert_eq!(gateway.exit().await.code(), None);
}
