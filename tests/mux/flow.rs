//! Nobody waits for anybody else: not the reader for the writer, not one exchange for another.

use crate::support::{
    Wire, call, client, client_over, drain, eventually, next, notification, pair, progress, reply, request,
    request_with, result, server_over, settled, within,
};
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex, split};
use tokio::task::JoinHandle;
use tokio_test::assert_pending;
use tower::{Service, ServiceExt};
use tower_transport::BoxError;
use tower_transport::exchange::{Call, ExchangeExt, Peer, handler_fn, unary};
use tower_transport::message::Message;
use tower_transport::mux::{End, Mux};

const MIB: usize = 1 << 20;

// PITFALLS 15
#[tokio::test(start_paused = true)]
async fn each_side_may_write_a_mebibyte_before_it_reads() {
    let (mut connection, mut wire, _driver) = client_over(Mux::new().max_unread(8 * MIB), 4096);
    let mut streamed = {
        let first = call(
            &connection,
            request_with("a", "x", &json!({"_meta": {"progressToken": 1}})),
        )
        .await;
        let id = wire.recv_request("x").await;
        wire.send(&[progress(&json!(id), 0)]).await;
        (within(first).await.unwrap(), id)
    };
    let id = streamed.1;
    // The mux now writes a mebibyte that the peer does not read, while the peer writes one that the mux has to read.
    let notes: Vec<_> = (0..32)
        .map(|_| notification("notifications/big", &json!("x".repeat(MIB / 32))))
        .collect();
    for note in notes {
        within(connection.notify(note)).await.unwrap();
    }
    let filler = "y".repeat(1024);
    for n in 1..=1024 {
        let mut told = progress(&json!(id), n);
        told["params"]["message"] = json!(filler);
        wire.send(&[told]).await;
    }
    wire.result(id, json!("done")).await;
    assert_eq!(drain(&mut streamed.0).await.len(), 1 + 1024 + 1);
    for _ in 0..32 {
        assert_eq!(wire.recv().await["method"], "notifications/big");
    }
}

// PITFALLS 15
#[tokio::test(start_paused = true)]
async fn two_muxes_exchange_mebibytes_through_a_narrow_pipe_both_ways_at_once() {
    let echo = unary(|request: Message| async move {
        Message::response(&request.id().unwrap(), &request.decode::<String>()?).map_err(BoxError::from)
    });
    let connection = pair(Mux::new(), Mux::new(), 1024, echo);
    let callers: Vec<_> = (0..8)
        .map(|n| {
            let mut connection = connection.clone();
            tokio::spawn(async move {
                let text = json!(n.to_string().repeat(MIB));
                let answer = connection.request(request_with("a", "echo", &text)).await.unwrap();
                assert_eq!(answer.payload().map(str::len), Some(MIB + 2));
            })
        })
        .collect();
    for caller in callers {
        within(caller).await.unwrap();
    }
    settled(&connection).await;
}

// PITFALLS 16
#[tokio::test(start_paused = true)]
async fn a_reply_that_nobody_reads_stalls_no_other_call_and_fails() {
    let (connection, mut wire, _driver) = client(Mux::new().max_unread(16 << 10));
    let slow = call(
        &connection,
        request_with("slow", "x", &json!({"_meta": {"progressToken": 1}})),
    )
    .await;
    let slow_id = wire.recv_request("x").await;
    wire.send(&[progress(&json!(slow_id), 0)]).await;
    let mut slow = within(slow).await.unwrap();
    for n in 0..1000 {
        wire.send(&[progress(&json!(slow_id), n)]).await;
        if n % 10 == 0 {
            let quick = call(&connection, request("quick", "y")).await;
            let id = loop {
                let line = wire.recv().await;
                if line["method"] == "y" {
                    break line["id"].as_u64().unwrap();
                }
                assert_eq!(line["method"], "notifications/cancelled");
                assert_eq!(line["params"]["requestId"], slow_id);
            };
            wire.result(id, json!(n)).await;
            within(quick).await.unwrap();
        }
    }
    next(&mut slow).await.unwrap().expect("the item that opened the reply");
    let error = next(&mut slow).await.unwrap().expect_err("too much was left unread");
    assert!(error.is_unread());
    assert_eq!(error.limit(), Some(16 << 10));
    assert!(error.size() > error.limit());
    assert!(next(&mut slow).await.is_none());
    assert_eq!(connection.stats().unread, 1);
    settled(&connection).await;
}

#[tokio::test(start_paused = true)]
async fn over_the_limit_of_the_connection_the_exchange_that_holds_most_fails() {
    let (connection, mut wire, _driver) = client(Mux::new().max_unread_total(64 << 10));
    let mut replies = Vec::new();
    for (n, held) in [(0, 150), (1, 0)] {
        let first = call(
            &connection,
            request_with("a", "x", &json!({"_meta": {"progressToken": n}})),
        )
        .await;
        let id = wire.recv_request("x").await;
        for n in 0..=held {
            wire.send(&[progress(&json!(id), n)]).await;
        }
        replies.push((within(first).await.unwrap(), id));
    }
    let (mut last, last_id) = replies.pop().unwrap();
    let (mut most, most_id) = replies.pop().unwrap();
    // The one that holds most has its response already: it fails all the same, as its items are lost.
    wire.result(most_id, json!("unread")).await;
    let mut sent = 0;
    while connection.stats().unread == 0 {
        wire.send(&[progress(&json!(last_id), sent)]).await;
        tokio::task::yield_now().await;
        sent += 1;
        assert!(sent < 150, "the limit holds");
    }
    let items = drain(&mut most).await;
    assert_eq!(items.len(), 2, "the first item, then the error: {items:?}");
    assert!(items[1].contains("left unread"), "{items:?}");
    wire.result(last_id, json!("fine")).await;
    let items = drain(&mut last).await;
    assert_eq!(
        (items.len() as u64, &*items[items.len() - 1]),
        (1 + sent + 1, "r \"fine\"")
    );
    wire.stays_quiet().await;
    settled(&connection).await;
}

// PITFALLS 17
#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_makes_callers_wait() {
    let (connection, _wire, _driver) = client_over(Mux::new().max_in_flight(8), 1024);
    let accepted: Vec<_> = {
        let mut accepted = Vec::new();
        for _ in 0..8 {
            accepted.push(call(&connection, request_with("a", "x", &json!("x".repeat(64 << 10)))).await);
        }
        accepted
    };
    let mut ninth = tokio_test::task::spawn(async {
        let mut connection = connection.clone();
        connection.notify(notification("notifications/x", &json!({}))).await
    });
    assert!(ninth.poll().is_pending());
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(ninth.poll().is_pending());
    assert_eq!(connection.in_flight().0, 8);
    drop(accepted);
}

/// Writes requests without reading what comes back, as far as the mux lets it. How many bytes were written, at the end.
fn flood(wire: &mut Wire, requests: u64) -> JoinHandle<usize> {
    let mut write = wire.take_write();
    tokio::spawn(async move {
        let mut written = 0;
        for id in 0..requests {
            let request = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"x\"}}\n");
            if write.write_all(request.as_bytes()).await.is_err() {
                break;
            }
            written += request.len();
        }
        written
    })
}

// PITFALLS 18
#[tokio::test(start_paused = true)]
async fn every_refusal_is_delivered_to_a_peer_that_reads_late() {
    let never = handler_fn(|_: Call, _: Peer| std::future::pending::<Result<Option<Message>, BoxError>>());
    let (connection, mut wire, _driver) = server_over(Mux::new().max_in_flight(2), 1024, never);
    let total = 40_000;
    let flood = flood(&mut wire, total);
    tokio::time::sleep(Duration::from_secs(10)).await;
    // The room for refusals is full, so the reader has paused.
    assert!(!flood.is_finished());
    assert!(connection.stats().refused < 20_000, "{:?}", connection.stats());
    for id in 2..total {
        let refusal = wire.recv().await;
        assert_eq!(refusal["id"], id);
        let text = refusal["error"]["message"].as_str().unwrap_or_default();
        assert!(text.contains("2 requests are in flight"), "{refusal}");
    }
    wire.stays_quiet().await;
    within(flood).await.unwrap();
    assert_eq!(connection.stats().refused, total - 2);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_reads_its_refusals_is_given_up() {
    let never = handler_fn(|_: Call, _: Peer| std::future::pending::<Result<Option<Message>, BoxError>>());
    let (connection, mut wire, driver) = server_over(Mux::new().max_in_flight(1), 1024, never);
    let flood = flood(&mut wire, 50_000);
    assert!(matches!(within(driver).await.unwrap(), End::WriteStalled(_)));
    assert!(within(flood).await.unwrap() < MIB);
    assert!(connection.stats().refused < 20_000, "{:?}", connection.stats());
}

#[tokio::test(start_paused = true)]
async fn handlers_go_on_when_a_full_write_buffer_drains_at_once() {
    // Two answers fill the buffer. What is left of it then fits into the pipe at once, so no write waits: nothing but the room in the
    // buffer says that the next handlers may run.
    let big = unary(|_| async move { Ok::<_, BoxError>(result(&json!("x".repeat(100 << 10)))) });
    let (_connection, mut wire, _driver) = server_over(Mux::new(), 256 << 10, big);
    let requests: String = (0..40)
        .map(|n| format!("{{\"jsonrpc\":\"2.0\",\"id\":{n},\"method\":\"x\"}}\n"))
        .collect();
    wire.send_raw(&requests).await;
    let began = tokio::time::Instant::now();
    for n in 0..40 {
        assert_eq!(wire.recv().await["id"], n);
    }
    assert_eq!(began.elapsed(), Duration::ZERO, "nor does a timer have to");
}

#[tokio::test(start_paused = true)]
async fn a_write_that_stalls_ends_the_connection_with_its_reason() {
    let mux = Mux::new().write_stall(Duration::from_secs(7));
    let (connection, _wire, driver) = client_over(mux, 1024);
    let stuck = call(&connection, request_with("a", "x", &json!("x".repeat(64 << 10)))).await;
    let began = tokio::time::Instant::now();
    let end = within(driver).await.unwrap();
    assert!(
        matches!(end, End::WriteStalled(limit) if limit == Duration::from_secs(7)),
        "{end}"
    );
    assert_eq!(began.elapsed().as_secs(), 7);
    let error = within(stuck).await.unwrap_err();
    assert!(error.is_disconnected() && error.may_have_run());
    assert!(error.to_string().contains("did not read for 7s"), "{error}");
    assert!(connection.is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_slowly_but_steadily_does_not_stall() {
    let mux = Mux::new().write_stall(Duration::from_secs(7));
    let (connection, mut wire, driver) = client_over(mux, 256);
    for _ in 0..40 {
        let mut connection = connection.clone();
        tokio::spawn(async move { connection.notify(notification("n", &json!("x".repeat(400)))).await });
    }
    for _ in 0..40 {
        tokio::time::sleep(Duration::from_secs(6)).await;
        assert_eq!(wire.recv().await["method"], "n");
    }
    assert!(!driver.is_finished());
    eventually("all is written", || connection.in_flight() == (0, 0)).await;
    let _fine = reply(&connection, notification("n", &json!({}))).await;
}

#[tokio::test(start_paused = true)]
async fn a_stall_that_is_over_leaves_no_timer_behind() {
    let (ours, mut theirs) = duplex(256);
    let (read, write) = split(ours);
    let (mut connection, driver) = Mux::new().write_stall(Duration::from_secs(7)).connect(read, write);
    let mut driver = tokio_test::task::spawn(driver);
    connection.ready().await.unwrap();
    let _accepted = connection.call(Call::new(notification("n", &json!("x".repeat(400)))));
    assert_pending!(driver.poll());
    let mut sent = [0; 256];
    theirs.read_exact(&mut sent).await.unwrap();
    assert!(driver.is_woken());
    assert_pending!(driver.poll());
    tokio::time::advance(Duration::from_secs(8)).await;
    assert!(!driver.is_woken(), "all is written, so there is nothing to watch");
}

#[tokio::test(start_paused = true)]
async fn a_stall_that_may_last_for_ever_does() {
    let mux = Mux::new().write_stall(Duration::MAX);
    let (connection, mut wire, driver) = client_over(mux, 256);
    let large = json!("x".repeat(4096));
    for _ in 0..2 {
        let _accepted = reply(&connection, notification("n", &large)).await;
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert!(!driver.is_finished());
        assert_eq!(wire.recv().await["method"], "n");
    }
}
