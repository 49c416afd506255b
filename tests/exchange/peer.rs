use super::{Drops, answer, assert_internal_error, call, next, notification, request, rest, within};
use std::future::pending;
use tokio::sync::oneshot;
use tokio_test::{assert_pending, assert_ready, task};
use tower::Service;
use tower_transport::BoxError;
use tower_transport::exchange::{
    BoxExchange, BoxReply, Call, Gone, Item, Peer, PeerGone, Refusal, Responder, handler_fn,
};
use tower_transport::message::{Id, Message, code};

/// A handler that asks once, and answers with what it was answered.
fn asks_once() -> BoxExchange {
    BoxExchange::new(handler_fn(|_, peer: Peer| async move {
        Ok::<_, BoxError>(peer.request(request("ask")).await?)
    }))
}

async fn asked(reply: &mut BoxReply) -> Responder {
    match next(reply).await.unwrap().unwrap() {
        Item::Request(message, responder) => {
            assert_eq!(message.method().as_deref(), Some("ask"));
            responder
        }
        other => panic!("no request: {other:?}"),
    }
}

async fn response(mut reply: BoxReply) -> Message {
    match next(&mut reply).await.unwrap().unwrap() {
        Item::Response(message) => message,
        other => panic!("no response: {other:?}"),
    }
}

#[tokio::test]
async fn answer_reaches_the_asker() {
    let mut reply = call(&mut asks_once(), request("ping")).await.unwrap();
    asked(&mut reply).await.respond(answer("yes")).unwrap();
    assert_eq!(rest(reply).await, [r#"response "yes" to 7"#]);
}

#[tokio::test]
async fn error_answer_reaches_the_asker_as_an_answer() {
    let mut reply = call(&mut asks_once(), request("ping")).await.unwrap();
    asked(&mut reply)
        .await
        .refuse(code::INVALID_PARAMS, "not that")
        .unwrap();
    let error = super::error_of(&response(reply).await);
    assert_eq!((error.code, &*error.message), (code::INVALID_PARAMS, "not that"));
}

#[tokio::test]
async fn dropped_responder_answers_with_an_error() {
    let mut reply = call(&mut asks_once(), request("ping")).await.unwrap();
    drop(asked(&mut reply).await);
    assert_internal_error(&response(reply).await, "unanswered");
}

#[tokio::test]
async fn answer_that_is_none_is_not_taken_and_the_asker_gets_an_error() {
    let mut reply = call(&mut asks_once(), request("ping")).await.unwrap();
    let refusal = asked(&mut reply).await.respond(request("ask back")).unwrap_err();
    assert!(matches!(refusal, Refusal::NotAnAnswer), "{refusal}");
    assert_internal_error(&response(reply).await, "unanswered");
}

#[tokio::test]
async fn requests_and_notifications_keep_their_order() {
    let mut service = handler_fn(|_, peer: Peer| async move {
        peer.notify(notification(1)).await?;
        let (first, second) = tokio::join!(peer.request(request("a")), peer.request(request("b")));
        peer.notify(notification([first?.payload(), second?.payload()])).await?;
        Ok::<_, BoxError>(answer("done"))
    });
    let mut reply = call(&mut service, request("ping")).await.unwrap();
    assert_eq!(
        super::short(&next(&mut reply).await.unwrap().unwrap()),
        "notification 1"
    );
    let mut responders = Vec::new();
    for method in ["a", "b"] {
        let Some(Ok(Item::Request(message, responder))) = next(&mut reply).await else {
            panic!("no request");
        };
        assert_eq!(message.method().as_deref(), Some(method));
        responders.push(responder);
    }
    for (responder, n) in responders.into_iter().rev().zip([2, 1]) {
        responder.respond(answer(n)).unwrap();
    }
    assert_eq!(
        rest(reply).await,
        [r#"notification ["1","2"]"#, r#"response "done" to 7"#]
    );
}

#[tokio::test]
async fn dropping_the_asking_future_closes_the_responder() {
    let (give_up, given_up) = oneshot::channel::<()>();
    let mut given_up = Some(given_up);
    let mut service = handler_fn(move |_, peer: Peer| {
        let given_up = given_up.take().unwrap();
        async move {
            tokio::select! {
                _ = peer.request(request("ask")) => unreachable!("nobody answers"),
                _ = given_up => {}
            }
            pending::<Result<Message, BoxError>>().await
        }
    });
    let mut reply: BoxReply = Box::pin(call(&mut service, request("ping")).await.unwrap());
    let mut responder = asked(&mut reply).await;
    {
        let mut closed = task::spawn(responder.closed());
        assert_pending!(closed.poll());
        give_up.send(()).unwrap();
        assert_pending!(task::spawn(next(&mut reply)).poll());
        assert!(closed.is_woken());
        assert_ready!(closed.poll());
    }
    assert!(matches!(responder.notify(notification(1)).await, Err(Refusal::Gone)));
    assert!(matches!(responder.respond(answer(1)), Err(Refusal::Gone)));
}

#[tokio::test]
async fn asker_on_another_task_hears_that_the_exchange_has_gone() {
    let (give, given) = oneshot::channel::<Peer>();
    let mut give = Some(give);
    let drops = Drops::default();
    let mut service = handler_fn(|_, peer: Peer| {
        let (give, watch) = (give.take().unwrap(), drops.watch());
        async move {
            let _watch = watch;
            give.send(peer).unwrap();
            pending::<Result<Message, BoxError>>().await
        }
    });
    let mut future = task::spawn(service.call(Call::new(request("ping"))));
    assert_pending!(future.poll());
    let peer = given.await.unwrap();
    let mut asking = task::spawn(peer.request(request("ask")));
    assert_pending!(asking.poll());
    let reply = assert_ready!(future.poll()).unwrap();
    let Some(Item::Request(..)) = reply.first() else {
        panic!("no request");
    };
    drop(reply);
    assert_eq!(drops.count(), 1);
    assert!(asking.is_woken());
    // The request was dropped unanswered with the reply, and an answer that is there counts before the end.
    assert_internal_error(&assert_ready!(asking.poll()).unwrap(), "unanswered");
    assert!(peer.request(request("ask")).await.is_err());
    assert!(peer.notify(notification(1)).await.is_err());
}

#[tokio::test]
async fn asker_whose_request_is_held_hears_that_the_exchange_has_gone() {
    let (give, given) = oneshot::channel::<Peer>();
    let mut give = Some(give);
    let mut service = BoxExchange::new(handler_fn(move |_, peer: Peer| {
        let give = give.take().unwrap();
        async move {
            peer.notify(notification(1)).await?;
            give.send(peer).unwrap();
            pending::<Result<Message, BoxError>>().await
        }
    }));
    let mut reply = call(&mut service, request("ping")).await.unwrap();
    next(&mut reply).await.unwrap().unwrap();
    let peer = given.await.unwrap();
    let mut asking = task::spawn(peer.request(request("ask")));
    assert_pending!(asking.poll());
    let mut responder = asked(&mut reply).await;
    drop(reply);
    assert!(asking.is_woken());
    let gone = assert_ready!(asking.poll()).unwrap_err();
    assert!(gone.to_string().contains("does not read"), "{gone}");
    drop(asking);
    within(responder.closed()).await;
    assert!(matches!(responder.respond(answer(1)), Err(Refusal::Gone)));
}

#[tokio::test]
async fn notifications_about_the_request_are_taken_and_dropped() {
    let mut reply = call(&mut asks_once(), request("ping")).await.unwrap();
    let mut responder = asked(&mut reply).await;
    responder.notify(notification(1)).await.unwrap();
    responder.respond(answer("yes")).unwrap();
    assert_eq!(rest(reply).await, [r#"response "yes" to 7"#]);
}

#[tokio::test]
async fn id_of_the_answer_is_of_no_account() {
    let mut reply = call(&mut asks_once(), request("ping")).await.unwrap();
    let answer = Message::response(&Id::number(99), &"yes").unwrap();
    asked(&mut reply).await.respond(answer).unwrap();
    assert_eq!(rest(reply).await, [r#"response "yes" to 7"#]);
}

#[test]
fn conditions_are_errors() {
    fn is_error<E: std::error::Error + Send + Sync + 'static>() {}
    is_error::<PeerGone>();
    is_error::<Gone>();
    is_error::<Refusal>();
}
