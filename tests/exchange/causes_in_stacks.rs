//! What `RespondLayer` says of the errors of real stacks.

use super::respond::only_error;
use super::{answer, call, next, notification, request};
use serde_json::{Value, json};
use std::future::{pending, ready};
use std::num::NonZeroUsize;
use std::time::Duration;
use tokio_test::{assert_pending, task};
use tower::{Service, ServiceBuilder, ServiceExt};
use tower_transport::BoxError;
use tower_transport::exchange::respond::RespondLayer;
use tower_transport::exchange::{Call, ExchangeExt, Item, Peer, handler_fn, unary};
use tower_transport::layers::catch_panic::CatchPanicLayer;
use tower_transport::layers::drain::DrainLayer;
use tower_transport::layers::in_flight::InFlightLayer;
use tower_transport::layers::max_message_size::MaxMessageSizeLayer;
use tower_transport::layers::timeout::TimeoutLayer;
use tower_transport::message::{Id, Message};

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
    use crate::respond::Broken;
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
