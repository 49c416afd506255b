//! Answers find their calls, whatever the peer does with ids.

use crate::support::{call, client, next, pair, reply, request, request_with, response, settled, within};
use serde_json::json;
use tower_transport::exchange::{ExchangeExt, Item, unary};
use tower_transport::message::{Id, Message};
use tower_transport::mux::Mux;

#[tokio::test(start_paused = true)]
async fn a_response_carries_the_callers_own_id_byte_for_byte() {
    // PITFALLS 58
    for raw in ["9007199254740993", "1.0", "\"1\"", "\"\\u0061\"", "-0", "1e3"] {
        let (mut connection, mut wire, _driver) = client(Mux::new());
        let message = format!(r#"{{"jsonrpc":"2.0","id":{raw},"method":"tools/list"}}"#);
        let answer = tokio::spawn(async move { connection.request(Message::parse(message.into()).unwrap()).await });
        let wire_id = wire.recv_request("tools/list").await;
        assert!(wire_id < 1 << 31);
        wire.result(wire_id, json!({"ok": true})).await;
        let answer = within(answer).await.unwrap().unwrap();
        assert_eq!(answer.id_bytes(), Some(raw.as_bytes()));
    }
}

#[tokio::test(start_paused = true)]
async fn late_unknown_and_duplicate_responses_are_counted_and_harm_nobody() {
    // PITFALLS 19
    let (connection, mut wire, _driver) = client(Mux::new());
    let dropped = call(&connection, request("a", "tools/call")).await;
    let stays = call(&connection, request("b", "tools/call")).await;
    let (late, id) = (
        wire.recv_request("tools/call").await,
        wire.recv_request("tools/call").await,
    );
    drop(dropped);
    assert_eq!(wire.recv().await["method"], "notifications/cancelled");

    wire.send(&[
        response(late, json!("late")),
        response(4_000_000_000, json!("unknown")),
        json!({"jsonrpc": "2.0", "id": id.to_string(), "result": "a string is another id"}),
        json!({"jsonrpc": "2.0", "id": "never", "result": "unknown"}),
        json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32700, "message": "no id"}}),
        response(id, json!("the answer")),
        response(id, json!("duplicate")),
    ])
    .await;
    let mut reply = within(stays).await.unwrap();
    let Some(Ok(Item::Response(answer))) = next(&mut reply).await else {
        panic!("a response")
    };
    assert_eq!(answer.payload(), Some(r#""the answer""#));
    assert!(next(&mut reply).await.is_none());
    settled(&connection).await;
    crate::support::eventually("all six are counted", || connection.stats().late == 6).await;
    assert!(!connection.is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_wire_id_does_not_come_back_soon() {
    // mux-structure.md, traps: a late answer to a cancelled call becomes another caller's
    let (connection, mut wire, _driver) = client(Mux::new().max_in_flight(1));
    let mut seen = std::collections::HashSet::new();
    for _ in 0..1000 {
        let answer = call(&connection, request("a", "x")).await;
        let id = wire.recv_request("x").await;
        assert!(seen.insert(id), "{id} came back");
        wire.result(id, json!(1)).await;
        within(answer).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_leaves_nothing_in_the_table() {
    // PITFALLS 20
    let (connection, mut wire, _driver) = client(Mux::new().max_in_flight(4));
    for round in 0..100 {
        let unwritten = call(&connection, request("a", "unwritten")).await;
        drop(unwritten);
        let written = call(&connection, request("b", "written")).await;
        let id = wire.recv_request("written").await;
        drop(written);
        assert_eq!(wire.recv().await["params"]["requestId"], id);
        let streaming = call(
            &connection,
            request_with("c", "streams", &json!({"_meta": {"progressToken": 1}})),
        )
        .await;
        let id = wire.recv_request("streams").await;
        wire.send(&[crate::support::progress(&json!(id), round)]).await;
        drop(within(streaming).await.unwrap());
        assert_eq!(wire.recv().await["params"]["requestId"], id);
        settled(&connection).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_tells_its_end() {
    use futures_core::Stream;
    let (connection, mut wire, _driver) = client(Mux::new());
    let with_token = request_with("a", "x", &json!({"_meta": {"progressToken": "t"}}));
    let first = call(&connection, with_token).await;
    let id = wire.recv_request("x").await;
    wire.send(&[crate::support::progress(&json!(id), 1)]).await;
    let mut streamed = within(first).await.unwrap();
    assert_eq!(streamed.size_hint(), (2, None));
    next(&mut streamed).await.unwrap().unwrap();
    assert_eq!(streamed.size_hint(), (1, None));
    wire.result(id, json!(1)).await;
    crate::support::eventually("the response is there", || streamed.size_hint() == (1, Some(1))).await;
    assert!(next(&mut streamed).await.unwrap().unwrap().is_response());
    assert_eq!(streamed.size_hint(), (0, Some(0)));
    // A drained reply that somebody keeps holds no slot.
    assert_eq!(connection.in_flight(), (0, 0));

    let unary = call(&connection, request("b", "y")).await;
    let id = wire.recv_request("y").await;
    wire.result(id, json!(1)).await;
    let mut unary = within(unary).await.unwrap();
    assert_eq!(unary.size_hint(), (1, Some(1)));
    next(&mut unary).await.unwrap().unwrap();
    assert_eq!(unary.size_hint(), (0, Some(0)));

    let told = reply(&connection, crate::support::notification("notifications/x", &json!({}))).await;
    assert_eq!(told.size_hint(), (0, Some(0)));
}

#[tokio::test(start_paused = true)]
async fn five_hundred_callers_each_get_their_own_answer() {
    let echo =
        unary(|request: Message| async move { Message::response(&Id::null(), &request.payload().map(str::len)) });
    let connection = pair(Mux::new(), Mux::new(), 4096, echo);
    let callers: Vec<_> = (0..500_u64)
        .map(|n| {
            let mut connection = connection.clone();
            tokio::spawn(async move {
                let text = "x".repeat(n as usize);
                let answer = connection
                    .request(Message::request(&Id::number(n), "tools/list", &text).unwrap())
                    .await
                    .unwrap();
                assert_eq!(answer.id(), Some(Id::number(n)));
                assert_eq!(answer.payload(), Some(&*(n + 2).to_string()));
            })
        })
        .collect();
    for caller in callers {
        within(caller).await.unwrap();
    }
    settled(&connection).await;
}
