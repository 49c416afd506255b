//! Maximum message size over streams.

use futures_core::Stream;
use futures_util::StreamExt;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{pending, ready};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};
use tower::limit::ConcurrencyLimit;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_test::mock;
use tower_transport_layers::max_message_size::{
    By, Direction, Limited, Limits, MaxMessageSize, MaxMessageSizeLayer, ResponseFuture, TooLarge, TooManyItems,
};
use tower_transport_layers::{BoxError, WireSize, cause_ref};

/// A message of so many bytes, with a place to answer.
#[derive(Debug, Clone, Default)]
struct Message {
    size: usize,
    max_answer: Arc<AtomicUsize>,
}

impl WireSize for Message {
    fn wire_size(&self) -> usize {
        self.size
    }

    fn limit_answer(&mut self, max: usize) {
        self.max_answer.fetch_min(max, Ordering::SeqCst);
    }
}

fn message(size: usize) -> Message {
    Message {
        size,
        max_answer: Arc::new(AtomicUsize::new(usize::MAX)),
    }
}

/// A reply of items, errors among them, which then ends.
#[derive(Debug)]
struct Script {
    items: VecDeque<io::Result<Message>>,
    dropped: Arc<AtomicBool>,
}

fn script(sizes: impl IntoIterator<Item = usize>) -> Script {
    Script {
        items: sizes.into_iter().map(|size| Ok(message(size))).collect(),
        dropped: Arc::default(),
    }
}

impl Stream for Script {
    type Item = io::Result<Message>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.items.pop_front())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.items.len(), Some(self.items.len()))
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.dropped.store(true, Ordering::SeqCst);
    }
}

/// The reply to a small request.
async fn reply(layer: MaxMessageSizeLayer, script: Script) -> Pin<Box<Limited<Script>>> {
    let mut script = Some(script);
    let inner = service_fn(move |_: Message| ready(Ok::<_, Infallible>(script.take().expect("one call"))));
    Box::pin(layer.layer(inner).oneshot(message(0)).await.unwrap())
}

fn too_large(error: &BoxError) -> TooLarge {
    *cause_ref(error.as_ref()).expect("a TooLarge")
}

fn over(direction: Direction, limit: usize, size: usize) -> TooLarge {
    TooLarge::new(direction, limit, size)
}

// PITFALLS 28
#[test]
fn request_over_the_limit_fails_alone_and_the_inner_service_never_sees_it() {
    let (mut service, mut handle) = mock::spawn_layer::<Message, Script, _>(MaxMessageSizeLayer::new(10));
    handle.allow(1);
    assert_ready_ok!(service.poll_ready());
    let error = assert_ready_err!(task::spawn(service.call(message(11))).poll());
    assert_eq!(too_large(&error), over(Direction::Request, 10, 11));
    assert_pending!(handle.poll_request());
}

#[test]
fn request_at_the_limit_and_an_empty_one_pass() {
    let (mut service, mut handle) = mock::spawn_layer::<Message, Script, _>(MaxMessageSizeLayer::new(10));
    handle.allow(2);
    for size in [10, 0] {
        assert_ready_ok!(service.poll_ready());
        assert_pending!(task::spawn(service.call(message(size))).poll());
    }
}

#[test]
fn limit_of_zero_lets_through_empty_messages_alone() {
    let (mut service, _handle) = mock::spawn_layer::<Message, Script, _>(MaxMessageSizeLayer::new(0));
    assert_ready_ok!(service.poll_ready());
    let error = assert_ready_err!(task::spawn(service.call(message(1))).poll());
    assert_eq!(too_large(&error), over(Direction::Request, 0, 1));
    assert_ready_ok!(service.poll_ready());
    assert_pending!(task::spawn(service.call(message(0))).poll());
}

// PITFALLS 1: the mock panics when it is called unready.
#[test]
fn refused_call_leaves_the_inner_service_readied_for_the_next() {
    let (mut service, mut handle) = mock::spawn_layer::<Message, Script, _>(MaxMessageSizeLayer::new(10));
    handle.allow(1);
    assert_ready_ok!(service.poll_ready());
    assert_ready_err!(task::spawn(service.call(message(11))).poll());
    assert_ready_ok!(service.poll_ready(), "the slot is still there");
    assert_pending!(task::spawn(service.call(message(10))).poll());
    assert_pending!(service.poll_ready(), "and was taken once");
}

#[tokio::test]
async fn slot_of_a_refused_call_is_given_back_with_the_service() {
    let inner = ConcurrencyLimit::new(service_fn(|_: Message| pending::<io::Result<Script>>()), 1);
    let mut other = inner.clone();
    let mut service = MaxMessageSizeLayer::new(10).layer(inner);
    let refused = service.ready().await.unwrap().call(message(11));
    assert!(refused.await.is_err());
    let mut waiting = task::spawn(other.ready());
    assert_pending!(waiting.poll());
    drop(service);
    assert!(waiting.is_woken());
    assert_ready_ok!(waiting.poll());
}

#[tokio::test]
async fn item_over_the_limit_fails_its_reply_and_cancels_the_inner_one() {
    let script = script([10, 0, 11, 1]);
    let dropped = script.dropped.clone();
    let mut reply = reply(MaxMessageSizeLayer::new(10), script).await;
    assert_eq!(reply.next().await.unwrap().unwrap().size, 10);
    assert_eq!(reply.next().await.unwrap().unwrap().size, 0);
    assert!(!dropped.load(Ordering::SeqCst));
    let error = reply.next().await.unwrap().unwrap_err();
    assert_eq!(too_large(&error), over(Direction::Response, 10, 11));
    assert!(dropped.load(Ordering::SeqCst), "while the reply is still held");
    assert_eq!(reply.size_hint(), (0, Some(0)));
    assert!(reply.next().await.is_none());
}

#[tokio::test]
async fn items_are_measured_each_and_not_together() {
    let reply = reply(MaxMessageSizeLayer::new(10), script([10; 100])).await;
    assert_eq!(reply.filter(|item| ready(item.is_ok())).count().await, 100);
}

#[tokio::test]
async fn each_direction_has_its_own_limit() {
    let layer = MaxMessageSizeLayer::new(1).request(20).response(10);
    let inner = service_fn(|request: Message| ready(Ok::<_, Infallible>(script([request.size]))));
    let mut service = layer.layer(inner);
    let error = service.ready().await.unwrap().call(message(21)).await.unwrap_err();
    assert_eq!(too_large(&error), over(Direction::Request, 20, 21));
    let mut reply = pin!(service.ready().await.unwrap().call(message(20)).await.unwrap());
    let error = reply.next().await.unwrap().unwrap_err();
    assert_eq!(too_large(&error), over(Direction::Response, 10, 20));
    let mut reply = pin!(service.ready().await.unwrap().call(message(10)).await.unwrap());
    assert_eq!(reply.next().await.unwrap().unwrap().size, 10);
}

#[tokio::test]
async fn answers_through_an_item_are_held_to_the_limit_of_requests() {
    let layer = MaxMessageSizeLayer::new(10).request(20);
    let mut reply = reply(layer, script([1, 2])).await;
    for _ in 0..2 {
        let item = reply.next().await.unwrap().unwrap();
        assert_eq!(item.max_answer.load(Ordering::SeqCst), 20);
    }
}

// PITFALLS 32
#[tokio::test]
async fn reply_with_one_item_too_many_fails_after_as_many_as_are_allowed() {
    let script = script([0; 1000]);
    let dropped = script.dropped.clone();
    let mut reply = reply(MaxMessageSizeLayer::new(10).max_items(3), script).await;
    for _ in 0..3 {
        assert!(reply.next().await.unwrap().is_ok());
    }
    let error = reply.next().await.unwrap().unwrap_err();
    assert_eq!(cause_ref(error.as_ref()), Some(&TooManyItems::new(3)));
    assert!(dropped.load(Ordering::SeqCst));
    assert!(reply.next().await.is_none());
}

#[tokio::test]
async fn reply_with_as_many_items_as_allowed_ends_as_it_would() {
    let mut whole = reply(MaxMessageSizeLayer::new(10).max_items(3), script([1; 3])).await;
    for _ in 0..3 {
        assert!(whole.next().await.unwrap().is_ok());
    }
    assert!(whole.next().await.is_none());
    let mut empty = reply(MaxMessageSizeLayer::new(10).max_items(0), script([])).await;
    assert!(empty.next().await.is_none());
    let mut none = reply(MaxMessageSizeLayer::new(10).max_items(0), script([1])).await;
    let error = none.next().await.unwrap().unwrap_err();
    assert_eq!(cause_ref(error.as_ref()), Some(&TooManyItems::new(0)));
}

#[tokio::test]
async fn errors_of_the_inner_service_and_stream_pass_unchanged() {
    let failing = service_fn(|_: Message| ready(Err::<Script, _>(io::Error::other("refused"))));
    let error = MaxMessageSizeLayer::new(1)
        .layer(failing)
        .oneshot(message(0))
        .await
        .unwrap_err();
    assert_eq!(error.downcast_ref::<io::Error>().unwrap().to_string(), "refused");

    let mut script = script([1]);
    script.items.push_front(Err(io::Error::other("inner")));
    let mut reply = reply(MaxMessageSizeLayer::new(1), script).await;
    let error = reply.next().await.unwrap().unwrap_err();
    assert_eq!(error.downcast_ref::<io::Error>().unwrap().to_string(), "inner");
}

#[tokio::test]
async fn size_hint_is_that_of_the_inner_stream() {
    let mut reply = reply(MaxMessageSizeLayer::new(10).max_items(5), script([1, 2])).await;
    for left in [2, 1, 0] {
        assert_eq!(reply.size_hint(), (left, Some(left)));
        let _item = reply.next().await;
    }
}

#[tokio::test]
async fn dropping_the_future_or_the_reply_drops_what_is_inside() {
    let inner = script([1, 2]);
    let dropped = inner.dropped.clone();
    let mut reply = reply(MaxMessageSizeLayer::new(10), inner).await;
    assert!(reply.next().await.unwrap().is_ok());
    drop(reply);
    assert!(dropped.load(Ordering::SeqCst));

    let held = script([]);
    let dropped = held.dropped.clone();
    let mut held = Some(held);
    let mut service = MaxMessageSizeLayer::new(10).layer(service_fn(move |_: Message| {
        let held = held.take();
        async move {
            pending::<()>().await;
            Ok::<_, Infallible>(held.unwrap())
        }
    }));
    let mut call = task::spawn(service.ready().await.unwrap().call(message(1)));
    assert_pending!(call.poll());
    drop(call);
    assert!(dropped.load(Ordering::SeqCst));
}

#[tokio::test]
async fn closure_sets_the_limits_by_the_request() {
    let layer = MaxMessageSizeLayer::new(10)
        .max_items(2)
        .limits_by(|request: &Message, limits: Limits| {
            if request.size == 0 {
                limits.with_items(None)
            } else {
                limits.with_request(Some(1))
            }
        });
    let inner = service_fn(|_: Message| ready(Ok::<_, Infallible>(script([1; 5]))));
    let mut service = layer.layer(inner);
    let listens = service.ready().await.unwrap().call(message(0)).await.unwrap();
    assert_eq!(listens.filter(|item| ready(item.is_ok())).count().await, 5);
    let works = service.ready().await.unwrap().call(message(1)).await.unwrap();
    assert_eq!(works.filter(|item| ready(item.is_ok())).count().await, 2);
    let error = service.ready().await.unwrap().call(message(2)).await.unwrap_err();
    assert_eq!(too_large(&error).limit(), 1);
}

#[tokio::test]
async fn tighter_of_two_layers_holds_each_way() {
    let inner = service_fn(|_: Message| ready(Ok::<_, Infallible>(script([7, 8, 9]))));
    let mut service = ServiceBuilder::new()
        .layer(MaxMessageSizeLayer::new(8).request(20))
        .layer(MaxMessageSizeLayer::new(9).request(10))
        .service(inner);
    let error = service.ready().await.unwrap().call(message(11)).await.unwrap_err();
    assert_eq!(too_large(&error).limit(), 10);
    let mut reply = pin!(service.ready().await.unwrap().call(message(10)).await.unwrap());
    let item = reply.next().await.unwrap().unwrap();
    assert_eq!(item.max_answer.load(Ordering::SeqCst), 10);
    assert!(reply.next().await.unwrap().is_ok());
    let error = reply.next().await.unwrap().unwrap_err();
    assert_eq!(too_large(&error).limit(), 8);
}

#[test]
fn errors_say_what_was_too_much_and_what_to_do() {
    let texts = [
        over(Direction::Request, 10, 11).to_string(),
        TooLarge::cut(Direction::Response, 10, 12).to_string(),
        TooManyItems::new(3).to_string(),
    ];
    assert_eq!(
        texts,
        [
            "request too large: 11 bytes, the limit is 10; send less, or raise the limit",
            "response too large: at least 12 bytes, the limit is 10; ask for less, or raise the limit",
            "too many items in a reply: the limit is 3; ask for less, or raise the limit",
        ]
    );
    let error = over(Direction::Response, 10, 11);
    assert_eq!(
        (error.direction(), error.limit(), error.size()),
        (Direction::Response, 10, 11)
    );
    assert!(!error.is_cut());
    assert_eq!(TooManyItems::new(3).limit(), 3);
}

#[test]
fn limits_read_as_they_were_set() {
    let limits = Limits::none();
    assert_eq!(
        (limits.request(), limits.response(), limits.items()),
        (None, None, None)
    );
    let layer: MaxMessageSizeLayer = MaxMessageSizeLayer::new(usize::MAX).response(4).max_items(5);
    let limits = layer.limits();
    assert_eq!(
        (limits.request(), limits.response(), limits.items()),
        (None, Some(4), Some(5))
    );
    assert_eq!(
        format!("{limits:?}"),
        "Limits { request: None, response: Some(4), items: Some(5) }"
    );
    assert_eq!(limits.with_response(None).with_items(None), Limits::default());
}

#[test]
fn auto_traits_follow_those_of_what_is_inside() {
    fn all<T: Send + Sync + Clone + 'static>() {}
    fn send<T: Send + Sync + 'static>() {}
    all::<MaxMessageSizeLayer>();
    all::<MaxMessageSizeLayer<By<fn(&Message, Limits) -> Limits>>>();
    all::<MaxMessageSize<()>>();
    all::<TooLarge>();
    send::<Limited<()>>();
    // The marker is no part of what is kept.
    send::<ResponseFuture<(), std::rc::Rc<()>>>();
}
