use super::{Drops, answer, assert_internal_error, call, next, notification, request, rest, short};
use futures_core::Stream;
use std::future::pending;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use tokio_test::{assert_pending, assert_ready, task};
use tower::Service;
use tower_transport::BoxError;
use tower_transport::exchange::{BoxExchange, BoxReply, Call, Item, Peer, Reply, handler_fn, service_fn};
use tower_transport::message::{Id, Message};

type Answer = Result<Option<Message>, BoxError>;

#[tokio::test]
async fn call_future_resolves_with_the_answer_when_nothing_comes_before_it() {
    let mut service = handler_fn(|_, _| async { Ok::<_, BoxError>(answer("done")) });
    let reply = call(&mut service, request("ping")).await.unwrap();
    assert!(reply.first().is_some_and(Item::is_response));
    assert_eq!(reply.size_hint(), (1, Some(1)));
    assert_eq!(rest(reply).await, [r#"response "done" to 7"#]);
}

#[tokio::test]
async fn call_future_resolves_with_the_first_notification_while_the_function_goes_on() {
    let mut service = handler_fn(|_, peer: Peer| async move {
        peer.notify(notification(1)).await?;
        peer.notify(notification(2)).await?;
        tokio::task::yield_now().await;
        peer.notify(notification(3)).await?;
        Ok::<_, BoxError>(answer("done"))
    });
    let reply = call(&mut service, request("ping")).await.unwrap();
    assert_eq!(short(reply.first().unwrap()), "notification 1");
    assert_eq!(
        rest(reply).await,
        [
            "notification 1",
            "notification 2",
            "notification 3",
            r#"response "done" to 7"#
        ]
    );
}

#[tokio::test]
async fn call_future_waits_until_there_is_an_item() {
    let (go, gone) = tokio::sync::oneshot::channel::<()>();
    let mut gone = Some(gone);
    let mut service = handler_fn(move |_, _| {
        let gone = gone.take().unwrap();
        async move {
            gone.await?;
            Ok::<_, BoxError>(answer("done"))
        }
    });
    let mut future = task::spawn(service.call(Call::new(request("ping"))));
    assert_pending!(future.poll());
    go.send(()).unwrap();
    assert!(future.is_woken());
    let reply = assert_ready!(future.poll()).unwrap();
    assert!(reply.first().is_some_and(Item::is_response));
}

#[tokio::test]
async fn request_without_an_answer_is_answered_with_an_error() {
    let mut service = handler_fn(|_, _| async { Answer::Ok(None) });
    let mut reply = call(&mut service, request("ping")).await.unwrap();
    let Some(Ok(Item::Response(message))) = next(&mut reply).await else {
        panic!("no response");
    };
    assert_eq!(message.id(), Some(Id::number(7)));
    assert_internal_error(&message, "no answer");
}

#[tokio::test]
async fn function_that_lets_go_of_its_peer_still_answers_later() {
    let mut service = handler_fn(|_, peer: Peer| async move {
        drop(peer);
        tokio::task::yield_now().await;
        Ok::<_, BoxError>(answer("done"))
    });
    let reply = call(&mut service, request("ping")).await.unwrap();
    assert_eq!(rest(reply).await, [r#"response "done" to 7"#]);
}

#[tokio::test]
async fn nothing_follows_the_response_though_a_peer_was_left_behind() {
    let left: Arc<Mutex<Option<Peer>>> = Arc::default();
    let kept = left.clone();
    let mut service = handler_fn(move |_, peer: Peer| {
        *kept.lock().unwrap() = Some(peer.clone());
        async move {
            peer.notify(notification(1)).await?;
            Ok::<_, BoxError>(answer("done"))
        }
    });
    let mut reply = call(&mut service, request("ping")).await.unwrap();
    assert_eq!(short(&next(&mut reply).await.unwrap().unwrap()), "notification 1");
    assert_eq!(reply.size_hint(), (1, Some(1)));
    let peer = left.lock().unwrap().take().unwrap();
    assert!(peer.notify(notification(2)).await.is_err(), "too late");
    assert_eq!(
        short(&next(&mut reply).await.unwrap().unwrap()),
        r#"response "done" to 7"#
    );
    assert_eq!(reply.size_hint(), (0, Some(0)));
    assert!(peer.request(request("ask")).await.is_err());
    assert!(next(&mut reply).await.is_none());
}

// PITFALLS 23
#[tokio::test]
async fn response_does_not_overtake_a_notification_when_the_budget_of_the_task_is_spent() {
    let mut service = handler_fn(|_, peer: Peer| async move {
        for n in 1..=3 {
            peer.notify(notification(n)).await?;
        }
        let mut spending = task::spawn(async {
            loop {
                tokio::task::coop::consume_budget().await;
            }
        });
        let _: Poll<()> = spending.poll();
        Ok::<_, BoxError>(answer("done"))
    });
    let reply = call(&mut service, request("ping")).await.unwrap();
    assert_eq!(
        rest(reply).await,
        [
            "notification 1",
            "notification 2",
            "notification 3",
            r#"response "done" to 7"#
        ]
    );
}

#[tokio::test]
async fn error_of_the_function_fails_the_call_when_nothing_was_sent_before_it() {
    let mut service = handler_fn(|_, _| async { Answer::Err("out of order".into()) });
    let error = call(&mut service, request("ping")).await.unwrap_err();
    assert_eq!(error.to_string(), "out of order");
}

#[tokio::test]
async fn error_of_the_function_is_the_last_item_after_all_that_was_sent() {
    let mut service = handler_fn(|_, peer: Peer| async move {
        peer.notify(notification(1)).await?;
        peer.notify(notification(2)).await?;
        Answer::Err("out of order".into())
    });
    let reply = call(&mut service, request("ping")).await.unwrap();
    assert_eq!(
        rest(reply).await,
        ["notification 1", "notification 2", "failed: out of order"]
    );
}

fn pending_after_one_notification(drops: &Drops) -> BoxExchange {
    let drops = drops.clone();
    BoxExchange::new(handler_fn(move |_, peer: Peer| {
        let watch = drops.watch();
        async move {
            let _watch = watch;
            tokio::task::yield_now().await;
            peer.notify(notification(1)).await?;
            pending::<Answer>().await
        }
    }))
}

#[tokio::test]
async fn dropping_the_call_future_drops_the_functions_future() {
    let drops = Drops::default();
    let mut service = pending_after_one_notification(&drops);
    let mut future = task::spawn(service.call(Call::new(request("ping"))));
    assert!(future.poll().is_pending());
    assert_eq!(drops.count(), 0);
    drop(future);
    assert_eq!(drops.count(), 1);
}

#[tokio::test]
async fn dropping_the_reply_drops_the_functions_future() {
    let drops = Drops::default();
    let mut service = pending_after_one_notification(&drops);
    let mut reply = call(&mut service, request("ping")).await.unwrap();
    next(&mut reply).await.unwrap().unwrap();
    assert_eq!(drops.count(), 0);
    drop(reply);
    assert_eq!(drops.count(), 1);
}

#[tokio::test]
async fn who_does_not_read_holds_the_function_up() {
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = sent.clone();
    let mut service = handler_fn(move |_, peer: Peer| {
        let counter = counter.clone();
        async move {
            for n in 1..=1_000 {
                peer.notify(notification(n)).await?;
                counter.store(n, Ordering::SeqCst);
            }
            Ok::<_, BoxError>(answer("done"))
        }
    });
    let mut reply = call(&mut service, request("ping")).await.unwrap();
    assert_eq!(sent.load(Ordering::SeqCst), 16, "the queue is full");
    for _ in 0..100 {
        next(&mut reply).await.unwrap().unwrap();
    }
    assert!(sent.load(Ordering::SeqCst) <= 100 + 16);
    let left = rest(reply).await;
    assert_eq!(left.len(), 901);
    assert_eq!(left[899..], ["notification 1000", r#"response "done" to 7"#]);
}

#[tokio::test]
async fn notification_is_accepted_at_once_and_served_as_its_empty_reply_is_read() {
    let served = Arc::new(AtomicUsize::new(0));
    let counter = served.clone();
    let mut service = handler_fn(move |_, peer: Peer| {
        let counter = counter.clone();
        async move {
            tokio::task::yield_now().await;
            assert!(peer.notify(notification(1)).await.is_err(), "nobody asked");
            counter.fetch_add(1, Ordering::SeqCst);
            Ok::<_, BoxError>(answer("nobody asked"))
        }
    });
    let mut future = task::spawn(service.call(Call::new(notification(1))));
    let reply = assert_ready!(future.poll()).unwrap();
    assert_eq!(rest(reply).await, [""; 0]);
    assert_eq!(served.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn error_of_a_notification_is_the_only_item_of_its_reply() {
    let mut service = handler_fn(|_, _| async { Answer::Err("out of order".into()) });
    let reply = call(&mut service, notification(1)).await.unwrap();
    assert_eq!(rest(reply).await, ["failed: out of order"]);
}

#[tokio::test]
async fn listening_is_open_at_once_and_has_items_and_no_response() {
    let mut service = handler_fn(|call: Call, peer: Peer| async move {
        assert!(call.message().is_none());
        tokio::task::yield_now().await;
        peer.notify(notification(1)).await?;
        peer.notify(notification(2)).await?;
        Ok::<_, BoxError>(answer("nobody asked"))
    });
    let mut future = task::spawn(service.call(Call::listen()));
    let reply = assert_ready!(future.poll()).unwrap();
    assert_eq!(reply.size_hint(), (0, None));
    assert_eq!(rest(reply).await, ["notification 1", "notification 2"]);
}

#[tokio::test]
async fn service_fn_gives_the_reply_that_its_function_makes() {
    let mut service = service_fn(|call: Call| async move {
        let first = Item::Notification(notification(1));
        let response = answer(2).with_id(call.message().unwrap().id().unwrap());
        let rest = Reply::<BoxReply>::once(Item::Response(response));
        Ok::<_, BoxError>(Reply::first_of(first, rest))
    });
    let reply = call(&mut service, request("ping")).await.unwrap();
    assert_eq!(rest(reply).await, ["notification 1", "response 2 to 7"]);
}
