//! Clients that vanish or cancel.

use crate::http_server_support::{Events, begin_and_drop, json_body, legacy, open, request, send, until};
use crate::support::probe;
use http::header;
use serde_json::{Value, json};
use tower::ServiceExt;

// item 49; PITFALLS 51
#[tokio::test]
async fn a_client_that_vanishes_cancels_nothing() {
    let probe = probe();
    let server = probe.server();
    let session = open(&server).await;
    let call = server
        .clone()
        .oneshot(legacy(&session, &request(1, "wait", &json!({}))));
    begin_and_drop(call, || probe.begun() == 2).await;
    assert_eq!(server.handle().calls(), 1);
    let mut events = Events::of(send(&server, legacy(&session, &request(2, "talk, then wait", &json!({})))).await);
    events.next().await.unwrap();
    drop(events);
    probe.go.notify_one();
    until(|| server.handle().calls() == 1).await;
    probe.go.notify_one();
    until(|| server.handle().calls() == 0).await;
    assert_eq!((probe.finished(), probe.dropped()), (1, 0));
}

// item 49; PITFALLS 51
#[tokio::test]
async fn a_notification_whose_client_vanishes_is_handed_over_all_the_same() {
    let probe = probe();
    let server = probe.server();
    let session = open(&server).await;
    let slow = json!({"jsonrpc": "2.0", "method": "notifications/slow"});
    begin_and_drop(server.clone().oneshot(legacy(&session, &slow)), || probe.begun() == 2).await;
    probe.go.notify_one();
    until(|| *probe.notifications.lock().unwrap() == ["notifications/slow"]).await;
}

// item 49
#[tokio::test]
async fn what_a_call_says_when_its_client_has_vanished_is_consumed() {
    let probe = probe();
    let server = probe.server();
    let session = open(&server).await;
    let mut events = Events::of(
        send(
            &server,
            legacy(&session, &request(1, "flood", &json!({"n": 5000, "size": 10_000}))),
        )
        .await,
    );
    events.next().await.unwrap();
    drop(events);
    until(|| server.handle().calls() == 0).await;
    assert_eq!(probe.dropped(), 0);
}

// items 21, 104
#[tokio::test]
async fn a_cancel_ends_that_call_of_that_session_and_is_not_passed_on() {
    let probe = probe();
    let server = probe.server();
    let (mine, other) = (open(&server).await, open(&server).await);
    let cancel =
        |id: Value| json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}});
    let mut call = Events::of(send(&server, legacy(&mine, &request(1, "talk, then wait", &json!({})))).await);
    call.next().await.unwrap();
    // Another session's, another type, one that never was.
    assert_eq!(send(&server, legacy(&other, &cancel(json!(1)))).await.status(), 202);
    assert_eq!(send(&server, legacy(&mine, &cancel(json!("1")))).await.status(), 202);
    assert_eq!(send(&server, legacy(&mine, &cancel(json!(99)))).await.status(), 202);
    assert_eq!(server.handle().calls(), 1);
    assert_eq!(send(&server, legacy(&mine, &cancel(json!(1)))).await.status(), 202);
    assert_eq!(call.next().await, None);
    until(|| probe.dropped() == 1 && server.handle().calls() == 0).await;
    assert!(probe.notifications.lock().unwrap().is_empty());
    // Late: harmless.
    assert_eq!(send(&server, legacy(&mine, &cancel(json!(1)))).await.status(), 202);
}

// items 4, 21
#[tokio::test]
async fn a_cancel_before_the_first_item_ends_the_response_and_one_that_names_two_calls_ends_neither() {
    let probe = probe();
    let server = probe.server();
    let session = open(&server).await;
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}});
    let call = || {
        let (server, session) = (server.clone(), session.clone());
        tokio::spawn(async move { send(&server, legacy(&session, &request(1, "wait", &json!({})))).await })
    };
    let (first, second) = (call(), call());
    until(|| probe.begun() == 3).await;
    send(&server, legacy(&session, &cancel)).await;
    assert_eq!(server.handle().calls(), 2);
    probe.go.notify_one();
    until(|| server.handle().calls() == 1).await;
    send(&server, legacy(&session, &cancel)).await;
    let (first, second) = (first.await.unwrap(), second.await.unwrap());
    let (answered, cancelled) = match first.headers()[header::CONTENT_TYPE].to_str().unwrap() {
        "application/json" => (first, second),
        _ => (second, first),
    };
    assert_eq!(json_body(answered).await["result"], "waited");
    assert_eq!(Events::of(cancelled).next().await, None);
}
