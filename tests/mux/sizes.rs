//! A message over the limit costs its own call, at once, and nothing else.

use crate::support::{call, client, eventually, pair, request, request_with, response, result, server, within};
use serde_json::json;
use tower_transport::BoxError;
use tower_transport::exchange::{ExchangeExt, unary};
use tower_transport::message::Message;
use tower_transport::mux::Mux;

const LIMIT: usize = 10_000;

// PITFALLS 28
#[tokio::test(start_paused = true)]
async fn an_answer_over_the_limit_fails_its_call_as_soon_as_its_start_is_there() {
    let (connection, mut wire, _driver) = client(Mux::new().max_message_size(LIMIT));
    let big = call(&connection, request("big", "x")).await;
    let other = call(&connection, request("other", "y")).await;
    let (big_id, other_id) = (wire.recv_request("x").await, wire.recv_request("y").await);
    // The id stands first, and the end of the frame never comes before the call has failed.
    wire.send_raw(&format!(r#"{{"jsonrpc":"2.0","id":{big_id},"result":""#))
        .await;
    wire.send_raw(&"x".repeat(LIMIT)).await;
    let error = within(big).await.unwrap_err();
    assert!(error.is_too_large());
    assert!(error.may_have_run());
    assert_eq!(error.limit(), Some(LIMIT));
    assert!(error.size().unwrap() > LIMIT);
    assert!(error.to_string().contains("10000"), "{error}");
    wire.send_raw("\"}\n").await;
    wire.result(other_id, json!("fine")).await;
    within(other).await.unwrap();
    assert_eq!(connection.stats().too_large, 1);
    assert_eq!(connection.in_flight(), (0, 0));
    // It was answered, if by too much: there is nothing to cancel.
    wire.stays_quiet().await;
}

// PITFALLS 28
#[tokio::test(start_paused = true)]
async fn an_answer_over_the_limit_with_its_id_last_fails_its_call_at_its_end() {
    let (connection, mut wire, _driver) = client(Mux::new().max_message_size(LIMIT));
    let big = call(&connection, request("big", "x")).await;
    let other = call(&connection, request("other", "y")).await;
    let (big_id, other_id) = (wire.recv_request("x").await, wire.recv_request("y").await);
    // As the TypeScript SDK writes it. The inner id is not the frame's.
    let text = "x".repeat(3 * LIMIT);
    let frame = format!(r#"{{"result":{{"content":["{text}",{{"id":{other_id}}}]}},"jsonrpc":"2.0","id":{big_id}}}"#);
    let size = frame.len();
    wire.send_raw(&format!("{frame}\n")).await;
    let error = within(big).await.unwrap_err();
    assert!(error.is_too_large());
    assert_eq!((error.limit(), error.size()), (Some(LIMIT), Some(size)));
    wire.send(&[response(other_id, json!("fine"))]).await;
    within(other).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_frame_over_the_limit_without_an_id_costs_one_frame() {
    let (connection, mut wire, _driver) = client(Mux::new().max_message_size(LIMIT));
    let other = call(&connection, request("other", "y")).await;
    let id = wire.recv_request("y").await;
    let text = "x".repeat(2 * LIMIT);
    wire.send_raw(&format!("{text}\n{{\"method\":\"n\",\"params\":\"{text}\"}}\n"))
        .await;
    wire.result(id, json!("fine")).await;
    within(other).await.unwrap();
    assert_eq!(connection.stats().too_large, 2);
    wire.stays_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn a_peers_request_over_the_limit_is_answered_with_an_error() {
    let echo = unary(|_| async { Ok::<_, BoxError>(result(&json!("small"))) });
    let (_connection, mut wire, _driver) = server(Mux::new().max_message_size(LIMIT), echo);
    let text = "x".repeat(2 * LIMIT);
    for frame in [
        format!(r#"{{"jsonrpc":"2.0","id":"a","method":"x","params":"{text}"}}"#),
        format!(r#"{{"method":"x","params":"{text}","jsonrpc":"2.0","id":"a"}}"#),
    ] {
        wire.send_raw(&format!("{frame}\n")).await;
        let refusal = wire.recv().await;
        assert_eq!(refusal["id"], "a");
        let text = refusal["error"]["message"].as_str().unwrap();
        assert!(text.contains("10000"), "{refusal}");
    }
    wire.send(&[json!({"jsonrpc": "2.0", "id": "b", "method": "x"})]).await;
    assert_eq!(wire.recv().await["result"], "small");
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_ours_over_the_limit_becomes_an_error_that_says_so() {
    let big = unary(|_| async { Ok::<_, BoxError>(result(&json!("x".repeat(2 * LIMIT)))) });
    let mut connection = pair(Mux::new(), Mux::new().max_message_size(LIMIT), 1024, big);
    let answer: Message = within(connection.request(request("a", "x"))).await.unwrap();
    assert!(answer.payload().unwrap().contains("limit is 10000"), "{answer:?}");
    eventually("both sides are done", || connection.in_flight() == (0, 0)).await;
}

#[tokio::test(start_paused = true)]
async fn an_error_of_a_handler_with_a_text_over_the_limit_is_answered_within_it() {
    let fails = unary(|_| async { Err::<Message, _>(BoxError::from("x".repeat(2 * LIMIT))) });
    let mut connection = pair(Mux::new().max_message_size(LIMIT), Mux::new(), 1024, fails);
    let answer: Message = within(connection.request(request("a", "x"))).await.unwrap();
    assert!(answer.wire_len() < LIMIT / 4, "{}", answer.wire_len());
    assert!(answer.payload().unwrap().contains("xxx…"), "{answer:?}");
}

#[tokio::test(start_paused = true)]
async fn a_message_of_exactly_the_limit_passes() {
    let fits = request_with("a", "x", &json!("x".repeat(100)));
    let wire_len = fits
        .clone()
        .with_id(tower_transport::message::Id::number(128))
        .wire_len();
    let (connection, mut wire, _driver) = client(Mux::new().max_message_size(wire_len));
    let answer = call(&connection, fits).await;
    let id = wire.recv_request("x").await;
    let empty = response(id, json!("")).to_string().len();
    wire.result(id, json!("y".repeat(wire_len - empty))).await;
    within(answer).await.unwrap();
}
