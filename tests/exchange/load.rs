use super::{answer, call, next, notification, request};
use futures_core::Stream;
use std::future::pending;
use tower::load::{CompleteOnResponse, Load, PendingRequests};
use tower_transport::BoxError;
use tower_transport::exchange::{BoxReply, CompleteOnLastItem, Peer, Reply, handler_fn, service_fn, unary};
use tower_transport::message::Message;

fn load<S, C>(counted: &PendingRequests<S, C>) -> String {
    format!("{:?}", counted.load())
}

fn idle() -> String {
    load(&PendingRequests::new((), CompleteOnResponse::default()))
}

#[tokio::test]
async fn call_counts_until_its_last_item_is_out_though_the_reply_is_kept() {
    let handler = handler_fn(|_, peer: Peer| async move {
        peer.notify(notification(1)).await?;
        Ok::<_, BoxError>(answer("done"))
    });
    let mut counted = PendingRequests::new(handler, CompleteOnLastItem::new());
    assert_eq!(load(&counted), idle());
    let mut reply = call(&mut counted, request("ping")).await.unwrap();
    assert_ne!(load(&counted), idle());
    assert_eq!(reply.size_hint(), (2, Some(2)));
    next(&mut reply).await.unwrap().unwrap();
    assert_ne!(load(&counted), idle(), "the answer is still to come");
    next(&mut reply).await.unwrap().unwrap();
    assert_eq!(load(&counted), idle(), "the answer is out");
    assert!(next(&mut reply).await.is_none());
}

#[tokio::test]
async fn call_that_fails_halfway_counts_no_more() {
    let handler = handler_fn(|_, peer: Peer| async move {
        peer.notify(notification(1)).await?;
        Err::<Message, BoxError>("halfway".into())
    });
    let mut counted = PendingRequests::new(handler, CompleteOnLastItem::new());
    let mut reply = call(&mut counted, request("ping")).await.unwrap();
    next(&mut reply).await.unwrap().unwrap();
    assert_ne!(load(&counted), idle());
    next(&mut reply).await.unwrap().unwrap_err();
    assert_eq!(load(&counted), idle());
}

#[tokio::test]
async fn error_that_a_stream_without_a_hint_ends_with_is_the_end_of_the_load() {
    let mut counted = PendingRequests::new(
        service_fn(|_| async {
            let fails: BoxReply = Box::pin(Unhinted(true));
            Ok::<_, BoxError>(Reply::stream(fails))
        }),
        CompleteOnLastItem::new(),
    );
    let mut reply = call(&mut counted, request("ping")).await.unwrap();
    assert_ne!(load(&counted), idle());
    next(&mut reply).await.unwrap().unwrap_err();
    assert_eq!(load(&counted), idle());
}

/// Fails once, and never tells how much is left.
struct Unhinted(bool);

impl Stream for Unhinted {
    type Item = Result<tower_transport::exchange::Item, BoxError>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        let fails = std::mem::take(&mut self.0);
        std::task::Poll::Ready(fails.then(|| Err("halfway".into())))
    }
}

#[tokio::test]
async fn dropped_reply_counts_no_more() {
    let handler = handler_fn(|_, peer: Peer| async move {
        peer.notify(notification(1)).await?;
        pending::<Result<Message, BoxError>>().await
    });
    let mut counted = PendingRequests::new(handler, CompleteOnLastItem::new());
    let reply = call(&mut counted, request("ping")).await.unwrap();
    assert_ne!(load(&counted), idle());
    drop(reply);
    assert_eq!(load(&counted), idle());
}

#[tokio::test]
async fn call_that_fails_and_a_reply_that_is_empty_count_for_nothing() {
    let fails = unary(|_| async { Err::<Message, BoxError>("refused".into()) });
    let mut counted = PendingRequests::new(fails, CompleteOnLastItem::new());
    assert!(call(&mut counted, request("ping")).await.is_err());
    assert_eq!(load(&counted), idle());

    let takes = unary(|_| async { Ok::<_, BoxError>(None) });
    let mut counted = PendingRequests::new(takes, CompleteOnLastItem::new());
    let kept = call(&mut counted, notification(1)).await.unwrap();
    assert_eq!(load(&counted), idle());
    drop(kept);
}
