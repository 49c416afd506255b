use super::{Drops, Watch, answer, call, error_of, next, notification, request, rest};
use futures_core::Stream;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, pending, ready};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio_test::{assert_pending, assert_ready_err, task};
use tower::{Service, ServiceBuilder, ServiceExt};
use tower_transport::BoxError;
use tower_transport::exchange::respond::{Fault, Respond, RespondLayer};
use tower_transport::exchange::{
    BoxReply, Call, Exchange, ExchangeExt, Item, NoResponse, Peer, Reply, handler_fn, service_fn, unary,
};
use tower_transport::layers::timeout::TimeoutLayer;
use tower_transport::message::{Id, Message};

#[derive(Debug)]
struct Broken(&'static str);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broken: {}", self.0)
    }
}

impl std::error::Error for Broken {}

/// Wraps another, as layers do.
#[derive(Debug)]
struct Around(Broken);

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
async fn only_error<R, E>(reply: R) -> (Value, Message)
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

// === the table ===

async fn told(layer: RespondLayer, error: impl Fn() -> BoxError + Clone) -> Value {
    let mut stack = layer.layer_over(error);
    let answer = stack.request(request("ping")).await.unwrap();
    answer.decode().unwrap()
}

trait Over {
    fn layer_over<F: Fn() -> BoxError + Clone>(&self, error: F) -> impl Exchange;
}

impl Over for RespondLayer {
    fn layer_over<F: Fn() -> BoxError + Clone>(&self, error: F) -> impl Exchange {
        ServiceBuilder::new()
            .layer(self)
            .service(unary(move |_| ready(Err::<Message, _>(error()))))
    }
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

#[tokio::test(start_paused = true)]
async fn time_spent_waiting_for_readiness_is_time_in_which_nothing_ran() {
    use tower_transport::layers::timeout::{Elapsed, Phase};
    let error = || Elapsed::new(Phase::Ready, Duration::from_secs(3)).into();
    let told_of = told(RespondLayer::new(), error).await;
    assert_eq!(
        told_of["data"],
        json!({"origin": "transport", "kind": "timeout", "phase": "ready", "elapsed_ms": 3000,
            "may_have_run": false, "retryable": true})
    );
}

#[cfg(feature = "mux")]
mod over_a_wire {
    use super::super::wire::{Peer, peer};
    use super::*;

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
}
