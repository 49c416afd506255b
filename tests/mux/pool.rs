//! Connections that read and write with the blocks of one pool.

use crate::support::{call, client, client_over, eventually, pair, request, request_with, response, within};
use serde_json::json;
use tower_transport::BoxError;
use tower_transport::exchange::{ExchangeExt, unary};
use tower_transport::layers::buffer_pool::BufferPool;
use tower_transport::layers::max_message_size::MaxFrame;
use tower_transport::message::{Id, Message};
use tower_transport::mux::Mux;

#[tokio::test(start_paused = true)]
async fn a_connection_with_nothing_to_write_has_one_block_and_gives_it_back_at_its_end() {
    let pool = BufferPool::new(4096, 8).unwrap();
    let (connection, mut wire, driver) = client(Mux::new().buffer_pool(pool.clone()));
    for _ in 0..100 {
        let reply = call(&connection, request("one", "x")).await;
        let id = wire.recv_request("x").await;
        wire.send(&[response(id, json!("fine"))]).await;
        within(reply).await.unwrap();
    }
    eventually("one block is in use", || pool.stats().blocks - pool.stats().held == 1).await;
    assert!(pool.stats().blocks <= 3, "{:?}", pool.stats());
    drop(connection);
    within(driver).await.unwrap();
    assert_eq!(pool.stats().held, pool.stats().blocks);
}

#[tokio::test(start_paused = true)]
async fn what_waits_to_be_written_lies_in_a_block_until_it_is_written() {
    let pool = BufferPool::new(4096, 8).unwrap();
    let (connection, mut wire, _driver) = client_over(Mux::new().buffer_pool(pool.clone()), 64);
    let reply = call(&connection, request_with("one", "x", &json!("y".repeat(500)))).await;
    eventually("a block is in use to read and one to write", || {
        pool.stats().blocks - pool.stats().held == 2
    })
    .await;
    let id = wire.recv_request("x").await;
    eventually("one to read is left", || pool.stats().blocks - pool.stats().held == 1).await;
    wire.send(&[response(id, json!("fine"))]).await;
    within(reply).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn messages_of_every_size_come_as_they_went_through_blocks_of_any_size() {
    for (block, blocks) in [(64, 1), (1000, 2), (64 * 1024, 8)] {
        let pool = BufferPool::new(block, blocks).unwrap();
        let mux = Mux::new().buffer_pool(pool.clone());
        let echo = unary(|request: Message| async move {
            let payload: serde_json::Value = request.decode()?;
            Message::response(&Id::null(), &payload).map_err(BoxError::from)
        });
        let connection = pair(mux.clone(), mux, 10_000, echo);
        let mut calls = Vec::new();
        for size in [0, 1, 60, 200, 900, 1000, 8000, 8200, 70_000, 300_000] {
            let params = json!({ "text": "x".repeat(size) });
            let mut connection = connection.clone();
            calls.push(tokio::spawn(async move {
                let answer = connection.request(request_with("a", "echo", &params)).await.unwrap();
                assert_eq!(answer.decode::<serde_json::Value>().unwrap(), params);
            }));
        }
        for call in calls {
            within(call).await.unwrap();
        }
        assert!(pool.stats().blocks <= blocks);
    }
}

// PITFALLS 30
#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_costs_the_pool_no_more_than_it_has() {
    let pool = BufferPool::new(1024, 4).unwrap();
    let (connection, mut wire, driver) = client(Mux::new().buffer_pool(pool.clone()));
    let params = json!({ "text": "x".repeat(300) });
    let mut calls = Vec::new();
    for _ in 0..64 {
        calls.push(call(&connection, request_with("a", "echo", &params)).await);
    }
    for _ in 0..64 {
        let id = wire.recv_request("echo").await;
        wire.send(&[response(id, json!("fine"))]).await;
    }
    for call in calls {
        within(call).await.unwrap();
    }
    assert_eq!(pool.stats().blocks, 4);
    drop(connection);
    within(driver).await.unwrap();
    assert_eq!(pool.stats().held, 4);
}

#[tokio::test(start_paused = true)]
async fn what_a_target_asks_for_takes_the_place_of_what_the_mux_was_told() {
    let pool = BufferPool::new(4096, 8).unwrap();
    let mut asked = http::Extensions::new();
    asked.insert(pool.clone());
    asked.insert(MaxFrame::new(Some(500), None));
    let mux = Mux::new().max_message_size(10_000).for_target(&asked);
    let (connection, mut wire, _driver) = client(mux);
    let large = request_with("a", "echo", &json!("x".repeat(600)));
    let error = within(call(&connection, large).await).await.unwrap_err();
    assert_eq!(error.limit(), Some(500));
    let reply = call(&connection, request("b", "echo")).await;
    let id = wire.recv_request("echo").await;
    wire.send(&[response(id, json!("x".repeat(9000)))]).await;
    within(reply).await.unwrap();
    assert!(pool.stats().blocks > 0);

    asked.insert(MaxFrame::new(None, Some(500)));
    let (connection, mut wire, _driver) = client(Mux::new().for_target(&asked));
    let reply = call(&connection, request_with("a", "echo", &json!("x".repeat(600)))).await;
    let id = wire.recv_request("echo").await;
    wire.send(&[response(id, json!("x".repeat(600)))]).await;
    assert_eq!(within(reply).await.unwrap_err().limit(), Some(500));
}
