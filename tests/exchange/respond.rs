use super::{Drops, Watch, answer, call, error_of, next, notification, request, rest};
use futures_core::Stream;
use serde_json::Value;
use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, pending, ready};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio_test::{assert_pending, assert_ready_err, task};
use tower::{Service, ServiceExt};
use tower_transport::BoxError;
use tower_transport::exchange::respond::Respond;
use tower_transport::exchange::{
    BoxReply, Call, Exchange, Input, Item, NoResponse, Peer, Reply, handler_fn, service_fn, unary,
};
use tower_transport::message::{Id, Message};

#[derive(Debug)]
pub(super) struct Broken(pub(super) &'static str);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broken: {}", self.0)
    }
}

impl std::error::Error for Broken {}

/// Wraps another, as layers do.
#[derive(Debug)]
pub(super) struct Around(pub(super) Broken);

impl fmt::Display for Around {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it did not work")
    }
}

impl std::error::Error for Around {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// Items by hand, with an end by hand, and without a `size_hint` that says anything.
struct Scripted {
    left: Vec<Option<Result<Item, BoxError>>>,
    _watch: Option<Watch>,
}

impl Scripted {
    fn new(items: impl IntoIterator<Item = Result<Item, BoxError>>) -> Scripted {
        let mut left: Vec<_> = items.into_iter().map(Some).collect();
        left.reverse();
        Scripted { left, _watch: None }
    }
}

impl Stream for Scripted {
    type Item = Result<Item, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.left.pop().flatten())
    }
}

fn note() -> Result<Item, BoxError> {
    Ok(Item::Notification(notification(1)))
}

fn response() -> Result<Item, BoxError> {
    Ok(Item::Response(answer("done")))
}

fn broken() -> Result<Item, BoxError> {
    Err(Broken("x").into())
}

/// Answers each call with a reply of these items.
fn replies<F>(items: F) -> impl Exchange<Reply = Scripted, ItemError = BoxError, Error = BoxError> + Clone
where
    F: Fn() -> Scripted + Clone + Send + 'static,
{
    service_fn(move |_: Call| ready(Ok::<_, BoxError>(items())))
}

/// The error object of the one item that the reply has.
pub(super) async fn only_error<R, E>(reply: R) -> (Value, Message)
where
    R: Stream<Item = Result<Item, E>>,
    E: fmt::Debug,
{
    let mut reply = Box::pin(reply);
    assert_eq!(reply.size_hint(), (1, Some(1)));
    let Some(Ok(Item::Response(message))) = next(&mut reply).await else {
        panic!("no response");
    };
    assert_eq!(reply.size_hint(), (0, Some(0)), "nothing follows");
    assert!(next(&mut reply).await.is_none());
    (message.decode().expect("an error object"), message)
}

#[tokio::test]
async fn error_of_the_call_is_a_response_with_the_callers_id() {
    let mut stack = Respond::new(unary(|_| async { Err::<Message, _>(Broken("secret")) }));
    for id in [Id::string("a"), Id::number(1), Id::from_raw(b"1.0").unwrap()] {
        let asked = Message::request(&id, "ping", &()).unwrap();
        let (error, message) = only_error(call(&mut stack, asked).await.unwrap()).await;
        assert_eq!(message.id(), Some(id));
        assert_eq!(error["code"], -32603);
    }
}

#[tokio::test]
async fn error_within_a_reply_is_its_response_and_its_end() {
    let mut stack = Respond::new(replies(|| {
        Scripted::new([note(), note(), broken(), note(), response()])
    }));
    let mut reply = call(&mut stack, request("ping")).await.unwrap();
    assert_eq!(reply.size_hint(), (1, None));
    for _ in 0..2 {
        assert!(matches!(next(&mut reply).await, Some(Ok(Item::Notification(_)))));
    }
    let Some(Ok(Item::Response(message))) = next(&mut reply).await else {
        panic!("no response");
    };
    assert_eq!(message.id(), Some(Id::number(super::ID)));
    assert_eq!(error_of(&message).code, -32603);
    assert_eq!(reply.size_hint(), (0, Some(0)));
    assert!(next(&mut reply).await.is_none());
}

#[tokio::test]
async fn reply_without_a_response_gets_one() {
    let mut stack = Respond::new(unary(|_| async { Ok::<Option<Message>, BoxError>(None) }));
    assert!(rest(call(&mut stack, request("ping")).await.unwrap()).await[0].contains("no answer"));

    let mut stack = Respond::new(service_fn(|_| ready(Ok::<Reply<BoxReply>, BoxError>(Reply::empty()))));
    let (error, _) = only_error(call(&mut stack, request("ping")).await.unwrap()).await;
    assert_eq!(error["data"]["kind"], "no_response");
    assert_eq!(error["data"]["may_have_run"], true);
    assert_eq!(error["message"], NoResponse::new().to_string());
}

#[tokio::test]
async fn nothing_follows_a_response() {
    let mut stack = Respond::new(replies(|| Scripted::new([response(), broken(), response()])));
    let mut reply = call(&mut stack, request("ping")).await.unwrap();
    assert!(matches!(next(&mut reply).await, Some(Ok(Item::Response(_)))));
    assert_eq!(reply.size_hint(), (0, Some(0)));
    assert!(next(&mut reply).await.is_none());
}

#[tokio::test]
async fn what_does_not_fail_passes_unchanged() {
    let mut stack = Respond::new(handler_fn(|_, peer: Peer| async move {
        peer.notify(notification(1)).await?;
        Ok::<_, BoxError>(answer("done"))
    }));
    let reply = call(&mut stack, request("ping")).await.unwrap();
    assert_eq!(reply.size_hint(), (2, Some(2)));
    assert_eq!(rest(reply).await, ["notification 1", r#"response "done" to 7"#]);
}

#[tokio::test]
async fn errors_of_a_notification_pass_as_nobody_can_be_answered() {
    let mut stack = Respond::new(unary(|_| async { Err::<Option<Message>, _>(Broken("x")) }));
    let Err(error) = call(&mut stack, notification(1)).await else {
        panic!("accepted");
    };
    // Its type is that of the inner service.
    assert_eq!(error.0, "x");

    let mut stack = Respond::new(replies(|| Scripted::new([broken(), note()])));
    let reply = call(&mut stack, notification(1)).await.unwrap();
    assert_eq!(rest(reply).await, ["failed: broken: x"]);

    let mut stack = Respond::new(replies(|| Scripted::new([])));
    let reply = call(&mut stack, notification(1)).await.unwrap();
    assert_eq!(rest(reply).await, [""; 0]);
}

#[tokio::test]
async fn errors_of_what_is_no_call_pass() {
    let mut stack = Respond::new(unary(|_| async { Err::<Option<Message>, _>(Broken("not a call")) }));
    let not_a_call = Call {
        input: Input::Message(answer("an answer")),
        extensions: http::Extensions::new(),
    };
    let Err(error) = stack.ready().await.unwrap().call(not_a_call).await else {
        panic!("an answer was answered");
    };
    assert_eq!(error.0, "not a call");
}

#[tokio::test]
async fn errors_of_a_call_that_listens_pass() {
    let mut stack = Respond::new(replies(|| Scripted::new([note(), broken(), note()])));
    let reply = stack.ready().await.unwrap().call(Call::listen()).await.unwrap();
    assert_eq!(rest(reply).await, ["notification 1", "failed: broken: x"]);
}

/// Dead for good.
#[derive(Clone)]
struct Dead;

impl Service<Call> for Dead {
    type Response = Reply;
    type Error = Broken;
    type Future = Ready<Result<Reply, Broken>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        Poll::Ready(Err(Broken("for good")))
    }

    fn call(&mut self, _: Call) -> Self::Future {
        panic!("called unready")
    }
}

#[test]
fn error_of_readiness_passes() {
    let mut stack = task::spawn(Respond::new(Dead));
    let error = assert_ready_err!(stack.enter(|cx, mut stack| stack.poll_ready(cx)));
    assert_eq!(error.0, "for good");
}

#[test]
fn error_types_are_those_of_the_inner_service() {
    fn check<E: Exchange<Error = Infallible, ItemError = BoxError> + Clone + Send + Sync + 'static>(_: E) {}
    check(Respond::new(unary(|request: Message| {
        ready(Ok::<_, Infallible>(request))
    })));
}

// === what is inside is dropped ===

#[tokio::test]
async fn what_is_inside_has_been_dropped_before_the_answer_is_out() {
    let drops = Drops::default();
    let watched = drops.clone();
    let mut stack = Respond::new(service_fn(move |_| {
        let watch = watched.watch();
        async move {
            // Moved in: goes with the future, not with its outcome.
            let _watch = &watch;
            Err::<Reply, _>(Broken("x"))
        }
    }));
    let reply = call(&mut stack, request("ping")).await.unwrap();
    assert_eq!(drops.count(), 1, "the future");
    drop(reply);

    let drops = Drops::default();
    let watched = drops.clone();
    let mut stack = Respond::new(replies(move || Scripted {
        _watch: Some(watched.watch()),
        ..Scripted::new([note(), broken()])
    }));
    let mut reply = call(&mut stack, request("ping")).await.unwrap();
    next(&mut reply).await.unwrap().unwrap();
    assert_eq!(drops.count(), 0);
    next(&mut reply).await.unwrap().unwrap();
    assert_eq!(drops.count(), 1, "the reply, which is kept");
}

#[tokio::test]
async fn inner_future_is_dropped_while_its_answer_is_read() {
    /// Fails at once, and counts when it is dropped.
    struct Fails(#[allow(dead_code)] Watch);
    impl Future for Fails {
        type Output = Result<Reply, Broken>;
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
            Poll::Ready(Err(Broken("x")))
        }
    }
    let drops = Drops::default();
    let watched = drops.clone();
    let mut stack = Respond::new(service_fn(move |_| Fails(watched.watch())));
    let mut future = task::spawn(stack.ready().await.unwrap().call(Call::new(request("ping"))));
    let reply = tokio_test::assert_ready_ok!(future.poll());
    assert_eq!(drops.count(), 1, "although the outer future is still here");
    drop((future, reply));
}

#[tokio::test]
async fn dropped_future_and_dropped_reply_drop_what_is_inside() {
    let drops = Drops::default();
    let watched = drops.clone();
    let mut stack = Respond::new(service_fn(move |_| {
        let watch = watched.watch();
        async move {
            let _watch = watch;
            pending::<Result<Reply, Broken>>().await
        }
    }));
    let mut future = task::spawn(stack.ready().await.unwrap().call(Call::new(request("ping"))));
    assert_pending!(future.poll());
    assert_eq!(drops.count(), 0);
    drop(future);
    assert_eq!(drops.count(), 1);

    let watched = drops.clone();
    let mut stack = Respond::new(replies(move || Scripted {
        _watch: Some(watched.watch()),
        ..Scripted::new([note(), note()])
    }));
    let mut reply = call(&mut stack, request("ping")).await.unwrap();
    next(&mut reply).await.unwrap().unwrap();
    assert_eq!(drops.count(), 1);
    drop(reply);
    assert_eq!(drops.count(), 2);
}
