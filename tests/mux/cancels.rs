//! Law 3: dropping cancels, and what a cancel may never do.

use crate::support::{call, client, client_over, request, request_with, settled, within};
use serde_json::json;
use tower_transport::mux::Mux;
use tower_transport::protocol::JsonRpc;

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_unwritten_is_never_written() {
    // PITFALLS 25
    let (connection, mut wire, _driver) = client_over(Mux::new(), 64);
    let big = call(&connection, request_with("a", "big", &json!("x".repeat(300 << 10)))).await;
    tokio::task::yield_now().await;
    let dropped = call(&connection, request("b", "dropped")).await;
    let kept = call(&connection, request("c", "kept")).await;
    drop(dropped);
    wire.recv_request("big").await;
    let id = wire.recv_request("kept").await;
    wire.result(id, json!(1)).await;
    within(kept).await.unwrap();
    wire.stays_quiet().await;
    drop(big);
}

#[tokio::test(start_paused = true)]
async fn a_cancel_comes_once_and_after_its_request() {
    // PITFALLS 25
    let (connection, mut wire, _driver) = client_over(Mux::new(), 64);
    // Taken into the write buffer, but not yet on the wire: it counts as written.
    let dropped = call(&connection, request("a", "tools/call")).await;
    tokio::task::yield_now().await;
    drop(dropped);
    let id = wire.recv_request("tools/call").await;
    let cancel = wire.recv().await;
    assert_eq!(cancel["method"], "notifications/cancelled");
    assert_eq!(cancel["params"]["requestId"], id);
    assert!(cancel.get("id").is_none());
    wire.stays_quiet().await;
    settled(&connection).await;
}

#[tokio::test(start_paused = true)]
async fn a_cancel_needs_no_slot() {
    // PITFALLS 25
    let (connection, mut wire, _driver) = client(Mux::new().max_in_flight(1));
    let dropped = call(&connection, request("a", "tools/call")).await;
    let id = wire.recv_request("tools/call").await;
    let waits = tokio::spawn({
        let connection = connection.clone();
        async move { call(&connection, request("b", "next")).await.await }
    });
    wire.stays_quiet().await;
    drop(dropped);
    assert_eq!(wire.recv().await["params"]["requestId"], id);
    let id = wire.recv_request("next").await;
    wire.result(id, json!(1)).await;
    within(waits).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn initialize_is_never_cancelled() {
    let (connection, mut wire, _driver) = client(Mux::new());
    let dropped = call(&connection, request("a", "initialize")).await;
    let id = wire.recv_request("initialize").await;
    drop(dropped);
    wire.stays_quiet().await;
    assert_eq!(connection.in_flight(), (0, 0));
    wire.result(id, json!({})).await;
    crate::support::eventually("its late answer is counted", || connection.stats().late == 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_protocol_without_cancels_sends_none() {
    let (connection, mut wire, _driver) = client(Mux::new().protocol(JsonRpc));
    let dropped = call(&connection, request("a", "x")).await;
    wire.recv_request("x").await;
    drop(dropped);
    wire.stays_quiet().await;
    assert_eq!(connection.in_flight(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_answered_call_is_not_cancelled() {
    let (connection, mut wire, _driver) = client(Mux::new());
    let unread = call(&connection, request("a", "x")).await;
    let id = wire.recv_request("x").await;
    wire.result(id, json!(1)).await;
    wire.stays_quiet().await;
    drop(unread);
    wire.stays_quiet().await;
    assert_eq!(connection.in_flight(), (0, 0));
}
