//! What is bounded, and what is left when clients come and go.

mod http_server_support;

use http_server_support::{
    Events, Probe, begin_and_drop, delete, get, initialize, json_body, legacy, modern, open, post, refusal, request,
    send, until,
};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tower::ServiceExt;

fn probe() -> Arc<Probe> {
    Arc::default()
}

// PITFALLS 16
#[tokio::test(start_paused = true)]
async fn who_does_not_read_fails_and_no_other_call_of_the_session_waits_for_it() {
    let probe = probe();
    let server = probe.server();
    let session = open(&server).await;
    let flood = request(1, "flood", &json!({"n": 1000, "size": 100_000}));
    let mut unread = Events::of(send(&server, legacy(&session, &flood)).await);
    for id in 2..20 {
        let body = json_body(send(&server, legacy(&session, &request(id, "echo", &json!({"a": id})))).await).await;
        assert_eq!(body["result"]["a"], id);
    }
    assert_eq!((probe.dropped(), server.handle().calls()), (0, 1));
    tokio::time::sleep(Duration::from_secs(30)).await;
    until(|| server.handle().calls() == 0).await;
    assert_eq!(probe.dropped(), 1);
    // 1 MiB of it was kept, and its end.
    let mut kept = 0;
    let end = loop {
        let message = unread.next().await.unwrap();
        if message["method"].is_null() {
            break message;
        }
        kept += 1;
    };
    assert_eq!(kept, 10);
    assert_eq!((&end["id"], &end["error"]["code"]), (&json!(1), &json!(-32603)));
    assert!(end["error"]["message"].as_str().unwrap().contains("1048576"), "{end}");
    assert_eq!(unread.next().await, None);
}

// PITFALLS 32
#[tokio::test(start_paused = true)]
async fn tiny_messages_are_bounded_by_their_number() {
    let server = probe().server();
    let session = open(&server).await;
    let mut unread = Events::of(
        send(
            &server,
            legacy(&session, &request(1, "flood", &json!({"n": 5000, "size": 0}))),
        )
        .await,
    );
    tokio::time::sleep(Duration::from_secs(30)).await;
    until(|| server.handle().calls() == 0).await;
    let mut kept = 0;
    while unread.next().await.unwrap()["method"].is_string() {
        kept += 1;
    }
    assert_eq!(kept, 1024);
}

// PITFALLS 16
#[tokio::test(start_paused = true)]
async fn who_reads_slowly_gets_all() {
    let probe = probe();
    let server = probe.server();
    let session = open(&server).await;
    let mut events = Events::of(
        send(
            &server,
            legacy(&session, &request(1, "flood", &json!({"n": 100, "size": 100_000}))),
        )
        .await,
    );
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert_eq!(events.next().await.unwrap()["method"], "notifications/progress");
    }
    assert_eq!(events.next().await.unwrap()["result"], "done");
    assert_eq!(probe.dropped(), 0);
}

// PITFALLS 54
#[tokio::test(start_paused = true)]
async fn an_idle_session_ends_and_one_in_use_does_not() {
    let probe = probe();
    let server = probe.server().session_idle(Duration::from_secs(600));
    let minutes = |n: u64| tokio::time::sleep(Duration::from_secs(60 * n));
    let (idle, calls, listens) = (open(&server).await, open(&server).await, open(&server).await);
    let call = send(&server, legacy(&calls, &request(1, "talk, then wait", &json!({})))).await;
    let stream = send(&server, get(Some(&listens))).await;
    minutes(9).await;
    assert_eq!(server.handle().sessions(), 3);
    send(&server, legacy(&idle, &request(1, "echo", &json!({})))).await;
    minutes(9).await;
    assert_eq!(server.handle().sessions(), 3);
    minutes(60).await;
    assert_eq!(server.handle().sessions(), 2);
    assert_eq!(
        send(&server, legacy(&idle, &request(1, "echo", &json!({}))))
            .await
            .status(),
        404
    );
    // Their uses end; ten minutes later so do they.
    drop(stream);
    probe.go.notify_one();
    drop(call);
    minutes(5).await;
    assert_eq!(server.handle().sessions(), 2);
    minutes(21).await;
    assert_eq!(server.handle().sessions(), 0);
}

// PITFALLS 54
#[tokio::test]
async fn sessions_are_limited_and_an_ended_one_makes_room() {
    let server = probe().server().max_sessions(2);
    let first = open(&server).await;
    open(&server).await;
    let full = send(&server, post(initialize().to_string())).await;
    assert!(!full.headers().contains_key("mcp-session-id"));
    assert_eq!(refusal(full).await, (503, -32603));
    assert_eq!(send(&server, modern(&json!(1), "echo", &json!({}))).await.status(), 200);
    send(&server, delete(Some(&first))).await;
    open(&server).await;
}

// PITFALLS 43
#[tokio::test]
async fn a_thousand_sessions_leave_nothing_behind() {
    let probe = probe();
    let server = probe.server();
    let tasks = || Handle::current().metrics().num_alive_tasks();
    // The reaper runs while there are sessions.
    let kept = open(&server).await;
    let before = tasks();
    for n in 0..1000 {
        let session = open(&server).await;
        let stream = send(&server, get(Some(&session))).await;
        let call = send(&server, legacy(&session, &request(1, "talk, then wait", &json!({})))).await;
        match n % 4 {
            0 => drop((stream, call)),
            1 => {
                send(&server, legacy(&session, &request(2, "ask", &json!({})))).await;
            }
            2 => drop(send(&server, legacy(&session, &request(2, "progress", &json!({"n": 3})))).await),
            _ => {}
        }
        assert_eq!(send(&server, delete(Some(&session))).await.status(), 204);
    }
    let handle = server.handle();
    assert_eq!(handle.sessions(), 1);
    until(|| tasks() == before && handle.calls() == 0 && probe.listening() == 0).await;
    send(&server, delete(Some(&kept))).await;
    drop(server);
    until(|| tasks() == 0).await;
    assert_eq!(Arc::strong_count(&probe), 1);
}

// item 108; PITFALLS 52
#[tokio::test]
async fn a_drain_refuses_what_is_new_ends_endless_streams_and_waits_for_what_runs() {
    let probe = probe();
    let server = probe.server();
    let session = open(&server).await;
    let mut stream = Events::of(send(&server, get(Some(&session))).await);
    let subscription = tokio::spawn({
        let server = server.clone();
        async move {
            Events::of(send(&server, modern(&json!(1), "subscriptions/listen", &json!({}))).await)
                .next()
                .await
        }
    });
    until(|| probe.begun() == 2).await;
    let mut call = Events::of(send(&server, legacy(&session, &request(1, "ask", &json!({})))).await);
    let ask = call.next().await.unwrap();
    let mut drain = tokio_test::task::spawn(server.handle().drain());
    assert!(drain.poll().is_pending());
    assert_eq!((stream.next().await, subscription.await.unwrap()), (None, None));
    for request in [
        modern(&json!(1), "echo", &json!({})),
        legacy(&session, &request(2, "echo", &json!({}))),
        post(initialize().to_string()),
        get(Some(&session)),
    ] {
        assert_eq!(refusal(send(&server, request).await).await, (503, -32603));
    }
    assert!(drain.poll().is_pending());
    let answer = json!({"jsonrpc": "2.0", "id": ask["id"], "result": {}});
    assert_eq!(send(&server, legacy(&session, &answer)).await.status(), 202);
    assert!(call.next().await.unwrap()["result"].is_object());
    tokio::time::timeout(Duration::from_secs(60), drain).await.unwrap();
    server.handle().drain().await;
}

// law 8
#[tokio::test]
async fn calls_that_clients_leave_behind_are_limited() {
    let probe = probe();
    let server = probe.server();
    let session = open(&server).await;
    let wait = || legacy(&session, &request(1, "wait", &json!({})));
    for running in 0..1024 {
        let call = server.clone().oneshot(wait());
        begin_and_drop(call, || server.handle().calls() == running + 1).await;
    }
    let full = send(&server, wait()).await;
    assert_eq!(full.headers()["retry-after"], "1");
    assert_eq!(refusal(full).await, (503, -32603));
    until(|| probe.begun() == 1025).await;
    probe.go.notify_one();
    until(|| server.handle().calls() == 1023).await;
    let echo = legacy(&session, &request(1, "echo", &json!({})));
    assert_eq!(send(&server, echo).await.status(), 200);
}

// A runtime that shuts down drops what is spawned on it at once, on the thread that spawns it.
#[test]
fn a_call_that_comes_while_the_runtime_shuts_down_hangs_nothing() {
    let server = probe().server();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let session = runtime.block_on(open(&server));
    let late = OnDrop(Some({
        let server = server.clone();
        move || {
            let call = server
                .clone()
                .oneshot(legacy(&session, &request(1, "wait", &json!({}))));
            assert!(tokio_test::task::spawn(call).poll().is_ready());
            let stream = server.clone().oneshot(get(Some(&session)));
            assert!(tokio_test::task::spawn(stream).poll().is_ready());
        }
    }));
    runtime.spawn(async move {
        let _late = late;
        std::future::pending::<()>().await
    });
    runtime.block_on(tokio::task::yield_now());
    let (down, is_down) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        drop(runtime);
        down.send(())
    });
    is_down.recv_timeout(Duration::from_secs(30)).expect("it shuts down");
    assert_eq!(server.handle().calls(), 0);
}

struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(last) = self.0.take() {
            last();
        }
    }
}

// law 8
#[tokio::test]
async fn requests_that_a_client_leaves_unanswered_are_limited() {
    let probe = probe();
    let server = probe.server();
    let session = open(&server).await;
    let mut stream = Events::of(send(&server, get(Some(&session))).await);
    until(|| probe.listener.lock().unwrap().is_some()).await;
    let peer = probe.listener.lock().unwrap().clone().unwrap();
    let ask = || {
        let peer = peer.clone();
        let ask =
            tower_transport::message::Message::request(&tower_transport::message::Id::number(1), "ping", &json!({}));
        async move {
            peer.request(ask.unwrap())
                .await
                .unwrap()
                .decode::<serde_json::Value>()
                .unwrap()
        }
    };
    let waiting: Vec<_> = (0..64).map(|_| tokio::spawn(ask())).collect();
    for _ in 0..64 {
        stream.next().await.unwrap();
    }
    assert_eq!(ask().await["code"], -32603);
    // Those that were given up make room.
    for asking in waiting {
        asking.abort();
        assert!(asking.await.unwrap_err().is_cancelled());
    }
    let asking = tokio::spawn(ask());
    let next = loop {
        let message = stream.next().await.unwrap();
        if message["method"] == "ping" {
            break message;
        }
    };
    let answer = json!({"jsonrpc": "2.0", "id": next["id"], "result": "pong"});
    assert_eq!(send(&server, legacy(&session, &answer)).await.status(), 202);
    assert_eq!(asking.await.unwrap(), "pong");
}

// law 8
#[tokio::test]
async fn requests_whose_call_has_ended_and_whose_asker_gave_up_are_forgotten() {
    let server = probe().server();
    let session = open(&server).await;
    for id in 0..200 {
        let mut call = Events::of(send(&server, legacy(&session, &request(id, "ask, then leave", &json!({})))).await);
        assert_eq!(call.next().await.unwrap()["method"], "ping");
        assert_eq!(call.next().await.unwrap()["result"], "left");
    }
}
