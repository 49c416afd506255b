//! The handler's side.

use crate::support::{eventually, notification, result, server, settled, within};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll};
use std::time::Duration;
use tower::Service;
use tower_transport::BoxError;
use tower_transport::exchange::{BoxReply, Call, Peer, Reply, handler_fn, unary};
use tower_transport::message::{Id, Message};
use tower_transport::mux::{End, Mux};
use tower_transport::protocol::JsonRpc;

fn asks(id: u64, method: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method})
}

fn cancels(id: u64) -> Value {
    json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}})
}

/// Counts those that are alive.
struct Alive(Arc<AtomicUsize>);

impl Alive {
    fn new(count: &Arc<AtomicUsize>) -> Alive {
        count.fetch_add(1, SeqCst);
        Alive(count.clone())
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn requests_over_the_limit_are_refused_and_one_that_ends_makes_room() {
    let (go, gate) = tokio::sync::watch::channel(false);
    let gated = unary(move |_| {
        let mut gate = gate.clone();
        async move {
            gate.wait_for(|open| *open).await.unwrap();
            Ok::<_, BoxError>(result(&json!("done")))
        }
    });
    let (connection, mut wire, _driver) = server(Mux::new().max_in_flight(3), gated);
    let batch: Vec<_> = (1..=5).map(|id| asks(id, "x")).collect();
    wire.send(&batch).await;
    for id in [4, 5] {
        let refusal = wire.recv().await;
        assert_eq!(refusal["id"], id);
        assert!(refusal["error"]["message"].as_str().unwrap().contains('3'), "{refusal}");
    }
    wire.send(&[cancels(2), asks(6, "x")]).await;
    wire.stays_quiet().await;
    go.send_replace(true);
    let mut answered =
        [wire.recv().await, wire.recv().await, wire.recv().await].map(|line| line["id"].as_u64().unwrap());
    answered.sort_unstable();
    assert_eq!(answered, [1, 3, 6]);
    assert_eq!(connection.stats().refused, 2);
}

#[tokio::test(start_paused = true)]
async fn a_cancel_drops_the_handlers_future_and_nothing_is_answered() {
    let alive = Arc::new(AtomicUsize::new(0));
    let counts = alive.clone();
    let never = handler_fn(move |_: Call, peer: Peer| {
        let alive = Alive::new(&counts);
        async move {
            let _alive = alive;
            peer.notify(notification("notifications/message", &json!({}))).await?;
            std::future::pending::<Result<Option<Message>, BoxError>>().await
        }
    });
    let (connection, mut wire, _driver) = server(Mux::new(), never);
    wire.send(&[asks(1, "x"), asks(2, "x")]).await;
    wire.recv().await;
    wire.recv().await;
    assert_eq!(alive.load(SeqCst), 2);
    wire.send(&[cancels(1), cancels(77)]).await;
    eventually("the future is dropped", || alive.load(SeqCst) == 1).await;
    wire.stays_quiet().await;
    // What names no request, or one that is over, is ignored.
    wire.send(&[cancels(1)]).await;
    eventually("both are counted", || connection.stats().late == 2).await;
    assert_eq!(alive.load(SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_handler_fails_with_is_answered_with_all_its_causes() {
    #[derive(Debug)]
    struct Outer(std::io::Error);
    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("no such tool")
        }
    }
    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    let fails = unary(|_| async { Err::<Message, _>(Outer(std::io::Error::other("disk is full"))) });
    let (_connection, mut wire, _driver) = server(Mux::new(), fails);
    wire.send(&[asks(1, "x")]).await;
    let answer = wire.recv().await;
    assert_eq!(answer["id"], 1);
    assert_eq!(
        answer["error"],
        json!({
            "code": -32603,
            "message": "no such tool: disk is full",
            "data": {"origin": "transport", "kind": "internal", "may_have_run": true, "retryable": false},
        })
    );
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_ends_without_an_answer_is_answered_for() {
    let empty =
        tower_transport::exchange::service_fn(|_: Call| async { Ok::<Reply<BoxReply>, BoxError>(Reply::empty()) });
    let (_connection, mut wire, _driver) = server(Mux::new(), empty);
    wire.send(&[asks(1, "x"), json!({"jsonrpc": "2.0", "method": "n"}), asks(2, "x")])
        .await;
    for id in [1, 2] {
        let answer = wire.recv().await;
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(id), &json!(-32603)));
    }
    wire.stays_quiet().await;
}

#[tokio::test(start_paused = true)]
async fn equal_ids_in_flight_each_get_their_own_answer() {
    let echo = unary(|request: Message| async move {
        let method = request.method().unwrap().into_owned();
        if method == "slow" {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        Ok::<_, BoxError>(result(&json!(method)))
    });
    let (_connection, mut wire, _driver) = server(Mux::new(), echo);
    wire.send(&[asks(1, "slow"), asks(1, "quick")]).await;
    assert_eq!(wire.recv().await, crate::support::response(1, json!("quick")));
    assert_eq!(wire.recv().await, crate::support::response(1, json!("slow")));
}

#[tokio::test(start_paused = true)]
async fn after_the_peer_closed_its_side_what_runs_may_finish() {
    let slow = unary(|_| async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok::<_, BoxError>(result(&json!("done")))
    });
    let (connection, mut wire, driver) = server(Mux::new().drain(Duration::from_secs(2)), slow);
    wire.send(&[asks(1, "x")]).await;
    wire.close_write().await;
    assert_eq!(wire.recv().await["result"], "done");
    assert!(matches!(within(driver).await.unwrap(), End::Eof));
    assert!(wire.next().await.is_none());
    assert_eq!(connection.in_flight(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_takes_longer_than_the_drain_is_dropped() {
    let alive = Arc::new(AtomicUsize::new(0));
    let counts = alive.clone();
    let never = unary(move |_| {
        let alive = Alive::new(&counts);
        async move {
            let _alive = alive;
            std::future::pending::<Result<Message, BoxError>>().await
        }
    });
    let (_connection, mut wire, driver) = server(Mux::new().drain(Duration::from_secs(2)), never);
    wire.send(&[asks(1, "x")]).await;
    wire.close_write().await;
    let began = tokio::time::Instant::now();
    assert!(matches!(within(driver).await.unwrap(), End::Unanswered(_)));
    assert_eq!(began.elapsed().as_secs(), 2);
    assert_eq!(alive.load(SeqCst), 0);
    assert!(wire.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_gives_up_its_own_request_has_it_cancelled() {
    let asks_back = handler_fn(|call: Call, peer: Peer| async move {
        let id = call.message().unwrap().id().unwrap();
        let ask = peer.request(Message::request(&Id::number(1), "elicitation/create", &()).unwrap());
        let answer = tokio::time::timeout(Duration::from_secs(5), ask).await;
        Message::response(&id, &answer.is_err()).map_err(BoxError::from)
    });
    let (connection, mut wire, _driver) = server(Mux::new(), asks_back);
    wire.send(&[asks(1, "x")]).await;
    let asked = wire.recv_request("elicitation/create").await;
    let mut lines = [wire.recv().await, wire.recv().await];
    lines.sort_by_key(|line| line.get("id").is_some());
    assert_eq!(lines[0]["method"], "notifications/cancelled");
    assert_eq!(lines[0]["params"]["requestId"], asked);
    assert_eq!(lines[1], crate::support::response(1, json!(true)));
    // Its late answer harms nobody.
    wire.result(asked, json!("late")).await;
    eventually("it is counted", || connection.stats().late == 1).await;
    settled(&connection).await;
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_handlers_own_requests_are_cancelled_with_it() {
    let asks_back = handler_fn(|_: Call, peer: Peer| async move {
        let answer = peer
            .request(Message::request(&Id::number(1), "elicitation/create", &()).unwrap())
            .await?;
        Ok::<_, BoxError>(Some(answer))
    });
    let (connection, mut wire, _driver) = server(Mux::new(), asks_back);
    wire.send(&[asks(1, "x")]).await;
    let asked = wire.recv_request("elicitation/create").await;
    wire.send(&[cancels(1)]).await;
    let cancel = wire.recv().await;
    assert_eq!(cancel["params"]["requestId"], asked);
    wire.stays_quiet().await;
    settled(&connection).await;
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_for_room_is_sent_when_another_that_nobody_can_cancel_is_given_up() {
    let asks_on_a_task = handler_fn(|call: Call, peer: Peer| async move {
        let work = tokio::spawn(async move {
            let ask = || peer.request(Message::request(&Id::null(), "roots/list", &()).unwrap());
            if call.message().unwrap().method().as_deref() == Some("hurries") {
                let both = async { tokio::join!(ask(), ask()) };
                let _late = tokio::time::timeout(Duration::from_secs(1), both).await;
            } else {
                let _answer = ask().await;
            }
        });
        work.await?;
        Ok::<_, BoxError>(Some(result(&json!("done"))))
    });
    let mux = Mux::new().max_in_flight(2).protocol(JsonRpc);
    let (_connection, mut wire, _driver) = server(mux, asks_on_a_task);
    wire.send(&[asks(1, "hurries")]).await;
    wire.recv_request("roots/list").await;
    wire.recv_request("roots/list").await;
    wire.send(&[asks(2, "waits")]).await;
    assert_eq!(wire.recv().await["id"], 1);
    wire.recv_request("roots/list").await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_gives_up_a_request_that_waits_for_room_goes_on() {
    let asks_on_a_task = handler_fn(|call: Call, peer: Peer| async move {
        let work = tokio::spawn(async move {
            let ask = || peer.request(Message::request(&Id::null(), "roots/list", &()).unwrap());
            if call.message().unwrap().method().as_deref() == Some("waits") {
                let _room = tokio::time::timeout(Duration::from_secs(1), ask()).await;
                let _heard = peer.notify(notification("went on", &json!({}))).await;
            }
            let _answers = tokio::join!(ask(), ask());
        });
        work.await?;
        Ok::<_, BoxError>(Some(result(&json!("done"))))
    });
    let (_connection, mut wire, _driver) = server(Mux::new().max_in_flight(2), asks_on_a_task);
    wire.send(&[asks(1, "takes all room")]).await;
    wire.recv_request("roots/list").await;
    wire.recv_request("roots/list").await;
    wire.send(&[asks(2, "waits")]).await;
    assert_eq!(wire.recv().await["method"], "went on");
}

#[tokio::test(start_paused = true)]
async fn a_handler_whose_request_waits_for_room_still_has_its_deadline() {
    let asks_too_much = handler_fn(|_: Call, peer: Peer| async move {
        let ask = || peer.request(Message::request(&Id::null(), "roots/list", &()).unwrap());
        let in_time = async { tokio::join!(ask(), ask(), ask()) };
        let answers = tokio::time::timeout(Duration::from_secs(1), in_time).await;
        peer.notify(notification("late", &json!({}))).await?;
        Ok::<_, BoxError>(Some(result(&json!(answers.is_err()))))
    });
    let (connection, mut wire, _driver) = server(Mux::new().max_in_flight(2), asks_too_much);
    wire.send(&[asks(1, "x")]).await;
    wire.recv_request("roots/list").await;
    wire.recv_request("roots/list").await;
    // The third was given up before there was room for it.
    for _ in 0..2 {
        assert_eq!(wire.recv().await["method"], "notifications/cancelled");
    }
    assert_eq!(wire.recv().await["method"], "late");
    assert_eq!(wire.recv().await["result"], true);
    settled(&connection).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_handler_says_after_a_request_that_waits_for_room_does_not_overtake_it() {
    let talks = handler_fn(|call: Call, peer: Peer| async move {
        let ask = || peer.request(Message::request(&Id::null(), "roots/list", &()).unwrap());
        let method = call.message().unwrap().method().unwrap().into_owned();
        let (more, size) = method.split_once(' ').unwrap();
        let (more, text): (u64, _) = (more.parse()?, "x".repeat(size.parse()?));
        let tells = async {
            for n in 0..more {
                peer.notify(notification("n", &json!({"n": n, "text": text}))).await?;
            }
            Ok::<_, BoxError>(())
        };
        let (_, held, told) = tokio::join!(ask(), ask(), tells);
        told?;
        Ok::<_, BoxError>(Some(result(&json!(held?.payload().unwrap()))))
    });
    for (more, size, refused) in [(10, 0, false), (40, 0, true), (1, 100_000, false), (2, 100_000, true)] {
        let (_connection, mut wire, _driver) = server(Mux::new().max_in_flight(1), talks.clone());
        wire.send(&[asks(1, &format!("{more} {size}"))]).await;
        let first = wire.recv_request("roots/list").await;
        if !refused {
            wire.stays_quiet().await;
            wire.result(first, json!("first")).await;
            let held = wire.recv_request("roots/list").await;
            wire.result(held, json!("held")).await;
        }
        for n in 0..more {
            assert_eq!(wire.recv().await["params"]["n"], n);
        }
        if refused {
            wire.result(first, json!("first")).await;
        }
        let answer = wire.recv().await["result"].as_str().unwrap().to_owned();
        assert_eq!(answer.contains("held"), !refused, "{answer}");
        assert_eq!(answer.contains("overloaded"), refused, "{answer}");
    }
}

/// Ready after so many answers of `Pending`; dead when asked.
#[derive(Clone)]
struct Moody {
    dead: Arc<std::sync::atomic::AtomicBool>,
}

impl Service<Call> for Moody {
    type Response = Reply<BoxReply>;
    type Error = BoxError;
    type Future = std::future::Ready<Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        if self.dead.load(SeqCst) {
            return Poll::Ready(Err("the pool has gone".into()));
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Call) -> Self::Future {
        let id = call.message().unwrap().id().unwrap();
        let answer = Message::response(&id, &"alive").map(tower_transport::exchange::Item::Response);
        std::future::ready(answer.map(Reply::once).map_err(Into::into))
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_is_dead_for_good_ends_the_connection_and_answers_what_waits() {
    let dead = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (connection, mut wire, driver) = server(Mux::new(), Moody { dead: dead.clone() });
    wire.send(&[asks(1, "x")]).await;
    assert_eq!(wire.recv().await["result"], "alive");
    dead.store(true, SeqCst);
    let began = tokio::time::Instant::now();
    wire.send(&[asks(2, "x"), asks(3, "x")]).await;
    for id in [2, 3] {
        let answer = wire.recv().await;
        assert_eq!(answer["id"], id);
        assert!(
            answer["error"]["message"]
                .as_str()
                .unwrap()
                .contains("the pool has gone"),
            "{answer}"
        );
    }
    let end = within(driver).await.unwrap();
    assert!(matches!(end, End::Handler(_)), "{end}");
    assert_eq!(began.elapsed(), Duration::ZERO, "nothing was left to wait for");
    assert!(connection.is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_was_dead_before_the_first_request_answers_at_once() {
    let dead = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let began = tokio::time::Instant::now();
    let (_connection, mut wire, driver) = server(Mux::new(), Moody { dead });
    wire.send(&[asks(1, "x")]).await;
    assert_eq!(wire.recv().await["error"]["code"], -32603);
    within(driver).await.unwrap();
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_served_peer_can_be_called_as_well() {
    let echo = unary(|_| async { Ok::<_, BoxError>(result(&json!("served"))) });
    let (connection, mut wire, _driver) = server(Mux::new(), echo);
    let ours = crate::support::call(&connection, crate::support::request("mine", "roots/list")).await;
    let id = wire.recv_request("roots/list").await;
    wire.send(&[
        asks(id, "same id, other direction"),
        crate::support::response(id, json!([])),
    ])
    .await;
    let mut ours = within(ours).await.unwrap();
    assert_eq!(crate::support::drain(&mut ours).await, ["r []"]);
    assert_eq!(wire.recv().await["result"], "served");
}
