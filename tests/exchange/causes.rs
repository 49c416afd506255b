//! What `RespondLayer` says of which error, made by hand and by real stacks.

use super::respond::{Around, Broken, only_error};
use super::{answer, call, next, notification, request};
use serde_json::{Value, json};
use std::future::{pending, ready};
use std::num::NonZeroUsize;
use std::time::Duration;
use tokio_test::{assert_pending, task};
use tower::{Layer, Service, ServiceBuilder, ServiceExt};
use tower_transport::BoxError;
use tower_transport::exchange::respond::{Fault, RespondLayer};
use tower_transport::exchange::{Call, ExchangeExt, Item, NoResponse, Peer, handler_fn, unary};
use tower_transport::layers::catch_panic::{CatchPanicLayer, Panicked, Place};
use tower_transport::layers::drain::{DrainLayer, Draining, Interrupted};
use tower_transport::layers::in_flight::bytes::{BytesOverloaded, NeverFits};
use tower_transport::layers::in_flight::{InFlightLayer, Overloaded};
use tower_transport::layers::max_message_size::{Direction, MaxMessageSizeLayer, TooLarge, TooManyItems};
use tower_transport::layers::timeout::{Elapsed, Phase, TimeoutLayer};
use tower_transport::message::{Id, Message};

/// What a caller is told of a call that failed with `error`.
async fn told(layer: RespondLayer, error: impl Fn() -> BoxError) -> Value {
    let mut stack = layer.layer(unary(|_| ready(Err::<Message, _>(error()))));
    let answer = stack.request(request("ping")).await.unwrap();
    answer.decode().unwrap()
}

#[tokio::test]
async fn unknown_error_is_internal_and_its_text_stays_here() {
    let error = || BoxError::from(Around(Broken("/etc/secret")));
    assert_eq!(
        told(RespondLayer::new(), error).await,
        json!({
            "code": -32603,
            "message": "internal error",
            "data": {"origin": "transport", "kind": "internal", "may_have_run": true, "retryable": false},
        })
    );
    let shown = told(RespondLayer::new().show_causes(true), error).await;
    assert_eq!(shown["message"], "it did not work: broken: /etc/secret");
    assert_eq!(shown["data"]["kind"], "internal");
    let hidden = told(RespondLayer::new().show_causes(true).show_causes(false), error).await;
    assert_eq!(hidden["message"], "internal error");
}

#[tokio::test]
async fn rules_of_ones_own_find_their_error_in_the_chain_and_come_first() {
    let layer = RespondLayer::new()
        .on::<Broken>(|error| Fault::new(4, format!("no {}", error.0)).may_have_run(false))
        .on::<Around>(|_| Fault::new(5, "later rules are asked later"))
        .on::<NoResponse>(|_| Fault::internal("quiet").kind("mute"));
    let told_of = told(layer.clone(), || Around(Broken("tea")).into()).await;
    assert_eq!(
        told_of,
        json!({"code": 4, "message": "no tea", "data": {"origin": "transport", "may_have_run": false}})
    );
    // Before the rules that are there already, and also where causes are shown.
    let told_of = told(layer.clone().show_causes(true), || NoResponse::new().into()).await;
    assert_eq!(
        (&told_of["message"], &told_of["data"]["kind"]),
        (&json!("quiet"), &json!("mute"))
    );
    // An error that no rule is for.
    let told_of = told(layer, || "other".into()).await;
    assert_eq!(told_of["message"], "internal error");
}

#[tokio::test]
async fn rules_are_added_to_one_layer_and_not_to_its_clones() {
    let plain = RespondLayer::new();
    let ruled = plain.clone().on::<Broken>(|_| Fault::new(4, "ruled"));
    assert_eq!(told(plain, || Broken("x").into()).await["code"], -32603);
    assert_eq!(told(ruled, || Broken("x").into()).await["code"], 4);
}

#[test]
fn fault_says_all_that_it_was_given() {
    let fault = Fault::new(9, "too slow")
        .kind("slow")
        .phase("lunch")
        .limit(10)
        .size(11)
        .elapsed(Duration::from_millis(1500))
        .may_have_run(true)
        .retryable(false);
    assert_eq!(fault.code(), 9);
    let message = fault.message(&Id::string("a"));
    assert_eq!(message.id(), Some(Id::string("a")));
    assert_eq!(
        message.decode::<Value>().unwrap(),
        json!({"code": 9, "message": "too slow", "data": {
            "origin": "transport", "kind": "slow", "phase": "lunch", "limit": 10, "size": 11, "elapsed_ms": 1500,
            "may_have_run": true, "retryable": false,
        }})
    );
    let own = fault.data(&json!({"mine": 1})).unwrap().message(&Id::null());
    assert_eq!(own.decode::<Value>().unwrap()["data"], json!({"mine": 1}));
}

#[tokio::test]
async fn text_is_cut_whether_it_is_that_of_causes_or_of_a_rule() {
    let long = "é".repeat(1 << 20);
    let is_cut = |told_of: &Value| {
        let text = told_of["message"].as_str().unwrap();
        (2000..=2051).contains(&text.len()) && text.ends_with("é…")
    };
    let error = || BoxError::from(long.clone());
    let shown = told(RespondLayer::new().show_causes(true), error).await;
    assert!(is_cut(&shown), "{shown}");
    let ruled = RespondLayer::new().on::<Around>({
        let long = long.clone();
        move |_| Fault::new(4, long.clone())
    });
    assert!(is_cut(&told(ruled, || Around(Broken("x")).into()).await));
    let fault = Fault::with_causes(&*error()).message(&Id::null());
    assert!(is_cut(&fault.decode::<Value>().unwrap()));
}

// === over real stacks ===

#[tokio::test(start_paused = true)]
async fn slow_handler_under_a_timeout_is_answered_for_in_each_phase() {
    let second = Duration::from_secs(1);
    let handler = handler_fn(|call: Call, peer: Peer| async move {
        match call.message().unwrap().method().as_deref() {
            Some("mute") => pending().await,
            Some("talks, then mute") => {
                peer.notify(notification(1)).await?;
                pending().await
            }
            _ => loop {
                peer.notify(notification(1)).await?;
                tokio::time::sleep(Duration::from_millis(900)).await;
            },
        }
        #[allow(unreachable_code)]
        Ok::<_, BoxError>(answer("never"))
    });
    let mut stack = ServiceBuilder::new()
        .layer(RespondLayer::new())
        .layer(
            TimeoutLayer::new()
                .first_item(second)
                .idle(2 * second)
                .total(5 * second),
        )
        .service(handler);
    for (method, phase, elapsed) in [
        ("mute", "first_item", 1000),
        ("talks, then mute", "idle", 2000),
        ("talks", "total", 5000),
    ] {
        let answer = stack.request(request(method)).await.unwrap();
        assert_eq!(answer.id(), Some(Id::number(super::ID)));
        assert_eq!(
            answer.decode::<Value>().unwrap()["data"],
            json!({"origin": "transport", "kind": "timeout", "phase": phase, "elapsed_ms": elapsed,
                "may_have_run": true, "retryable": false}),
            "{method}"
        );
    }
}

/// What the table says of an error: kind, whether it may have run, whether to try again, limit and size.
async fn row(error: impl Into<BoxError>) -> (String, bool, bool, Option<u64>, Option<u64>) {
    let error = error.into();
    let text = error.to_string();
    let error = std::sync::Mutex::new(Some(error));
    let told = told(RespondLayer::new(), || error.lock().unwrap().take().unwrap()).await;
    // A local error must not look like one of the peer's own.
    assert_eq!(told["code"], -32603);
    assert_eq!(told["data"]["origin"], "transport");
    assert_eq!(told["message"], text);
    let data = &told["data"];
    (
        data["kind"].as_str().unwrap().to_owned(),
        data["may_have_run"].as_bool().unwrap(),
        data["retryable"].as_bool().unwrap(),
        data["limit"].as_u64(),
        data["size"].as_u64(),
    )
}

// item 10 of the checklist
#[tokio::test]
async fn each_known_cause_has_its_row() {
    let second = Duration::from_secs(1);
    let rows = [
        (
            row(Elapsed::new(Phase::Ready, second)).await,
            ("timeout", false, true, None, None),
        ),
        (
            row(Elapsed::new(Phase::FirstItem, second)).await,
            ("timeout", true, false, None, None),
        ),
        (
            row(Elapsed::new(Phase::Idle, second)).await,
            ("timeout", true, false, None, None),
        ),
        (
            row(Elapsed::new(Phase::Total, second)).await,
            ("timeout", true, false, None, None),
        ),
        (
            row(Elapsed::new(Phase::Deadline, second)).await,
            ("timeout", true, false, None, None),
        ),
        (
            row(Overloaded::new(64, 64, None)).await,
            ("overloaded", false, true, Some(64), None),
        ),
        (
            row(BytesOverloaded::new(9, 7, 3, None)).await,
            ("overloaded", false, true, Some(9), Some(3)),
        ),
        (
            row(NeverFits::new(9, 10)).await,
            ("too_large", false, false, Some(9), Some(10)),
        ),
        (
            row(TooLarge::new(Direction::Request, 9, 10)).await,
            ("too_large", false, false, Some(9), Some(10)),
        ),
        (
            row(TooLarge::new(Direction::Response, 9, 10)).await,
            ("too_large", true, false, Some(9), Some(10)),
        ),
        (
            row(TooLarge::cut(Direction::Response, 9, usize::MAX)).await,
            ("too_large", true, false, Some(9), None),
        ),
        (
            row(TooManyItems::new(9)).await,
            ("too_many_items", true, false, Some(9), None),
        ),
        (row(Draining::new(3)).await, ("draining", false, true, None, None)),
        (row(Interrupted::new(3)).await, ("interrupted", true, false, None, None)),
        (
            row(Panicked::new(Place::Ready, None)).await,
            ("panicked", false, false, None, None),
        ),
        (
            row(Panicked::new(Place::Future, None)).await,
            ("panicked", true, false, None, None),
        ),
        (row(NoResponse::new()).await, ("no_response", true, false, None, None)),
    ];
    for ((kind, ran, again, limit, size), row) in rows {
        assert_eq!((&*kind, ran, again, limit, size), row);
    }
}

#[tokio::test]
async fn timeout_says_phase_and_time_however_it_is_wrapped() {
    for (phase, name) in [
        (Phase::Ready, "ready"),
        (Phase::FirstItem, "first_item"),
        (Phase::Idle, "idle"),
        (Phase::Total, "total"),
        (Phase::Deadline, "deadline"),
    ] {
        let wrapped = || std::io::Error::other(Elapsed::new(phase, Duration::from_secs(3))).into();
        let data = told(RespondLayer::new(), wrapped).await["data"].clone();
        assert_eq!((&data["phase"], &data["elapsed_ms"]), (&json!(name), &json!(3000)));
    }
}

#[tokio::test]
async fn handler_that_panics_is_answered_for_and_what_it_said_stays_here() {
    let handler = handler_fn(|call: Call, peer: Peer| async move {
        if call.message().unwrap().method().as_deref() == Some("late") {
            peer.notify(notification(1)).await?;
        }
        panic!("password=1234");
        #[allow(unreachable_code)]
        Ok::<Message, BoxError>(answer("never"))
    });
    for show in [false, true] {
        let mut stack = ServiceBuilder::new()
            .layer(RespondLayer::new().show_causes(show))
            .layer(CatchPanicLayer::new())
            .service(handler.clone());
        for method in ["at once", "late"] {
            let answer = stack.request(request(method)).await.unwrap();
            let error: Value = answer.decode().unwrap();
            assert_eq!(error["data"]["kind"], "panicked");
            assert_eq!(error["data"]["may_have_run"], true);
            assert_eq!(error["message"].as_str().unwrap().contains("1234"), show, "{error}");
        }
    }
}

#[tokio::test]
async fn overload_is_answered_for_and_the_permit_of_a_call_that_failed_is_back() {
    let limit = InFlightLayer::new(NonZeroUsize::MIN);
    let handle = limit.handle();
    let mut stack = ServiceBuilder::new()
        .layer(RespondLayer::new())
        .layer(limit)
        .service(unary(|request: Message| async move {
            match request.method().as_deref() {
                Some("hang") => pending().await,
                _ => Err::<Message, BoxError>("broken".into()),
            }
        }));
    let mut running = task::spawn(stack.ready().await.unwrap().call(Call::new(request("hang"))));
    assert_pending!(running.poll());
    let (error, _) = only_error(call(&mut stack, request("ping")).await.unwrap()).await;
    assert_eq!(
        error["data"],
        json!({"origin": "transport", "kind": "overloaded", "limit": 1, "may_have_run": false, "retryable": true})
    );
    drop(running);
    assert_eq!(handle.in_flight(), 0);
    let answered = call(&mut stack, request("ping")).await.unwrap();
    assert_eq!(handle.in_flight(), 0, "although its answer is still to be read");
    drop(answered);
}

#[tokio::test]
async fn message_over_a_layers_limit_is_answered_for_in_both_directions() {
    let answers = unary(|_| ready(Ok::<_, BoxError>(answer("x".repeat(1000)))));
    let mut stack = ServiceBuilder::new()
        .layer(RespondLayer::new())
        .layer(MaxMessageSizeLayer::new(500))
        .service(answers);
    let big = Message::request(&Id::number(7), "ping", &"x".repeat(1000)).unwrap();
    let size = big.wire_len();
    let error: Value = stack.request(big).await.unwrap().decode().unwrap();
    let data = &error["data"];
    assert_eq!((&data["may_have_run"], &data["size"]), (&json!(false), &json!(size)));
    let answer = stack.request(request("ping")).await.unwrap();
    assert_eq!(answer.id(), Some(Id::number(7)));
    let error: Value = answer.decode().unwrap();
    let data = &error["data"];
    assert_eq!((&data["kind"], &data["limit"]), (&json!("too_large"), &json!(500)));
    assert_eq!(
        (&data["may_have_run"], &data["retryable"]),
        (&json!(true), &json!(false))
    );
}

#[tokio::test]
async fn call_during_a_shutdown_is_answered_for() {
    let (drain, handle) = DrainLayer::pair();
    let mut stack = ServiceBuilder::new()
        .layer(RespondLayer::new())
        .layer(drain)
        .service(handler_fn(|_, peer: Peer| async move {
            peer.notify(notification(1)).await?;
            pending::<Result<Message, BoxError>>().await
        }));
    let mut running = Box::pin(call(&mut stack, request("ping")).await.unwrap());
    next(&mut running).await.unwrap().unwrap();
    handle.stop();
    let error: Value = stack.request(request("ping")).await.unwrap().decode().unwrap();
    assert_eq!(
        error["data"],
        json!({"origin": "transport", "kind": "draining", "may_have_run": false, "retryable": true})
    );
    handle.interrupt();
    let Some(Ok(Item::Response(message))) = next(&mut running).await else {
        panic!("no response");
    };
    let error: Value = message.decode().unwrap();
    assert_eq!(error["data"]["kind"], "interrupted");
}

#[cfg(feature = "mux")]
mod over_a_wire {
    use super::*;
    use crate::wire::{Peer, peer};
    use crate::within;
    use tower_transport::exchange::respond::Respond;
    use tower_transport::mux::Mux;

    fn stack(peer: &Peer) -> Respond<tower_transport::mux::Connection> {
        Respond::new(peer.connection.clone())
    }

    #[tokio::test(start_paused = true)]
    async fn end_of_the_connection_says_what_was_sent_and_hides_why() {
        let mut peer = peer();
        let mut sent = stack(&peer);
        let mut unsent = stack(&peer);
        let sent = sent.ready().await.unwrap().call(Call::new(request("ping")));
        let unsent = unsent.ready().await.unwrap();
        let mut sent = task::spawn(sent);
        assert_pending!(sent.poll());
        peer.read_line().await;
        peer.hang_up().await;
        let reply = sent.await.unwrap();
        let (error, _) = only_error(reply).await;
        assert_eq!(
            error,
            json!({"code": -32603, "message": "the connection has ended before the answer came, the request may have run",
                "data": {"origin": "transport", "kind": "disconnected", "may_have_run": true, "retryable": false}})
        );
        let reply = unsent.call(Call::new(request("ping"))).await.unwrap();
        let (error, _) = only_error(reply).await;
        assert_eq!(
            error,
            json!({"code": -32603, "message": "the connection has ended, the request was never sent",
                "data": {"origin": "transport", "kind": "disconnected", "may_have_run": false, "retryable": true}})
        );
        // Dead for good.
        assert!(stack(&peer).ready().await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn why_a_connection_has_ended_is_shown_where_that_is_on() {
        let mut peer = peer();
        let mut stack = ServiceBuilder::new()
            .layer(RespondLayer::new().show_causes(true))
            .service(peer.connection.clone());
        let unsent = stack.ready().await.unwrap();
        peer.hang_up().await;
        let (error, _) = only_error(unsent.call(Call::new(request("ping"))).await.unwrap()).await;
        assert!(
            error["message"]
                .as_str()
                .unwrap()
                .contains("the peer closed the connection"),
            "{error}"
        );
        assert_eq!(error["data"]["kind"], "disconnected");
    }

    #[tokio::test(start_paused = true)]
    async fn message_over_the_limit_says_whether_it_went_out() {
        let mut peer = peer();
        let big = Message::request(&Id::number(7), "ping", &"x".repeat(Peer::LIMIT)).unwrap();
        let size = big.wire_len();
        let (error, _) = only_error(call(&mut stack(&peer), big).await.unwrap()).await;
        assert_eq!(
            error["data"],
            json!({"origin": "transport", "kind": "too_large", "limit": Peer::LIMIT, "size": size,
                "may_have_run": false, "retryable": false})
        );

        let mut stack = stack(&peer);
        let mut sent = task::spawn(stack.ready().await.unwrap().call(Call::new(request("ping"))));
        assert_pending!(sent.poll());
        let id = peer.read_line().await["id"].clone();
        peer.write_line(&json!({"jsonrpc": "2.0", "id": id, "result": "x".repeat(Peer::LIMIT)}))
            .await;
        let (error, _) = only_error(sent.await.unwrap()).await;
        let data = &error["data"];
        assert_eq!(
            (&data["kind"], &data["limit"]),
            (&json!("too_large"), &json!(Peer::LIMIT))
        );
        assert_eq!(
            (&data["may_have_run"], &data["retryable"]),
            (&json!(true), &json!(false))
        );
        assert!(data["size"].as_u64().unwrap() > Peer::LIMIT as u64, "{data}");
    }

    #[tokio::test(start_paused = true)]
    async fn call_that_its_peer_refuses_to_finish_or_that_no_wire_takes_is_answered_for() {
        let peer = peer();
        let ambiguous =
            r#"{"jsonrpc":"2.0","id":7,"method":"x","params":{"_meta":{"progressToken":1,"progressToken":2}}}"#;
        let message = Message::parse(ambiguous.into()).unwrap();
        let (error, _) = only_error(call(&mut stack(&peer), message).await.unwrap()).await;
        assert_eq!(
            error["data"],
            json!({"origin": "transport", "kind": "refused", "may_have_run": false, "retryable": false})
        );
    }

    #[tokio::test(start_paused = true)]
    async fn mounted_on_a_wire_it_answers_for_the_handler() {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let stack = Respond::new(unary(|_| async { Err::<Option<Message>, _>(Broken("secret")) }));
        let (read, write) = tokio::io::split(theirs);
        let (_served, driver) = Mux::new().serve(read, write, stack);
        tokio::spawn(driver);
        let (read, write) = tokio::io::split(ours);
        let (mut connection, driver) = Mux::new().connect(read, write);
        tokio::spawn(driver);
        // A notification that fails is passed over; what comes after it is served.
        connection.notify(notification(1)).await.unwrap();
        let answer = within(connection.request(request("ping"))).await.unwrap();
        assert_eq!(answer.id(), Some(Id::number(7)));
        let error: Value = answer.decode().unwrap();
        assert_eq!(
            (&error["message"], &error["data"]["kind"]),
            (&json!("internal error"), &json!("internal"))
        );
    }
}

#[cfg(feature = "layers")]
#[test]
fn traces_and_metrics_use_the_same_words() {
    use tower_transport::exchange::respond::kind_of;
    use tower_transport::layers::observe;

    let errors: [BoxError; 9] = [
        Elapsed::new(Phase::Idle, Duration::from_secs(1)).into(),
        Overloaded::new(64, 64, None).into(),
        BytesOverloaded::new(64, 64, 1, None).into(),
        NeverFits::new(64, 65).into(),
        TooLarge::new(Direction::Request, 1, 2).into(),
        TooManyItems::new(1).into(),
        Panicked::new(Place::Future, None).into(),
        Draining::new(1).into(),
        Interrupted::new(1).into(),
    ];
    for error in errors {
        assert_eq!(kind_of(&*error), observe::kind_of(&*error), "{error}");
    }
    assert_eq!(kind_of(&*BoxError::from("some other")), "internal");
}
