//! Law 1 and law 5: nothing overtakes.

use crate::support::{call, client, client_over, drain, progress, request_with, response, server, within};
use futures_core::Stream;
use serde_json::json;
use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use tower_transport::BoxError;
use tower_transport::exchange::{Call, ExchangeExt, Item, Peer, handler_fn, service_fn};
use tower_transport::message::{Id, Message};
use tower_transport::mux::Mux;

/// A reply that is ready with all its items.
struct Burst(VecDeque<Item>);

impl Stream for Burst {
    type Item = Result<Item, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // It asks to be polled again, as a reply does that waits for more than one thing.
        cx.waker().wake_by_ref();
        Poll::Ready(self.0.pop_front().map(Ok))
    }
}

// PITFALLS 23
#[tokio::test(start_paused = true)]
async fn progress_leaves_before_the_response_that_comes_in_the_same_poll() {
    let handler = service_fn(|call: Call| async move {
        let id = call.message().unwrap().id().unwrap();
        let notes = (0..3).map(|n| {
            Item::Notification(
                Message::notification("notifications/progress", &json!({"progressToken": 5, "progress": n})).unwrap(),
            )
        });
        let response = Item::Response(Message::response(&id, &"done").unwrap());
        Ok::<_, BoxError>(Burst(notes.chain([response]).collect()))
    });
    let (_connection, mut wire, _driver) = server(Mux::new(), handler);
    wire.send(&[json!({"jsonrpc": "2.0", "id": "a", "method": "x"})]).await;
    for n in 0..3 {
        assert_eq!(wire.recv().await["params"]["progress"], n);
    }
    assert_eq!(wire.recv().await["id"], "a");
}

// PITFALLS 23
#[tokio::test(start_paused = true)]
async fn a_handlers_request_leaves_before_what_it_says_next() {
    let handler = handler_fn(|call: Call, peer: Peer| async move {
        let id = call.message().unwrap().id().unwrap();
        let (_, _) = tokio::join!(
            async {
                // The asker does not wait for its answer, so all three items are there in one poll.
                tokio::select! {
                    biased;
                    _ = peer.request(Message::request(&Id::number(1), "sampling/createMessage", &()).unwrap()) => {}
                    () = std::future::ready(()) => {}
                }
            },
            peer.notify(Message::notification("notifications/message", &json!({"data": 1})).unwrap()),
        );
        Ok::<_, BoxError>(Message::response(&id, &"done").unwrap())
    });
    let (_connection, mut wire, _driver) = server(Mux::new(), handler);
    wire.send(&[json!({"jsonrpc": "2.0", "id": "a", "method": "x"})]).await;
    let mut methods = Vec::new();
    loop {
        let line = wire.recv().await;
        if line["id"] == "a" {
            break;
        }
        methods.push(line["method"].as_str().unwrap().to_owned());
    }
    // Given up before it was written, the request may be left out, but it may not come later.
    assert_eq!(methods, ["notifications/message"]);
    wire.stays_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn a_handlers_request_that_waits_for_room_is_not_overtaken() {
    let handler = handler_fn(|call: Call, peer: Peer| async move {
        let id = call.message().unwrap().id().unwrap();
        let ask = |method| peer.request(Message::request(&Id::number(1), method, &()).unwrap());
        let (one, two, told) = tokio::join!(
            ask("one"),
            ask("two"),
            // Wakes the handler while `two` waits for room.
            async {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                peer.notify(Message::notification("notifications/message", &json!({"data": 1})).unwrap())
                    .await
            }
        );
        let answers = [one?.payload().map(str::to_owned), two?.payload().map(str::to_owned)];
        told?;
        Message::response(&id, &answers).map_err(BoxError::from)
    });
    let (connection, mut wire, _driver) = server(Mux::new().max_in_flight(1), handler);
    wire.send(&[json!({"jsonrpc": "2.0", "id": "a", "method": "x"})]).await;
    let one = wire.recv_request("one").await;
    wire.stays_quiet().await;
    wire.result(one, json!(1)).await;
    let two = wire.recv_request("two").await;
    assert_eq!(wire.recv().await["method"], "notifications/message");
    wire.result(two, json!(2)).await;
    assert_eq!(wire.recv().await["result"], json!(["1", "2"]));
    crate::support::settled(&connection).await;
}

// PITFALLS 23
#[tokio::test(start_paused = true)]
async fn notification_request_and_response_of_one_read_keep_their_order() {
    let (connection, mut wire, _driver) = client(Mux::new());
    let params = json!({"_meta": {"progressToken": "mine"}});
    let first = call(&connection, request_with("a", "x", &params)).await;
    let id = wire.recv_request("x").await;
    wire.send(&[
        progress(&json!(id), 1),
        json!({"jsonrpc": "2.0", "id": 9, "method": "sampling/createMessage", "params": {"n": 2}}),
        progress(&json!(id), 3),
        response(id, json!({"n": 4})),
        progress(&json!(id), 5),
    ])
    .await;
    let items = drain(&mut within(first).await.unwrap()).await;
    assert_eq!(
        items,
        [
            r#"n {"progress":1,"progressToken":"mine"}"#,
            r#"q {"n":2}"#,
            r#"n {"progress":3,"progressToken":"mine"}"#,
            r#"r {"n":4}"#,
        ]
    );
    // What came behind the response belongs to no call any more.
    assert_eq!(connection.stats().unknown_tokens, 1);
}

#[tokio::test(start_paused = true)]
async fn calls_and_notifications_reach_the_wire_in_the_order_in_which_they_were_made() {
    let (mut connection, mut wire, _driver) = client_over(Mux::new().max_in_flight(200), 300);
    let mut calls = Vec::new();
    for n in 0..100 {
        // Sizes on both sides of what is written from where it lies.
        let filler = "x".repeat(if n % 7 == 0 { 20_000 } else { n });
        if n % 3 == 0 {
            let told = Message::notification("notifications/n", &json!({"n": n, "filler": filler})).unwrap();
            within(connection.notify(told)).await.unwrap();
        } else {
            calls.push(call(&connection, request_with("a", "r", &json!({"n": n, "filler": filler}))).await);
        }
    }
    for n in 0..100 {
        assert_eq!(wire.recv().await["params"]["n"], n);
    }
}
