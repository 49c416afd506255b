//! 2025-03-26 to 2025-11-25: sessions.

mod http_server_support;

use http::{Response, header};
use http_body_util::BodyExt;
use http_server_support::{
    Events, Probe, begin_and_drop, delete, get, initialize, json_body, legacy, modern, open, post, progress, refusal,
    request, send, until, with,
};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tower::{Service, ServiceExt, service_fn};
use tower_transport::exchange::{BoxCloneExchange, Call, Input, Reply, unary};
use tower_transport::http::{Server, ServerBody, Session};
use tower_transport::message::{Id, Message};

fn probe() -> Arc<Probe> {
    Arc::default()
}

fn initialized() -> Value {
    json!({"jsonrpc": "2.0", "method": "notifications/initialized"})
}

// items 56, 98
#[tokio::test]
async fn a_session_begins_with_an_initialize_that_succeeds() {
    let server = probe().server();
    let mut ids = HashSet::new();
    for _ in 0..20 {
        let response = send(&server, post(initialize().to_string())).await;
        let id = response.headers()["mcp-session-id"].to_str().unwrap().to_owned();
        assert!(
            id.len() >= 32 && id.bytes().all(|byte| (0x21..=0x7e).contains(&byte)),
            "{id}"
        );
        assert_eq!(json_body(response).await["result"]["protocolVersion"], "2025-11-25");
        assert!(ids.insert(id));
    }
    assert_eq!(server.handle().sessions(), 20);
    let session = ids.into_iter().next().unwrap();
    let response = send(&server, legacy(&session, &request(1, "echo", &json!({"a": 1})))).await;
    assert!(!response.headers().contains_key("mcp-session-id"));
    assert_eq!(json_body(response).await["result"]["a"], 1);
}

// item 56
#[tokio::test]
async fn an_initialize_that_fails_opens_no_session() {
    let failing = Server::new(unary(async |_| {
        Ok::<_, std::io::Error>(Message::error(&Id::null(), -32602, "unsupported"))
    }));
    let response = send(&failing, post(initialize().to_string())).await;
    assert_eq!(response.status(), 200);
    assert!(!response.headers().contains_key("mcp-session-id"));
    assert_eq!(json_body(response).await["error"]["code"], -32602);
    assert_eq!(failing.handle().sessions(), 0);
    let broken = Server::new(unary(async |_| {
        Err::<Message, _>(std::io::Error::other("exit status 1"))
    }));
    let response = send(&broken, post(initialize().to_string())).await;
    assert!(!response.headers().contains_key("mcp-session-id"));
    assert_eq!(refusal(response).await, (200, -32603));
    assert_eq!(broken.handle().sessions(), 0);
}

// items 57, 58
#[tokio::test]
async fn a_missing_session_is_400_and_an_unknown_one_404_and_neither_creates_anything() {
    let probe = probe();
    let server = probe.server();
    let call = request(1, "echo", &json!({}));
    let response = send(&server, post(call.to_string())).await;
    assert_eq!(response.status(), 400);
    let body = json_body(response).await;
    assert_eq!((&body["id"], &body["error"]["code"]), (&json!(1), &json!(-32600)));
    assert_eq!(
        refusal(send(&server, legacy("unknown", &call)).await).await,
        (404, -32600)
    );
    assert_eq!(
        refusal(send(&server, legacy("unknown", &initialized())).await).await,
        (404, -32600)
    );
    assert_eq!(send(&server, get(Some("unknown"))).await.status(), 404);
    assert_eq!(send(&server, delete(Some("unknown"))).await.status(), 404);
    let answer = json!({"jsonrpc": "2.0", "id": 1, "result": {}});
    assert_eq!(
        refusal(send(&server, post(answer.to_string())).await).await,
        (400, -32600)
    );
    assert_eq!((probe.begun(), server.handle().sessions()), (0, 0));
}

// items 58, 59
#[tokio::test]
async fn delete_ends_the_session_its_calls_and_its_streams() {
    let probe = probe();
    let server = probe.server();
    let session = open(&server).await;
    let mut stream = Events::of(send(&server, get(Some(&session))).await);
    let mut call = Events::of(send(&server, legacy(&session, &request(1, "talk, then wait", &json!({})))).await);
    call.next().await.unwrap();
    assert_eq!(send(&server, delete(Some(&session))).await.status(), 204);
    let end = call.next().await.unwrap();
    assert_eq!((&end["id"], &end["error"]["code"]), (&json!(1), &json!(-32603)));
    assert_eq!((call.next().await, stream.next().await), (None, None));
    until(|| probe.dropped() == 1 && probe.listening() == 0).await;
    assert_eq!(send(&server, delete(Some(&session))).await.status(), 404);
    assert_eq!(
        send(&server, legacy(&session, &request(2, "echo", &json!({}))))
            .await
            .status(),
        404
    );
    let handle = server.handle();
    assert_eq!((handle.sessions(), handle.calls()), (0, 0));
}

// item 61
#[tokio::test]
async fn the_version_header_is_checked_when_it_is_there() {
    let server = probe().server();
    let session = open(&server).await;
    let call = || legacy(&session, &request(1, "echo", &json!({})));
    for version in ["2025-11-25", "2025-06-18", "2025-03-26"] {
        assert_eq!(
            send(&server, with(call(), "mcp-protocol-version", version))
                .await
                .status(),
            200,
            "{version}"
        );
    }
    assert_eq!(send(&server, call()).await.status(), 200);
    for version in ["2026-07-28", "1999-01-01", ""] {
        let response = send(&server, with(call(), "mcp-protocol-version", version)).await;
        assert_eq!(refusal(response).await, (400, -32600), "{version}");
    }
    assert_eq!(
        send(&server, with(get(Some(&session)), "mcp-protocol-version", "x"))
            .await
            .status(),
        400
    );
}

// item 62
#[tokio::test]
async fn headers_of_2026_07_28_say_nothing_about_the_era() {
    let server = probe().server();
    let response = send(
        &server,
        with(post(initialize().to_string()), "mcp-method", "initialize"),
    )
    .await;
    let session = response.headers()["mcp-session-id"].to_str().unwrap().to_owned();
    let call = legacy(&session, &request(1, "echo", &json!({})));
    assert_eq!(
        send(&server, with(call, "mcp-method", "something/else")).await.status(),
        200
    );
}

// item 100
#[tokio::test]
async fn both_eras_are_served_at_once() {
    let probe = probe();
    let server = probe.server();
    let session = open(&server).await;
    let mut call = Events::of(send(&server, legacy(&session, &request(1, "talk, then wait", &json!({})))).await);
    call.next().await.unwrap();
    assert_eq!(send(&server, modern(&json!(1), "echo", &json!({}))).await.status(), 200);
    probe.go.notify_one();
    assert_eq!(call.next().await.unwrap()["result"], "waited");
}

// items 6, 38
#[tokio::test]
async fn a_notification_is_accepted_without_a_body() {
    let probe = probe();
    let server = probe.server();
    let session = open(&server).await;
    let response = send(&server, legacy(&session, &initialized())).await;
    assert_eq!(response.status(), 202);
    assert!(response.into_body().collect().await.unwrap().to_bytes().is_empty());
    assert_eq!(*probe.notifications.lock().unwrap(), ["notifications/initialized"]);
}

// item 4
#[tokio::test]
async fn two_parallel_posts_with_one_id_on_one_session_both_get_their_own_answer() {
    let probe = probe();
    let server = probe.server();
    let session = open(&server).await;
    let slow = tokio::spawn({
        let (server, session) = (server.clone(), session.clone());
        async move { json_body(send(&server, legacy(&session, &request(1, "wait", &json!({})))).await).await }
    });
    until(|| probe.begun() == 2).await;
    let fast = json_body(send(&server, legacy(&session, &request(1, "echo", &json!({"a": 1})))).await).await;
    assert_eq!((&fast["id"], &fast["result"]["a"]), (&json!(1), &json!(1)));
    probe.go.notify_one();
    let slow = slow.await.unwrap();
    assert_eq!((&slow["id"], &slow["result"]), (&json!(1), &json!("waited")));
}

// item 2
#[tokio::test]
async fn ids_keep_their_type() {
    let server = probe().server();
    let session = open(&server).await;
    for id in [json!(1), json!("1"), json!("a b"), json!(-3)] {
        let body = json_body(send(&server, legacy(&session, &request(id.clone(), "echo", &json!({})))).await).await;
        assert_eq!(body["id"], id);
    }
}

// item 49; PITFALLS 51
#[tokio::test]
async fn a_client_that_vanishes_cancels_nothing() {
    let probe = probe();
    let server = probe.server();
    let session = open(&server).await;
    let call = server
        .clone()
        .oneshot(legacy(&session, &request(1, "wait", &json!({}))));
    begin_and_drop(call, || probe.begun() == 2).await;
    assert_eq!(server.handle().calls(), 1);
    let mut events = Events::of(send(&server, legacy(&session, &request(2, "talk, then wait", &json!({})))).await);
    events.next().await.unwrap();
    drop(events);
    probe.go.notify_one();
    until(|| server.handle().calls() == 1).await;
    probe.go.notify_one();
    until(|| server.handle().calls() == 0).await;
    assert_eq!((probe.finished(), probe.dropped()), (1, 0));
}

// item 49; PITFALLS 51
#[tokio::test]
async fn a_notification_whose_client_vanishes_is_handed_over_all_the_same() {
    let probe = probe();
    let server = probe.server();
    let session = open(&server).await;
    let slow = json!({"jsonrpc": "2.0", "method": "notifications/slow"});
    begin_and_drop(server.clone().oneshot(legacy(&session, &slow)), || probe.begun() == 2).await;
    probe.go.notify_one();
    until(|| *probe.notifications.lock().unwrap() == ["notifications/slow"]).await;
}

// item 49
#[tokio::test]
async fn what_a_call_says_when_its_client_has_vanished_is_consumed() {
    let probe = probe();
    let server = probe.server();
    let session = open(&server).await;
    let mut events = Events::of(
        send(
            &server,
            legacy(&session, &request(1, "flood", &json!({"n": 5000, "size": 10_000}))),
        )
        .await,
    );
    events.next().await.unwrap();
    drop(events);
    until(|| server.handle().calls() == 0).await;
    assert_eq!(probe.dropped(), 0);
}

// items 21, 104
#[tokio::test]
async fn a_cancel_ends_that_call_of_that_session_and_is_not_passed_on() {
    let probe = probe();
    let server = probe.server();
    let (mine, other) = (open(&server).await, open(&server).await);
    let cancel =
        |id: Value| json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}});
    let mut call = Events::of(send(&server, legacy(&mine, &request(1, "talk, then wait", &json!({})))).await);
    call.next().await.unwrap();
    // Another session's, another type, one that never was.
    assert_eq!(send(&server, legacy(&other, &cancel(json!(1)))).await.status(), 202);
    assert_eq!(send(&server, legacy(&mine, &cancel(json!("1")))).await.status(), 202);
    assert_eq!(send(&server, legacy(&mine, &cancel(json!(99)))).await.status(), 202);
    assert_eq!(server.handle().calls(), 1);
    assert_eq!(send(&server, legacy(&mine, &cancel(json!(1)))).await.status(), 202);
    assert_eq!(call.next().await, None);
    until(|| probe.dropped() == 1 && server.handle().calls() == 0).await;
    assert!(probe.notifications.lock().unwrap().is_empty());
    // Late: harmless.
    assert_eq!(send(&server, legacy(&mine, &cancel(json!(1)))).await.status(), 202);
}

// items 4, 21
#[tokio::test]
async fn a_cancel_before_the_first_item_ends_the_response_and_one_that_names_two_calls_ends_neither() {
    let probe = probe();
    let server = probe.server();
    let session = open(&server).await;
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}});
    let call = || {
        let (server, session) = (server.clone(), session.clone());
        tokio::spawn(async move { send(&server, legacy(&session, &request(1, "wait", &json!({})))).await })
    };
    let (first, second) = (call(), call());
    until(|| probe.begun() == 3).await;
    send(&server, legacy(&session, &cancel)).await;
    assert_eq!(server.handle().calls(), 2);
    probe.go.notify_one();
    until(|| server.handle().calls() == 1).await;
    send(&server, legacy(&session, &cancel)).await;
    let (first, second) = (first.await.unwrap(), second.await.unwrap());
    let (answered, cancelled) = match first.headers()[header::CONTENT_TYPE].to_str().unwrap() {
        "application/json" => (first, second),
        _ => (second, first),
    };
    assert_eq!(json_body(answered).await["result"], "waited");
    assert_eq!(Events::of(cancelled).next().await, None);
}

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
    for refused in [
        get(None),
        with(get(None), "accept", http_server_support::ACCEPT),
        delete(None),
    ] {
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

// items 40, 46
#[tokio::test(start_paused = true)]
async fn a_silent_call_is_begun_as_an_event_stream() {
    let probe = probe();
    let server = probe.server();
    let session = open(&server).await;
    let mut call = Events::of(send(&server, legacy(&session, &request(1, "wait", &json!({})))).await);
    assert_eq!(call.block().await.unwrap(), ":");
    assert_eq!(call.block().await.unwrap(), ":");
    probe.go.notify_one();
    assert_eq!(call.next().await.unwrap()["result"], "waited");
    assert_eq!(call.next().await, None);
}

// item 10
#[tokio::test]
async fn a_call_that_fails_or_panics_is_answered_and_the_session_goes_on() {
    let server = probe().server().show_causes(true);
    let session = open(&server).await;
    let body = json_body(send(&server, legacy(&session, &request("x", "fail", &json!({})))).await).await;
    assert_eq!((&body["id"], &body["error"]["code"]), (&json!("x"), &json!(-32603)));
    assert_eq!(body["error"]["message"], "the child has died: exit status 7");
    let body = json_body(send(&server, legacy(&session, &request("y", "panic", &json!({})))).await).await;
    assert_eq!((&body["id"], &body["error"]["code"]), (&json!("y"), &json!(-32603)));
    assert_eq!(
        send(&server, legacy(&session, &request(1, "echo", &json!({}))))
            .await
            .status(),
        200
    );
    assert_eq!(server.handle().calls(), 0);
}

// item 123
#[tokio::test]
async fn a_dead_exchange_ends_its_session_alone_and_a_new_one_works() {
    let (probe, dead) = (probe(), Arc::new(AtomicBool::new(false)));
    let mortal = Mortal {
        inner: probe.exchange(),
        dead: Arc::clone(&dead),
    };
    let server = Server::new(mortal).show_causes(true);
    let session = open(&server).await;
    let mut stream = Events::of(send(&server, get(Some(&session))).await);
    dead.store(true, Ordering::SeqCst);
    let response = send(&server, legacy(&session, &request(1, "echo", &json!({})))).await;
    assert_eq!(response.status(), 404);
    let body = json_body(response).await;
    assert_eq!((&body["id"], &body["error"]["code"]), (&json!(1), &json!(-32603)));
    assert_eq!(body["error"]["message"], "the exchange has ended: exit status 9");
    assert_eq!(stream.next().await, None);
    assert_eq!(server.handle().sessions(), 0);
    assert_eq!(
        refusal(send(&server, modern(&json!(1), "echo", &json!({}))).await).await,
        (503, -32603)
    );
    dead.store(false, Ordering::SeqCst);
    assert_eq!(
        send(&server, legacy(&session, &request(1, "echo", &json!({}))))
            .await
            .status(),
        404
    );
    let session = open(&server).await;
    assert_eq!(
        send(&server, legacy(&session, &request(1, "echo", &json!({}))))
            .await
            .status(),
        200
    );
}

#[tokio::test]
async fn what_an_exchange_died_of_is_not_told_unless_that_is_allowed() {
    let (probe, dead) = (probe(), Arc::new(AtomicBool::new(false)));
    let server = Server::new(Mortal {
        inner: probe.exchange(),
        dead: Arc::clone(&dead),
    });
    let session = open(&server).await;
    let running = tokio::spawn({
        let (server, session) = (server.clone(), session.clone());
        async move { json_or_event(send(&server, legacy(&session, &request(1, "hang", &json!({})))).await).await }
    });
    until(|| probe.begun() == 2).await;
    dead.store(true, Ordering::SeqCst);
    let refused = send(&server, legacy(&session, &request(2, "echo", &json!({})))).await;
    assert_eq!(json_body(refused).await["error"]["message"], "the exchange has ended");
    let lost = running.await.unwrap();
    assert_eq!(
        lost["error"]["message"],
        "the session ended while the call ran, it may have run"
    );
}

/// The answer, whether it is the whole body or an event.
async fn json_or_event(response: Response<ServerBody>) -> Value {
    match response.headers()["content-type"] == "application/json" {
        true => json_body(response).await,
        false => Events::of(response).next().await.unwrap(),
    }
}

// PITFALLS 54
#[tokio::test]
async fn a_session_whose_exchange_died_while_nobody_called_makes_room_for_another() {
    let probe = probe();
    let dead: Arc<Mutex<Vec<Arc<AtomicBool>>>> = Arc::default();
    let server = Server::per_session({
        let dead = Arc::clone(&dead);
        service_fn(move |_: Session| {
            let mortal = Mortal {
                inner: probe.exchange(),
                dead: Arc::default(),
            };
            dead.lock().unwrap().push(Arc::clone(&mortal.dead));
            std::future::ready(Ok::<_, std::io::Error>(mortal))
        })
    })
    .max_sessions(2);
    let (died, alive) = (open(&server).await, open(&server).await);
    assert_eq!(
        refusal(send(&server, post(initialize().to_string())).await).await,
        (503, -32603)
    );
    dead.lock().unwrap()[0].store(true, Ordering::SeqCst);
    let opened = open(&server).await;
    for (session, status) in [(died, 404), (alive, 200), (opened, 200)] {
        let call = legacy(&session, &request(1, "echo", &json!({})));
        assert_eq!(send(&server, call).await.status(), status);
    }
}

/// Fails for good while a flag says so.
#[derive(Clone)]
struct Mortal {
    inner: BoxCloneExchange,
    dead: Arc<AtomicBool>,
}

impl Service<Call> for Mortal {
    type Response = <BoxCloneExchange as Service<Call>>::Response;
    type Error = tower::BoxError;
    type Future = <BoxCloneExchange as Service<Call>>::Future;

    fn poll_ready(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), tower::BoxError>> {
        if self.dead.load(Ordering::SeqCst) {
            return std::task::Poll::Ready(Err(Box::new(std::io::Error::other("exit status 9"))));
        }
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> Self::Future {
        self.inner.call(call)
    }
}

#[tokio::test]
async fn each_session_has_an_exchange_of_its_own_that_ends_with_it() {
    let made: Arc<Mutex<Vec<Option<String>>>> = Arc::default();
    let alive = Arc::new(AtomicUsize::new(0));
    let make = {
        let (made, alive) = (Arc::clone(&made), Arc::clone(&alive));
        service_fn(move |session: Session| {
            made.lock().unwrap().push(session.id().map(str::to_owned));
            alive.fetch_add(1, Ordering::SeqCst);
            let child = Arc::new(Alive(Arc::clone(&alive)));
            let exchange = tower_transport::exchange::service_fn(move |call: Call| {
                let _child = &child;
                let session = call.extensions.get::<Session>().cloned();
                let Input::Message(message) = call.input else { panic!() };
                let says = json!({
                    "protocolVersion": "2025-06-18",
                    "session": session.as_ref().and_then(Session::id),
                    "version": session.as_ref().and_then(Session::version),
                });
                let answer = Message::response(&message.id().unwrap(), &says).unwrap();
                std::future::ready(Ok::<_, std::io::Error>(
                    Reply::<tower_transport::exchange::BoxReply>::once(tower_transport::exchange::Item::Response(
                        answer,
                    )),
                ))
            });
            std::future::ready(Ok::<_, std::io::Error>(exchange))
        })
    };
    let server = Server::per_session(make);
    let (a, b) = (open(&server).await, open(&server).await);
    let said = json_body(send(&server, legacy(&a, &request(1, "echo", &json!({})))).await).await;
    assert_eq!(
        (&said["result"]["session"], &said["result"]["version"]),
        (&json!(a), &json!("2025-06-18"))
    );
    let said = json_body(send(&server, modern(&json!(1), "echo", &json!({}))).await).await;
    assert_eq!(said["result"]["session"], Value::Null);
    assert_eq!(*made.lock().unwrap(), [Some(a.clone()), Some(b), None]);
    assert_eq!(alive.load(Ordering::SeqCst), 2);
    send(&server, delete(Some(&a))).await;
    assert_eq!(alive.load(Ordering::SeqCst), 1);
    drop(server);
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

struct Alive(Arc<AtomicUsize>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn an_exchange_that_cannot_be_made_or_never_answers_opens_no_session() {
    let make = service_fn(|_: Session| {
        std::future::ready(Err::<BoxCloneExchange, _>(std::io::Error::other("no such command")))
    });
    for (show, text) in [
        (true, "no exchange could be made: no such command"),
        (false, "no exchange could be made"),
    ] {
        let server = Server::per_session(make).show_causes(show);
        let response = send(&server, post(initialize().to_string())).await;
        assert_eq!(response.status(), 503);
        assert_eq!(json_body(response).await["error"]["message"], text);
    }
    let make = service_fn(|_: Session| std::future::pending::<Result<BoxCloneExchange, std::io::Error>>());
    let response = send(&Server::per_session(make), post(initialize().to_string())).await;
    assert_eq!(refusal(response).await, (503, -32603));
    let server = Server::new(unary(async |_| {
        std::future::pending::<Result<Message, std::io::Error>>().await
    }));
    let server = server.initialize_timeout(Duration::from_secs(60));
    let response = send(&server, post(initialize().to_string())).await;
    assert!(!response.headers().contains_key("mcp-session-id"));
    assert_eq!(refusal(response).await, (200, -32603));
    assert_eq!(server.handle().sessions(), 0);
}

// item 30
#[tokio::test]
async fn what_comes_before_the_answer_to_initialize_is_kept_in_its_order() {
    let server = Server::new(tower_transport::exchange::handler_fn(
        |call: Call, peer: tower_transport::exchange::Peer| async move {
            let Input::Message(_) = call.input else { return Ok(None) };
            peer.notify(progress(&json!("early"))).await?;
            let ask = Message::request(&Id::number(1), "ping", &json!({})).unwrap();
            let answer = peer.request(ask).await?.decode::<Value>().unwrap();
            let answer = json!({"protocolVersion": "2025-11-25", "ping": answer["code"]});
            Ok::<_, tower_transport::exchange::PeerGone>(Message::response(&Id::null(), &answer).ok())
        },
    ));
    let response = send(&server, post(initialize().to_string())).await;
    assert!(response.headers().contains_key("mcp-session-id"));
    let mut events = Events::of(response);
    assert_eq!(events.next().await.unwrap()["params"]["progress"], "early");
    let answer = events.next().await.unwrap();
    assert_eq!((&answer["id"], &answer["result"]["ping"]), (&json!(0), &json!(-32603)));
    assert_eq!(events.next().await, None);
}

// items 43, 57, 97: the opening of mcp-remote 0.15.1, as it was measured.
#[tokio::test]
async fn the_opening_of_a_client_in_wide_use_is_served() {
    let server = probe().server();
    assert_eq!(
        send(&server, with(get(None), "accept", http_server_support::ACCEPT))
            .await
            .status(),
        405
    );
    for path in [
        "/.well-known/oauth-protected-resource/mcp",
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
        "/mcp/.well-known/openid-configuration",
        "/mcp/.well-known/oauth-authorization-server",
    ] {
        let mut probe = get(None);
        *probe.uri_mut() = path.parse().unwrap();
        assert_eq!(send(&server, probe).await.status(), 404, "{path}");
    }
    let first = open(&server).await;
    let second = open(&server).await;
    assert_eq!(
        send(
            &server,
            with(
                post(initialized().to_string()),
                "mcp-method",
                "notifications/initialized"
            )
        )
        .await
        .status(),
        202
    );
    for session in [first, second] {
        let call = legacy(&session, &request(1, "echo", &json!({})));
        assert_eq!(send(&server, with(call, "mcp-method", "echo")).await.status(), 200);
    }
}
