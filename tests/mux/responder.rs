//! How the peer's requests are answered.

use crate::support::{call, client, client_over, eventually, listen, next, request, result, settled, within};
use serde_json::{Value, json};
use tower_transport::exchange::{Item, Refusal, Reply, Responder};
use tower_transport::mux::{Connection, Items, Mux};

use crate::support::Wire;

fn asks(id: impl Into<Value>) -> Value {
    json!({"jsonrpc": "2.0", "id": id.into(), "method": "sampling/createMessage"})
}

fn cancels(id: impl Into<Value>) -> Value {
    json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id.into()}})
}

async fn asked(reply: &mut Reply<Items>) -> Responder {
    match next(reply).await {
        Some(Ok(Item::Request(_, responder))) => responder,
        other => panic!("a request, not {other:?}"),
    }
}

/// A call in flight within which the peer has asked something.
async fn asked_within(connection: &Connection, wire: &mut Wire) -> (Reply<Items>, u64, Responder) {
    let first = call(connection, request("a", "x")).await;
    let id = wire.recv_request("x").await;
    wire.send(&[asks("q")]).await;
    let mut reply = within(first).await.unwrap();
    let responder = asked(&mut reply).await;
    (reply, id, responder)
}

#[tokio::test(start_paused = true)]
async fn a_responder_works_after_its_exchange_has_ended() {
    let (connection, mut wire, driver) = client(Mux::new());
    let (mut reply, id, responder) = asked_within(&connection, &mut wire).await;
    wire.result(id, json!(1)).await;
    assert!(next(&mut reply).await.unwrap().unwrap().is_response());
    drop(reply);
    assert_eq!(connection.in_flight(), (0, 1));
    drop(connection);
    wire.stays_quiet().await;
    assert!(!driver.is_finished(), "the wire lives as long as an answer is due");
    responder.respond(result(&json!("late"))).unwrap();
    assert_eq!(
        wire.recv().await,
        json!({"jsonrpc": "2.0", "id": "q", "result": "late"})
    );
    within(driver).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_responder_dropped_unanswered_answers_with_an_error() {
    let (connection, mut wire, _driver) = client(Mux::new());
    let (_reply, _, responder) = asked_within(&connection, &mut wire).await;
    drop(responder);
    let answer = wire.recv().await;
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!("q"), &json!(-32603)));
    eventually("its place is free", || connection.in_flight().1 == 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_dropped_unread_with_its_reply_is_answered() {
    let (connection, mut wire, _driver) = client(Mux::new());
    let (reply, id, responder) = asked_within(&connection, &mut wire).await;
    wire.send(&[asks("unread")]).await;
    eventually("it is there", || connection.in_flight().1 == 2).await;
    drop(reply);
    let mut lines = [wire.recv().await, wire.recv().await];
    lines.sort_by_key(|line| line.get("id").is_some());
    assert_eq!(lines[0]["params"]["requestId"], id);
    assert_eq!(lines[1]["id"], "unread");
    responder.respond(result(&json!(1))).unwrap();
    assert_eq!(wire.recv().await["id"], "q");
    settled(&connection).await;
}

#[tokio::test(start_paused = true)]
async fn a_peers_cancel_closes_the_responder_and_its_answer_is_not_written() {
    let (connection, mut wire, _driver) = client(Mux::new());
    let (_reply, _, mut responder) = asked_within(&connection, &mut wire).await;
    let mut closed = tokio_test::task::spawn(async { responder.closed().await });
    assert!(closed.poll().is_pending());
    wire.send(&[cancels("other"), cancels("q")]).await;
    eventually("the responder is told", || closed.is_woken()).await;
    assert!(closed.poll().is_ready());
    drop(closed);
    assert!(matches!(responder.respond(result(&json!(1))), Err(Refusal::Gone)));
    wire.stays_quiet().await;
    assert_eq!(connection.in_flight().1, 0);
    assert_eq!(connection.stats().late, 1);
}

#[tokio::test(start_paused = true)]
async fn the_last_responder_of_a_dropped_connection_ends_the_driver_also_when_the_peer_gave_up() {
    let (connection, mut wire, driver) = client(Mux::new());
    let (reply, id, mut responder) = asked_within(&connection, &mut wire).await;
    wire.send(&[crate::support::response(id, json!(1)), cancels("q")]).await;
    within(responder.closed()).await;
    drop((reply, connection));
    wire.stays_quiet().await;
    drop(responder);
    within(driver).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn notifications_of_a_responder_wait_for_room_and_keep_their_order() {
    let (connection, mut wire, _driver) = client_over(Mux::new(), 64);
    let (_reply, _, mut responder) = asked_within(&connection, &mut wire).await;
    let speaks = tokio::spawn(async move {
        for n in 0..200 {
            let told =
                crate::support::notification("notifications/progress", &json!({"n": n, "filler": "x".repeat(1000)}));
            responder.notify(told).await.unwrap();
        }
        responder.respond(result(&json!("done"))).unwrap();
    });
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert!(!speaks.is_finished(), "200 KB were not taken in at once");
    for n in 0..200 {
        assert_eq!(wire.recv().await["params"]["n"], n);
    }
    assert_eq!(wire.recv().await["result"], "done");
}

#[tokio::test(start_paused = true)]
async fn only_an_answer_answers() {
    let (connection, mut wire, _driver) = client(Mux::new());
    let (_reply, _, responder) = asked_within(&connection, &mut wire).await;
    assert!(matches!(
        responder.respond(request("a", "x")),
        Err(Refusal::NotAnAnswer)
    ));
    assert_eq!(wire.recv().await["error"]["code"], -32603);
}

#[tokio::test(start_paused = true)]
async fn more_requests_than_there_is_room_for_are_refused_and_answers_find_theirs() {
    let (connection, mut wire, _driver) = client(Mux::new().max_in_flight(2));
    let mut listener = listen(&connection).await;
    wire.send(&[asks(1), asks(2), asks(3)]).await;
    let refusal = wire.recv().await;
    assert_eq!(refusal["id"], 3);
    assert!(refusal["error"]["message"].as_str().unwrap().contains('2'), "{refusal}");
    let (one, two) = (asked(&mut listener).await, asked(&mut listener).await);
    two.respond(result(&json!("two"))).unwrap();
    one.respond(result(&json!("one"))).unwrap();
    assert_eq!(wire.recv().await["result"], "two");
    assert_eq!(wire.recv().await["result"], "one");
    settled(&connection).await;
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_connection_closes_responders_and_leaves_no_place_taken() {
    let (connection, mut wire, driver) = client(Mux::new());
    let (reply, _, mut responder) = asked_within(&connection, &mut wire).await;
    wire.close_write().await;
    within(responder.closed()).await;
    within(driver).await.unwrap();
    assert!(matches!(responder.respond(result(&json!(1))), Err(Refusal::Gone)));
    drop(reply);
    assert_eq!(connection.in_flight(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_never_written_leaves_no_place_taken() {
    let (connection, mut wire, driver) = client_over(Mux::new(), 64);
    let (_reply, _, responder) = asked_within(&connection, &mut wire).await;
    let _fills = call(
        &connection,
        crate::support::request_with("b", "big", &json!("x".repeat(300 << 10))),
    )
    .await;
    tokio::task::yield_now().await;
    responder.respond(result(&json!("unwritten"))).unwrap();
    within(driver).await.unwrap();
    assert_eq!(connection.in_flight().1, 0);
}
