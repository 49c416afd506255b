//! Several clients on one peer: tokens, ids and subscriptions of each come back to it as its own.

use crate::support::{call, client, drain, next, progress, request, request_with, response, within};
use serde_json::{Value, json};
use tower_transport::exchange::Item;
use tower_transport::message::{Id, Message};
use tower_transport::mux::Mux;

const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

// PITFALLS 24
#[tokio::test(start_paused = true)]
async fn two_clients_with_equal_ids_and_tokens_each_get_their_own() {
    let (connection, mut wire, _driver) = client(Mux::new());
    let params = json!({"name": "echo", "_meta": {"progressToken": "same", "traceparent": "kept"}});
    let first = call(&connection, request_with("1", "tools/call", &params)).await;
    let second = call(&connection, request_with("1", "tools/call", &params)).await;
    let (one, two) = (wire.recv().await, wire.recv().await);
    let token = |request: &Value| request["params"]["_meta"]["progressToken"].clone();
    assert_ne!(one["id"], two["id"]);
    assert_ne!(token(&one), token(&two));
    assert_eq!(one["params"]["_meta"]["traceparent"], "kept");
    let id = |request: &Value| request["id"].as_u64().unwrap();
    wire.send(&[
        progress(&token(&two), 22),
        progress(&token(&one), 11),
        response(id(&two), json!("two")),
        response(id(&one), json!("one")),
    ])
    .await;
    for (call, n, answer) in [(first, 11, "one"), (second, 22, "two")] {
        let mut reply = within(call).await.unwrap();
        let Some(Ok(Item::Notification(told))) = next(&mut reply).await else {
            panic!("progress")
        };
        assert_eq!(
            told.payload(),
            Some(&*format!(r#"{{"progress":{n},"progressToken":"same"}}"#))
        );
        let Some(Ok(Item::Response(message))) = next(&mut reply).await else {
            panic!("a response")
        };
        assert_eq!(message.id(), Some(Id::string("1")));
        assert_eq!(message.payload(), Some(&*format!("{answer:?}")));
    }
}

// PITFALLS 24
#[tokio::test(start_paused = true)]
async fn a_token_that_was_not_asked_for_reaches_nobody() {
    let (connection, mut wire, _driver) = client(Mux::new());
    let plain = call(&connection, request("a", "tools/call")).await;
    let id = wire.recv_request("tools/call").await;
    wire.send(&[
        // No token was sent with it.
        progress(&json!(id), 1),
        progress(&json!("same"), 1),
        progress(&json!(id.to_string()), 1),
        response(id, json!(1)),
    ])
    .await;
    assert_eq!(drain(&mut within(plain).await.unwrap()).await, ["r 1"]);
    assert_eq!(connection.stats().unknown_tokens, 3);
}

#[tokio::test(start_paused = true)]
async fn a_notification_that_names_its_request_twice_reaches_nobody() {
    let (connection, mut wire, _driver) = client(Mux::new());
    let params = json!({"_meta": {"progressToken": 1}});
    let one = call(&connection, request_with("a", "x", &params)).await;
    let two = call(&connection, request_with("b", "x", &params)).await;
    let (a, b) = (wire.recv_request("x").await, wire.recv_request("x").await);
    let twice =
        format!(r#"{{"method":"notifications/progress","params":{{"progressToken":{a},"progressToken":{b}}}}}"#);
    wire.send_raw(&format!("{twice}\n")).await;
    wire.send(&[response(a, json!("a")), response(b, json!("b"))]).await;
    assert_eq!(drain(&mut within(one).await.unwrap()).await, ["r \"a\""]);
    assert_eq!(drain(&mut within(two).await.unwrap()).await, ["r \"b\""]);
    assert_eq!(connection.stats().not_messages, 1);
}

#[tokio::test(start_paused = true)]
async fn a_subscriptions_id_is_restored_in_its_notifications_and_in_its_final_result() {
    let (connection, mut wire, _driver) = client(Mux::new());
    let listen = json!({"notifications": {"toolsListChanged": true}});
    let one = call(&connection, request_with("mine", "subscriptions/listen", &listen)).await;
    let two = {
        let message = Message::request(&Id::number(7), "subscriptions/listen", &listen).unwrap();
        call(&connection, message).await
    };
    let (a, b) = (
        wire.recv_request("subscriptions/listen").await,
        wire.recv_request("subscriptions/listen").await,
    );
    let meta = |id: u64| json!({"_meta": {SUBSCRIPTION: id}});
    let told = |id: u64, method: &str| json!({"jsonrpc": "2.0", "method": method, "params": meta(id)});
    wire.send(&[
        told(b, "notifications/subscriptions/acknowledged"),
        told(a, "notifications/subscriptions/acknowledged"),
        told(a, "notifications/tools/list_changed"),
        response(a, meta(a)),
        response(b, meta(b)),
    ])
    .await;
    let mine = format!(r#"{{"_meta":{{"{SUBSCRIPTION}":"mine"}}}}"#);
    let seven = format!(r#"{{"_meta":{{"{SUBSCRIPTION}":7}}}}"#);
    let items = drain(&mut within(one).await.unwrap()).await;
    assert_eq!(items, [format!("n {mine}"), format!("n {mine}"), format!("r {mine}")]);
    let items = drain(&mut within(two).await.unwrap()).await;
    assert_eq!(items, [format!("n {seven}"), format!("r {seven}")]);
}

#[tokio::test(start_paused = true)]
async fn a_server_may_cancel_a_subscription_and_nothing_else_of_ours() {
    let (connection, mut wire, _driver) = client(Mux::new());
    let subscription = call(&connection, request("a", "subscriptions/listen")).await;
    let other = call(&connection, request("b", "tools/call")).await;
    let (a, b) = (
        wire.recv_request("subscriptions/listen").await,
        wire.recv_request("tools/call").await,
    );
    let cancel = |id: u64| json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}});
    wire.send(&[cancel(b), cancel(a), response(b, json!("fine"))]).await;
    let error = within(subscription).await.unwrap_err();
    assert!(!error.is_disconnected(), "{error}");
    assert_eq!(drain(&mut within(other).await.unwrap()).await, ["r \"fine\""]);
    wire.stays_quiet().await;
    assert_eq!(connection.in_flight(), (0, 0));
}
