//! How connections end, and what the calls in flight are told.

use crate::support::{call, client, client_over, drain, next, progress, request, request_with, response, within};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, duplex, split};
use tower::ServiceExt;
use tower_transport::mux::{Disconnected, End, Mux};

#[tokio::test(start_paused = true)]
async fn calls_in_flight_are_told_whether_they_may_have_run_and_why() {
    let (connection, mut wire, driver) = client_over(Mux::new(), 64);
    let sent = call(&connection, request_with("a", "big", &json!("x".repeat(300 << 10)))).await;
    tokio::task::yield_now().await;
    let unwritten = call(&connection, request("b", "x")).await;
    wire.close_write().await;
    assert!(matches!(within(driver).await.unwrap(), End::Eof));
    let sent = within(sent).await.unwrap_err();
    assert!(sent.is_disconnected() && sent.may_have_run());
    let unwritten = within(unwritten).await.unwrap_err();
    assert!(unwritten.is_disconnected() && unwritten.was_never_sent());
    for error in [sent, unwritten] {
        assert!(error.to_string().contains("the peer closed the connection"), "{error}");
        assert!(std::error::Error::source(&error).is_some());
    }
    assert_eq!(connection.in_flight(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn answers_that_came_before_the_end_are_delivered() {
    let (connection, mut wire, driver) = client(Mux::new());
    let answered = call(&connection, request("a", "x")).await;
    let id = wire.recv_request("x").await;
    // The last line needs no newline.
    wire.send_raw(&response(id, json!("last words")).to_string()).await;
    wire.close_write().await;
    within(driver).await.unwrap();
    let mut answered = within(answered).await.unwrap();
    assert_eq!(drain(&mut answered).await, ["r \"last words\""]);
}

#[tokio::test(start_paused = true)]
async fn when_writing_fails_what_the_peer_has_said_is_still_read() {
    // Two pipes, of which one breaks.
    let (mut said, read) = duplex(1024);
    let (write, hears) = duplex(64);
    let (connection, driver) = Mux::new().connect(read, write);
    let driver = tokio::spawn(driver);
    let mut lines = BufReader::new(hears).lines();
    let sent = call(&connection, request("a", "x")).await;
    let line: Value = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
    let stuck = call(&connection, request_with("b", "big", &json!("x".repeat(300 << 10)))).await;
    tokio::task::yield_now().await;
    let queued = call(&connection, request("c", "x")).await;
    drop(lines);
    let answer = response(line["id"].as_u64().unwrap(), json!("said before"));
    said.write_all(format!("{answer}\n").as_bytes()).await.unwrap();
    assert_eq!(drain(&mut within(sent).await.unwrap()).await, ["r \"said before\""]);
    // Calls made now wait for the end, as its reason is not known before.
    let late = call(&connection, request("d", "x")).await;
    let stuck = within(stuck).await.unwrap_err();
    assert!(stuck.is_disconnected() && stuck.may_have_run(), "{stuck}");
    for queued in [queued, late] {
        let queued = within(queued).await.unwrap_err();
        assert!(queued.is_disconnected() && queued.was_never_sent(), "{queued}");
    }
    assert!(matches!(within(driver).await.unwrap(), End::Write(_)));
    assert_eq!(connection.in_flight(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_driver_ends_with_the_last_handle_and_the_last_reply() {
    let (connection, mut wire, driver) = client(Mux::new());
    let first = call(
        &connection,
        request_with("a", "x", &json!({"_meta": {"progressToken": 1}})),
    )
    .await;
    let id = wire.recv_request("x").await;
    drop(connection);
    wire.send(&[progress(&json!(id), 1)]).await;
    let mut streamed = within(first).await.unwrap();
    wire.stays_quiet().await;
    assert!(!driver.is_finished());
    next(&mut streamed).await.unwrap().unwrap();
    drop(streamed);
    // The cancel is written before the end.
    assert_eq!(wire.recv().await["params"]["requestId"], id);
    assert!(matches!(within(driver).await.unwrap(), End::Dropped));
    assert!(wire.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_driver_fails_what_is_in_flight() {
    let (connection, mut wire, driver) = client(Mux::new());
    let first = call(&connection, request("a", "x")).await;
    wire.recv_request("x").await;
    driver.abort();
    let error = within(first).await.unwrap_err();
    assert!(error.is_disconnected() && error.may_have_run(), "{error}");
    let mut dead = connection.clone();
    assert!(dead.ready().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn the_first_reason_stays() {
    let (ours, _theirs) = duplex(64);
    let (read, write) = split(ours);
    let (connection, driver) = Mux::new().connect(read, write);
    let first = call(&connection, request("a", "x")).await;
    driver.close(Disconnected::new(std::io::Error::other("exit status 3")));
    driver.close(Disconnected::new(std::io::Error::other("another reason")));
    drop(driver);
    let error = within(first).await.unwrap_err();
    assert!(error.to_string().contains("exit status 3"), "{error}");
    assert!(error.was_never_sent());
}

#[tokio::test(start_paused = true)]
async fn a_closing_connection_writes_what_is_queued_and_reads_the_answers() {
    let (ours, theirs) = duplex(1 << 16);
    let (read, write) = split(ours);
    let (connection, driver) = Mux::new().connect(read, write);
    let queued = call(&connection, request("a", "x")).await;
    connection.close();
    let driver = tokio::spawn(driver);
    let mut late = connection.clone();
    assert!(within(late.ready()).await.unwrap_err().was_never_sent());
    let (read, mut write) = split(theirs);
    let mut lines = BufReader::new(read).lines();
    let line: Value = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
    let answer = response(line["id"].as_u64().unwrap(), json!("still read"));
    write.write_all(format!("{answer}\n").as_bytes()).await.unwrap();
    let mut reply = within(queued).await.unwrap();
    assert_eq!(drain(&mut reply).await, ["r \"still read\""]);
    write.shutdown().await.unwrap();
    within(driver).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_closed_connection_that_nobody_holds_ends_although_its_peer_stays() {
    for looks_between in [false, true] {
        let (connection, mut wire, driver) = client(Mux::new());
        wire.stays_quiet().await;
        connection.close();
        if looks_between {
            wire.stays_quiet().await;
        }
        drop(connection);
        assert!(matches!(within(driver).await.unwrap(), End::Dropped));
    }
}

#[tokio::test(start_paused = true)]
async fn a_listener_on_an_ended_connection_is_told() {
    let (connection, mut wire, driver) = client(Mux::new());
    let mut readied = connection.clone();
    readied.ready().await.unwrap();
    wire.close_write().await;
    within(driver).await.unwrap();
    let mut reply = tower::Service::call(&mut readied, tower_transport::exchange::Call::listen())
        .await
        .unwrap();
    assert!(next(&mut reply).await.unwrap().is_err());
    assert!(next(&mut reply).await.is_none());
}
