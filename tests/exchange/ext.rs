use super::{Drops, answer, assert_internal_error, notification, request, within};
use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::oneshot;
use tokio_test::{assert_pending, assert_ready, task};
use tower::{ServiceBuilder, ServiceExt};
use tower_transport::BoxError;
use tower_transport::exchange::{
    BoxCloneExchange, BoxReply, Call, ExchangeExt, NoResponse, Peer, Reply, handler_fn, service_fn, unary,
};
use tower_transport::message::Message;

#[tokio::test]
async fn request_gives_the_response_and_drops_what_came_before_it() {
    let mut service = handler_fn(|_, peer: Peer| async move {
        peer.notify(notification(1)).await?;
        let refused = peer.request(request("ask")).await?;
        assert_internal_error(&refused, "unanswered");
        Ok::<_, BoxError>(answer("done"))
    });
    let response = within(service.request(request("ping"))).await.unwrap();
    assert_eq!(response.payload(), Some(r#""done""#));
    assert_eq!(response.id().unwrap().as_u64(), Some(super::ID));
}

#[tokio::test]
async fn request_readies_before_it_calls() {
    // Panics when it is called unready.
    let (mock, mut handle) = tower_test::mock::pair::<Call, Reply<BoxReply>>();
    let mut service = mock;
    let mut asking = task::spawn(service.request(request("ping")));
    handle.allow(0);
    assert_pending!(asking.poll());
    handle.allow(1);
    assert_pending!(asking.poll());
    let (call, send) = handle.next_request().await.unwrap();
    let id = call.message().unwrap().id().unwrap();
    send.send_response(Reply::once(tower_transport::exchange::Item::Response(
        answer("done").with_id(id),
    )));
    assert_eq!(assert_ready!(asking.poll()).unwrap().payload(), Some(r#""done""#));
}

#[tokio::test]
async fn error_message_is_a_response_not_an_error() {
    let mut service = unary(|_| async { Ok::<_, Infallible>(None) });
    assert_internal_error(&service.request(request("ping")).await.unwrap(), "no answer");
}

#[tokio::test]
async fn request_fails_with_the_error_of_readiness_of_the_call_and_of_an_item() {
    let (mut mock, mut handle) = tower_test::mock::pair::<Call, Reply<BoxReply>>();
    handle.send_error("dead");
    assert_eq!(mock.request(request("ping")).await.unwrap_err().to_string(), "dead");

    let mut fails = unary(|_| async { Err::<Message, BoxError>("refused".into()) });
    assert_eq!(fails.request(request("ping")).await.unwrap_err().to_string(), "refused");

    let mut fails_later = handler_fn(|_, peer: Peer| async move {
        peer.notify(notification(1)).await?;
        Err::<Message, BoxError>("halfway".into())
    });
    assert_eq!(
        fails_later.request(request("ping")).await.unwrap_err().to_string(),
        "halfway"
    );
}

#[tokio::test]
async fn request_whose_reply_ends_without_a_response_fails_and_says_so() {
    let mut service = service_fn(|_| async { Ok::<_, Infallible>(Reply::<BoxReply>::empty()) });
    let error = service.request(request("ping")).await.unwrap_err();
    assert!(error.is::<NoResponse>(), "{error}");
    assert!(error.to_string().contains("without a response"), "{error}");
}

#[tokio::test]
async fn dropping_the_request_drops_the_work_behind_it() {
    let drops = Drops::default();
    let mut service = handler_fn(|_, peer: Peer| {
        let watch = drops.watch();
        async move {
            let _watch = watch;
            peer.notify(notification(1)).await?;
            pending::<Result<Message, BoxError>>().await
        }
    });
    let mut asking = task::spawn(service.request(request("ping")));
    assert_pending!(asking.poll());
    assert_eq!(drops.count(), 0);
    drop(asking);
    assert_eq!(drops.count(), 1);
}

#[tokio::test]
async fn notify_has_the_notification_served() {
    let (tell, told) = oneshot::channel();
    let mut tell = Some(tell);
    let mut service = handler_fn(move |call: Call, _| {
        let tell = tell.take().unwrap();
        async move {
            tokio::task::yield_now().await;
            tell.send(call.message().unwrap().method().unwrap().into_owned())?;
            Ok::<_, BoxError>(None)
        }
    });
    service.notify(notification(1)).await.unwrap();
    assert_eq!(told.await.unwrap(), "notifications/message");
}

#[tokio::test]
async fn notify_fails_with_the_error_of_the_call_and_of_its_reply() {
    let mut fails = unary(|_| async { Err::<Message, BoxError>("refused".into()) });
    assert_eq!(fails.notify(notification(1)).await.unwrap_err().to_string(), "refused");
    let mut fails_later = handler_fn(|_, _| async { Err::<Message, BoxError>("halfway".into()) });
    assert_eq!(
        fails_later.notify(notification(1)).await.unwrap_err().to_string(),
        "halfway"
    );
}

#[tokio::test]
async fn stock_stack_is_an_exchange_that_can_be_asked_from_tasks() {
    let running = Arc::new(AtomicUsize::new(0));
    let counted = running.clone();
    let handler = handler_fn(move |_, _| {
        let running = counted.clone();
        async move {
            let now = running.fetch_add(1, Ordering::SeqCst) + 1;
            tokio::task::yield_now().await;
            running.fetch_sub(1, Ordering::SeqCst);
            Ok::<_, BoxError>(answer(now))
        }
    });
    let stack = ServiceBuilder::new()
        .buffer(4)
        .load_shed()
        .concurrency_limit(2)
        .service(handler);
    let calls: Vec<_> = (0..4)
        .map(|_| {
            let mut stack = BoxCloneExchange::new(stack.clone());
            tokio::spawn(async move { stack.request(request("ping")).await })
        })
        .collect();
    for call in calls {
        match call.await.unwrap() {
            Ok(answer) => assert!(matches!(answer.payload(), Some("1" | "2")), "{:?}", answer.payload()),
            Err(error) => assert!(error.is::<tower::load_shed::error::Overloaded>(), "{error}"),
        }
    }
    assert_eq!(running.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn stock_timeout_bounds_the_wait_for_the_first_item_only() {
    let handler = handler_fn(|call: Call, peer: Peer| async move {
        let streams = call.message().unwrap().method().as_deref() == Some("stream");
        if streams {
            peer.notify(notification(1)).await?;
        }
        tokio::time::sleep(std::time::Duration::from_secs(60)).await;
        Ok::<_, BoxError>(answer("done"))
    });
    let mut stack = ServiceBuilder::new()
        .timeout(std::time::Duration::from_secs(1))
        .service(handler);
    let error = stack.request(request("silent")).await.unwrap_err();
    assert!(error.is::<tower::timeout::error::Elapsed>(), "{error}");
    let response = stack.ready().await.unwrap().request(request("stream")).await.unwrap();
    assert_eq!(response.payload(), Some(r#""done""#));
}
