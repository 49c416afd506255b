use super::{Drops, answer, assert_internal_error, call, next, notification, request, rest};
use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio_test::{assert_pending, task};
use tower::Service;
use tower_transport::BoxError;
use tower_transport::exchange::{Call, Item, unary};
use tower_transport::message::{Id, Message};

#[tokio::test]
async fn answer_is_there_with_the_call_future_and_has_the_id_of_its_request() {
    let mut echo = unary(|request: Message| async move { Ok::<_, Infallible>(answer(request.method())) });
    let reply = call(&mut echo, request("ping")).await.unwrap();
    assert!(reply.first().is_some_and(Item::is_response));
    assert_eq!(rest(reply).await, [r#"response "ping" to 7"#]);
}

#[tokio::test]
async fn id_keeps_its_bytes() {
    let mut service = unary(|_| async { Ok::<_, Infallible>(answer(1)) });
    let id = Id::from_raw(b"1.0").unwrap();
    let request = Message::request(&id, "ping", &()).unwrap();
    let mut reply = call(&mut service, request).await.unwrap();
    let Some(Ok(Item::Response(message))) = next(&mut reply).await else {
        panic!("no response");
    };
    assert_eq!(message.id_bytes(), Some(&b"1.0"[..]));
}

#[tokio::test]
async fn request_without_an_answer_is_answered_with_an_error() {
    let mut service = unary(|_| async { Ok::<_, Infallible>(None) });
    let mut reply = call(&mut service, request("ping")).await.unwrap();
    let Some(Ok(Item::Response(message))) = next(&mut reply).await else {
        panic!("no response");
    };
    assert_eq!(message.id(), Some(Id::number(7)));
    assert_internal_error(&message, "no answer");
}

#[tokio::test]
async fn notification_reaches_the_function_and_its_reply_is_empty_whatever_that_returns() {
    let seen = Arc::new(AtomicUsize::new(0));
    let mut service = unary(|_| {
        seen.fetch_add(1, Ordering::SeqCst);
        async { Ok::<_, Infallible>(answer("nobody asked")) }
    });
    let reply = call(&mut service, notification(1)).await.unwrap();
    assert_eq!(rest(reply).await, [""; 0]);
    assert_eq!(seen.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn listening_gets_an_empty_reply_and_does_not_call_the_function() {
    let mut service = unary(|_| async { panic!("called") as Result<Message, Infallible> });
    let reply = service.call(Call::listen()).await.unwrap();
    assert_eq!(rest(reply).await, [""; 0]);
}

#[tokio::test]
async fn error_of_the_function_fails_the_call() {
    let mut service = unary(|_| async { Err::<Message, BoxError>("out of order".into()) });
    let error = call(&mut service, request("ping")).await.unwrap_err();
    assert_eq!(error.to_string(), "out of order");
}

#[tokio::test]
async fn dropping_the_call_future_drops_the_functions_future() {
    let drops = Drops::default();
    let mut service = unary(|_| {
        let watch = drops.watch();
        async move {
            let _watch = watch;
            pending::<Result<Message, Infallible>>().await
        }
    });
    let mut future = task::spawn(service.call(Call::new(request("ping"))));
    assert_pending!(future.poll());
    assert_eq!(drops.count(), 0);
    drop(future);
    assert_eq!(drops.count(), 1);
}
