//! What belongs to no exchange of ours.

use crate::support::{call, client, label, listen, next, progress, request, request_with, within};
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_transport::exchange::Item;
use tower_transport::mux::Mux;

fn stray(n: u64) -> Value {
    json!({"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": {"n": n}})
}

fn asks(id: u64) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "roots/list"})
}

#[tokio::test(start_paused = true)]
async fn listening_opens_at_once_and_takes_no_slot() {
    let (connection, mut wire, _driver) = client(Mux::new().max_in_flight(1));
    let mut listener = listen(&connection).await;
    assert_eq!(connection.in_flight(), (0, 0));
    wire.send(&[stray(1)]).await;
    assert_eq!(label(&next(&mut listener).await.unwrap().unwrap()), r#"n {"n":1}"#);
    wire.stays_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn a_second_listener_ends_the_first() {
    let (connection, mut wire, _driver) = client(Mux::new());
    let mut first = listen(&connection).await;
    let first = tokio::spawn(async move { next(&mut first).await.is_none() });
    tokio::task::yield_now().await;
    let mut second = listen(&connection).await;
    assert!(within(first).await.unwrap());
    wire.send(&[stray(1)]).await;
    assert_eq!(label(&next(&mut second).await.unwrap().unwrap()), r#"n {"n":1}"#);
}

#[tokio::test(start_paused = true)]
async fn strays_wait_in_a_ring_that_drops_the_oldest() {
    let (connection, mut wire, _driver) = client(Mux::new());
    for n in 0..100 {
        wire.send(&[stray(n)]).await;
    }
    crate::support::eventually("all is read", || connection.stats().frames == 100).await;
    assert_eq!(connection.stats().strays_dropped, 36);
    let mut listener = listen(&connection).await;
    for n in 36..100 {
        let item = next(&mut listener).await.unwrap().unwrap();
        assert_eq!(label(&item), format!(r#"n {{"n":{n}}}"#));
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_listener_leaves_waits_for_the_next_and_the_oldest_goes_first() {
    let (connection, mut wire, _driver) = client(Mux::new());
    let listener = listen(&connection).await;
    let batch: Vec<_> = (0..100).map(stray).chain([asks(1)]).collect();
    wire.send(&batch).await;
    crate::support::eventually("all is read", || connection.stats().frames == 101).await;
    drop(listener);
    // A request has to be answered by somebody who is there.
    assert_eq!(wire.recv().await["error"]["code"], -32603);
    let mut listener = listen(&connection).await;
    for n in 36..100 {
        let item = next(&mut listener).await.unwrap().unwrap();
        assert_eq!(label(&item), format!(r#"n {{"n":{n}}}"#));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stray_request_is_refused_while_nobody_listens() {
    let (connection, mut wire, _driver) = client(Mux::new());
    wire.send(&[asks(5)]).await;
    let refusal = wire.recv().await;
    assert_eq!(refusal["id"], 5);
    assert_eq!(refusal["error"]["code"], -32601);
    assert_eq!(connection.stats().refused, 1);

    let mut listener = listen(&connection).await;
    wire.send(&[asks(6)]).await;
    let Some(Ok(Item::Request(message, responder))) = next(&mut listener).await else {
        panic!("a request")
    };
    assert_eq!(message.method().as_deref(), Some("roots/list"));
    responder
        .respond(crate::support::result(&json!({"roots": []})))
        .unwrap();
    let answer = wire.recv().await;
    assert_eq!((&answer["id"], &answer["result"]), (&json!(6), &json!({"roots": []})));
    assert_eq!(connection.in_flight(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_names_no_call_goes_to_the_only_one_or_else_to_the_listener() {
    let (connection, mut wire, _driver) = client(Mux::new());
    let log = |n: u64| json!({"jsonrpc": "2.0", "method": "notifications/message", "params": {"n": n}});
    let mut listener = listen(&connection).await;
    let one = call(&connection, request("a", "x")).await;
    let a = wire.recv_request("x").await;
    wire.send(&[log(1)]).await;
    let mut one = within(one).await.unwrap();
    assert_eq!(label(&next(&mut one).await.unwrap().unwrap()), r#"n {"n":1}"#);
    let two = call(&connection, request("b", "y")).await;
    wire.recv_request("y").await;
    wire.send(&[log(2), asks(7)]).await;
    assert_eq!(label(&next(&mut listener).await.unwrap().unwrap()), r#"n {"n":2}"#);
    assert!(matches!(next(&mut listener).await, Some(Ok(Item::Request(..)))));
    assert_eq!(wire.recv().await["id"], 7);
    wire.result(a, json!(1)).await;
    assert!(next(&mut one).await.unwrap().unwrap().is_response());
    drop(two);
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_does_not_read_fails_and_the_calls_go_on() {
    let (connection, mut wire, _driver) = client(Mux::new().max_unread(8 << 10));
    let mut listener = listen(&connection).await;
    for n in 0..200 {
        wire.send(&[stray(n)]).await;
    }
    let streams = call(
        &connection,
        request_with("a", "x", &json!({"_meta": {"progressToken": 1}})),
    )
    .await;
    let id = wire.recv_request("x").await;
    wire.send(&[progress(&json!(id), 1)]).await;
    within(streams).await.unwrap();
    let error = next(&mut listener).await.unwrap().unwrap_err();
    assert!(error.is_unread() && error.limit() == Some(8 << 10), "{error}");
    assert!(next(&mut listener).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn ping_is_answered_by_the_edge() {
    let (connection, mut wire, _driver) = client(Mux::new().max_in_flight(1));
    let _held = call(&connection, request("a", "x")).await;
    wire.recv_request("x").await;
    wire.send(&[json!({"jsonrpc": "2.0", "id": "p", "method": "ping"})])
        .await;
    assert_eq!(wire.recv().await, json!({"jsonrpc": "2.0", "id": "p", "result": {}}));
}

#[tokio::test(start_paused = true)]
async fn a_listener_gets_what_came_before_the_end_and_then_the_reason() {
    let (connection, mut wire, driver) = client(Mux::new());
    let mut listener = listen(&connection).await;
    wire.send(&[stray(1)]).await;
    wire.close_write().await;
    within(driver).await.unwrap();
    assert_eq!(label(&next(&mut listener).await.unwrap().unwrap()), r#"n {"n":1}"#);
    let error = next(&mut listener).await.unwrap().unwrap_err();
    assert!(error.to_string().contains("the peer closed"), "{error}");
    assert!(next(&mut listener).await.is_none());
    let mut dead = connection.clone();
    assert!(dead.ready().await.is_err());
}
