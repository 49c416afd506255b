//! What the exchange sends, and on which stream.

use crate::http_server_support::{
    ACCEPT, Events, begin_and_drop, delete, get, legacy, open, progress, refusal, request, send, until, with,
};
use crate::support::probe;
use http::header;
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_transport::exchange::unary;
use tower_transport::http::Server;
use tower_transport::message::{Id, Message};

// items 45, 119
#[tokio::test]
async fn a_request_of_the_exchange_goes_to_its_calls_stream_and_is_answered_by_post() {
    let server = probe().server();
    let session = open(&server).await;
    let mut call = Events::of(send(&server, legacy(&session, &request(1, "ask", &json!({"q": 1})))).await);
    let ask = call.next().await.unwrap();
    assert_eq!(
        (&ask["method"], &ask["params"]["q"]),
        (&json!("sampling/createMessage"), &json!(1))
    );
    let answer = json!({"jsonrpc": "2.0", "id": ask["id"], "result": {"a": 2}});
    // It is no other session's to answer.
    let other = open(&server).await;
    assert_eq!(send(&server, legacy(&other, &answer)).await.status(), 202);
    assert_eq!(server.handle().strays(), 1);
    assert_eq!(send(&server, legacy(&session, &answer)).await.status(), 202);
    assert_eq!(call.next().await.unwrap()["result"]["answer"]["a"], 2);
    // Duplicate, and never asked for.
    assert_eq!(send(&server, legacy(&session, &answer)).await.status(), 202);
    let stray = json!({"jsonrpc": "2.0", "id": "x", "error": {"code": 1, "message": ""}});
    assert_eq!(send(&server, legacy(&session, &stray)).await.status(), 202);
    assert_eq!(server.handle().strays(), 3);
}

// item 21
#[tokio::test]
async fn a_request_that_the_exchange_gives_up_on_is_cancelled_at_the_client() {
    let probe = probe();
    let server = probe.server();
    let session = open(&server).await;
    let mut call = Events::of(send(&server, legacy(&session, &request(1, "give up asking", &json!({})))).await);
    let ask = call.next().await.unwrap();
    let cancel = call.next().await.unwrap();
    assert_eq!(
        (&cancel["method"], &cancel["params"]["requestId"]),
        (&json!("notifications/cancelled"), &ask["id"])
    );
    probe.go.notify_one();
    assert_eq!(call.next().await.unwrap()["result"], true);
}

// items 46, 48
#[tokio::test]
async fn what_the_exchange_sends_outside_of_calls_goes_to_the_get_stream_alone() {
    let probe = probe();
    let server = probe.server();
    let session = open(&server).await;
    let mut stream = Events::of(send(&server, get(Some(&session))).await);
    let mut call = Events::of(send(&server, legacy(&session, &request(1, "talk, then wait", &json!({})))).await);
    assert_eq!(call.next().await.unwrap()["params"]["progress"], 1);
    until(|| probe.listener.lock().unwrap().is_some()).await;
    let peer = probe.listener.lock().unwrap().clone().unwrap();
    peer.notify(progress(&json!("stray"))).await.unwrap();
    assert_eq!(stream.next().await.unwrap()["params"]["progress"], "stray");
    let asking = tokio::spawn(async move {
        let ask = Message::request(&Id::number(9), "roots/list", &json!({})).unwrap();
        peer.request(ask).await.unwrap().decode::<Value>().unwrap()
    });
    let ask = stream.next().await.unwrap();
    let answer = json!({"jsonrpc": "2.0", "id": ask["id"], "result": {"roots": []}});
    assert_eq!(send(&server, legacy(&session, &answer)).await.status(), 202);
    assert_eq!(asking.await.unwrap(), json!({"roots": []}));
    probe.go.notify_one();
    assert_eq!(call.next().await.unwrap()["result"], "waited");
}

// item 49
#[tokio::test]
async fn a_request_of_a_call_whose_client_has_vanished_goes_to_the_get_stream() {
    let probe = probe();
    let server = probe.server();
    let session = open(&server).await;
    let mut stream = Events::of(send(&server, get(Some(&session))).await);
    let call = server
        .clone()
        .oneshot(legacy(&session, &request(1, "wait, then ask", &json!({}))));
    begin_and_drop(call, || probe.begun() == 2).await;
    probe.go.notify_one();
    let ask = stream.next().await.unwrap();
    assert_eq!(ask["method"], "sampling/createMessage");
    let answer = json!({"jsonrpc": "2.0", "id": ask["id"], "result": {}});
    assert_eq!(send(&server, legacy(&session, &answer)).await.status(), 202);
    until(|| probe.finished() == 1).await;
}

// item 49
#[tokio::test]
async fn a_request_that_nobody_can_be_sent_is_refused() {
    let probe = probe();
    let server = probe.server();
    let session = open(&server).await;
    let call = server
        .clone()
        .oneshot(legacy(&session, &request(1, "wait, then ask", &json!({}))));
    begin_and_drop(call, || probe.begun() == 2).await;
    probe.go.notify_one();
    until(|| probe.finished() == 1).await;
    // One that was queued and never read, too.
    let call = send(&server, legacy(&session, &request(1, "ask", &json!({})))).await;
    drop(call);
    until(|| server.handle().calls() == 0).await;
}

// item 47
#[tokio::test]
async fn a_second_get_takes_the_place_of_the_first_and_hurts_nothing_else() {
    let probe = probe();
    let server = probe.server();
    let session = open(&server).await;
    let mut call = Events::of(send(&server, legacy(&session, &request(1, "talk, then wait", &json!({})))).await);
    call.next().await.unwrap();
    let mut first = Events::of(send(&server, get(Some(&session))).await);
    until(|| probe.listener.lock().unwrap().take().is_some()).await;
    let mut second = Events::of(send(&server, get(Some(&session))).await);
    assert_eq!(first.next().await, None);
    until(|| probe.listening() == 1 && probe.listener.lock().unwrap().is_some()).await;
    let peer = probe.listener.lock().unwrap().clone().unwrap();
    peer.notify(progress(&json!("to the second"))).await.unwrap();
    assert_eq!(second.next().await.unwrap()["params"]["progress"], "to the second");
    drop(second);
    until(|| probe.listening() == 0).await;
    probe.go.notify_one();
    assert_eq!(call.next().await.unwrap()["result"], "waited");
}

// items 40, 43, 46
#[tokio::test(start_paused = true)]
async fn a_get_is_a_stream_kept_open_by_comments_or_a_fast_refusal() {
    let server = probe().server();
    for refused in [get(None), with(get(None), "accept", ACCEPT), delete(None)] {
        let response = send(&server, refused).await;
        assert_eq!(response.headers()[header::ALLOW], "POST");
        assert_eq!(refusal(response).await, (405, -32600));
    }
    let session = open(&server).await;
    let response = send(&server, with(get(Some(&session)), "accept", "application/json")).await;
    assert_eq!(refusal(response).await, (406, -32600));
    let mut stream = Events::of(send(&server, get(Some(&session))).await);
    for _ in 0..3 {
        assert_eq!(stream.block().await.unwrap(), ":");
    }
    let silent = Server::new(unary(async |_| Message::response(&Id::null(), &json!({}))));
    let session = open(&silent).await;
    assert_eq!(refusal(send(&silent, get(Some(&session))).await).await, (405, -32600));
}
