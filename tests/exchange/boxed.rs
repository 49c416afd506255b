use super::{answer, call, notification, request, rest};
use futures_core::Stream;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_test::{assert_pending, assert_ready, assert_ready_ok, task};
use tower::limit::ConcurrencyLimit;
use tower::{Service, ServiceExt};
use tower_transport::BoxError;
use tower_transport::exchange::{BoxCloneExchange, BoxExchange, Call, Item, Peer, handler_fn, unary};
use tower_transport::message::Message;

#[tokio::test]
async fn erased_exchange_replies_as_its_inner_one_does_and_forwards_the_hint() {
    let handler = || {
        handler_fn(|_, peer: Peer| async move {
            peer.notify(notification(1)).await?;
            Ok::<_, BoxError>(answer("done"))
        })
    };
    let replies = [
        call(&mut BoxExchange::new(handler()), request("ping")).await.unwrap(),
        call(&mut BoxCloneExchange::new(handler()), request("ping"))
            .await
            .unwrap(),
    ];
    for mut reply in replies {
        assert_eq!(reply.size_hint(), (2, Some(2)));
        super::next(&mut reply).await.unwrap().unwrap();
        assert_eq!(reply.size_hint(), (1, Some(1)));
        super::next(&mut reply).await.unwrap().unwrap();
        assert_eq!(reply.size_hint(), (0, Some(0)));
        assert!(super::next(&mut reply).await.is_none());
    }
}

#[tokio::test]
async fn errors_keep_their_type() {
    #[derive(Debug, PartialEq)]
    struct OutOfOrder;
    impl std::fmt::Display for OutOfOrder {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("out of order")
        }
    }
    impl std::error::Error for OutOfOrder {}

    let mut fails = BoxExchange::new(unary(|_| async { Err::<Message, _>(OutOfOrder) }));
    let Err(error) = call(&mut fails, request("ping")).await else {
        panic!("answered");
    };
    assert_eq!(error.downcast_ref(), Some(&OutOfOrder));

    let mut fails_later = BoxCloneExchange::new(handler_fn(|_, peer: Peer| async move {
        peer.notify(notification(1)).await?;
        Err::<Message, BoxError>(OutOfOrder.into())
    }));
    let reply = call(&mut fails_later, request("ping")).await.unwrap();
    assert_eq!(rest(reply).await, ["notification 1", "failed: out of order"]);
}

#[tokio::test]
async fn clone_works_beside_its_original() {
    let echo = unary(|request: Message| async move { Ok::<_, BoxError>(answer(request.method())) });
    let mut original = BoxCloneExchange::new(echo);
    let mut clone = original.clone();
    let first = call(&mut original, request("a")).await.unwrap();
    let second = call(&mut clone, request("b")).await.unwrap();
    drop(original);
    assert_eq!(rest(second).await, [r#"response "b" to 7"#]);
    assert_eq!(rest(first).await, [r#"response "a" to 7"#]);
}

// PITFALLS 1
#[tokio::test]
async fn clone_of_a_ready_one_is_not_ready_and_a_dropped_one_gives_its_slot_back() {
    let limit = Arc::new(Semaphore::new(1));
    let handler = handler_fn(|_, _| async { Ok::<_, BoxError>(answer("done")) });
    let limited = ConcurrencyLimit::with_semaphore(handler, limit.clone());
    let mut original = task::spawn(BoxCloneExchange::new(limited));
    assert_ready_ok!(original.enter(|cx, mut service| service.poll_ready(cx)));
    assert_eq!(limit.available_permits(), 0);
    let mut clone = task::spawn(original.clone());
    assert_pending!(clone.enter(|cx, mut service| service.poll_ready(cx)));
    drop(original);
    assert!(clone.is_woken());
    assert_ready_ok!(clone.enter(|cx, mut service| service.poll_ready(cx)));
    let mut future = task::spawn(clone.call(Call::new(request("ping"))));
    let mut reply = assert_ready!(future.poll()).unwrap();
    assert!(
        super::next(&mut reply)
            .await
            .unwrap()
            .is_ok_and(|item| item.is_response())
    );
}

#[tokio::test]
async fn readiness_and_its_error_are_those_of_the_inner_exchange() {
    let (mock, mut handle) = tower_test::mock::pair::<Call, tower_transport::exchange::Reply>();
    let mut service = task::spawn(BoxExchange::new(mock));
    handle.allow(0);
    assert_pending!(service.enter(|cx, mut service| service.poll_ready(cx)));
    handle.send_error("dead");
    assert!(service.is_woken());
    let error = assert_ready!(service.enter(|cx, mut service| service.poll_ready(cx))).unwrap_err();
    assert_eq!(error.to_string(), "dead");
}

#[tokio::test]
async fn erased_exchange_listens() {
    let mut service = BoxExchange::new(handler_fn(|_, peer: Peer| async move {
        peer.notify(notification(1)).await?;
        Ok::<_, BoxError>(None)
    }));
    let reply = service.ready().await.unwrap().call(Call::listen()).await.unwrap();
    assert_eq!(rest(reply).await, ["notification 1"]);
}

#[test]
fn item_and_call_give_their_message() {
    assert!(Call::listen().message().is_none());
    let call = Call::from(request("ping"));
    assert_eq!(call.message().unwrap().method().as_deref(), Some("ping"));
    let item = Item::Notification(notification(1));
    assert!(!item.is_response());
    assert_eq!(item.message().payload(), Some("1"));
}
