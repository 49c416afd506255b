//! Stock tower over a real child: each stack is an exchange again, and means what it means over any service.
#![cfg(all(unix, feature = "stdio", feature = "policies"))]
#![allow(missing_docs)]

use futures_core::Stream;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::timeout;
use tower::balance::p2c::Balance;
use tower::discover::ServiceList;
use tower::load::{Load, PendingRequests};
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceBuilder, ServiceExt};
use tower_transport::BoxError;
use tower_transport::exchange::respond::RespondLayer;
use tower_transport::exchange::{
    BoxCloneExchange, BoxExchange, Call, CompleteOnLastItem, Exchange, ExchangeExt, Item, Peer, Reply, handler_fn,
};
use tower_transport::message::{ErrorObject, Id, Message};
use tower_transport::mux::Items;
use tower_transport::process::Command;
use tower_transport::stdio::{self, Child};

/// A hang guard, far above what any of this takes.
const LONG: Duration = Duration::from_secs(20);

/// This very binary, run as the child. Its harness prints lines that are no messages, which the transport skips.
fn child() -> Child {
    let exe = std::env::current_exe().expect("our own path");
    let command = Command::new(exe)
        .args(["--exact", "the_child", "--nocapture"])
        .env("SERVE", "1");
    Child::spawn(&command).expect("a child")
}

/// Not a test, unless run as the child: serves until stdin ends.
#[test]
fn the_child() {
    if std::env::var_os("SERVE").is_none() {
        return;
    }
    let running = Arc::new(AtomicUsize::new(0));
    let handler = handler_fn(move |call: Call, peer: Peer| {
        let running = running.clone();
        async move {
            let Some(message) = call.message() else {
                return Ok::<_, BoxError>(None);
            };
            let now = running.fetch_add(1, Ordering::SeqCst) + 1;
            let _done = Done(running);
            match message.method().as_deref() {
                Some("slow") => tokio::time::sleep(Duration::from_millis(message.decode()?)).await,
                Some("never") => std::future::pending().await,
                Some("stream") => {
                    peer.notify(Message::notification("notifications/message", &"first")?)
                        .await?;
                    std::future::pending::<()>().await;
                }
                _ => {}
            }
            Ok(Some(Message::response(&Id::null(), &now)?))
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime
        .block_on(stdio::serve(handler))
        .expect("served until stdin ended");
}

struct Done(Arc<AtomicUsize>);

impl Drop for Done {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn request(method: &str, params: u64) -> Message {
    Message::request(&Id::string(method), method, &params).expect("serialises")
}

/// How many ran in the child at once when this call ran.
async fn running(answer: impl Future<Output = Result<Message, BoxError>>) -> Result<String, BoxError> {
    let answer = timeout(LONG, answer).await.expect("no hang")?;
    Ok(answer.payload().unwrap_or_default().to_owned())
}

fn is_exchange<E: Exchange>(exchange: E) -> E {
    exchange
}

/// The error that a call was answered with, and what its data says.
fn error_of(answer: &Message) -> (ErrorObject, serde_json::Value) {
    let error: ErrorObject = answer.decode().expect("an error");
    let data = serde_json::from_str(error.data.as_ref().expect("data").get()).expect("JSON");
    (error, data)
}

#[tokio::test]
async fn child_that_is_killed_in_mid_call_is_answered_for() {
    for method in ["never", "stream"] {
        let child = child();
        let mut stack = is_exchange(ServiceBuilder::new().layer(RespondLayer::new()).service(child.clone()));
        let asked = tokio::spawn({
            let mut stack = stack.clone();
            async move { stack.request(request(method, 0)).await }
        });
        while child.in_flight().0 == 0 {
            tokio::task::yield_now().await;
        }
        // Calls reach the child in their order, so the first one runs there.
        assert_eq!(running(stack.request(request("echo", 0))).await.expect("answered"), "2");
        let mut readied = stack.clone();
        let readied = readied.ready().await.expect("ready");
        child.kill();

        let answer = timeout(LONG, asked).await.expect("no hang").expect("no panic");
        let answer = answer.expect("answered for");
        assert_eq!(answer.id(), Some(Id::string(method)));
        let (error, data) = error_of(&answer);
        assert_eq!(error.code, -32603);
        let (kind, ran, again) = (&data["kind"], &data["may_have_run"], &data["retryable"]);
        assert_eq!(
            (kind.as_str(), ran.as_bool(), again.as_bool()),
            (Some("disconnected"), Some(true), Some(false))
        );
        assert!(
            !error.message.contains("signal"),
            "why is not for the peer: {}",
            error.message
        );

        // What was ready by then is answered for as well, and was not sent.
        timeout(LONG, child.closed()).await.expect("no hang");
        let reply = timeout(LONG, readied.call(Call::new(request("echo", 0))))
            .await
            .expect("no hang");
        let mut reply = pin!(reply.expect("answered for"));
        let Some(Ok(Item::Response(answer))) = poll_fn(|cx| reply.as_mut().poll_next(cx)).await else {
            panic!("no response");
        };
        let (_, data) = error_of(&answer);
        let (ran, again) = (&data["may_have_run"], &data["retryable"]);
        assert_eq!((ran.as_bool(), again.as_bool()), (Some(false), Some(true)));

        // From then on there is no child to call.
        let error = timeout(LONG, stack.ready())
            .await
            .expect("no hang")
            .expect_err("dead for good");
        assert!(error.is_disconnected());
    }
}

#[tokio::test]
async fn timeout_fires_on_the_first_item_and_cancels() {
    let child = child();
    let mut stack = is_exchange(
        ServiceBuilder::new()
            .timeout(Duration::from_millis(100))
            .service(child.clone()),
    );
    let error = timeout(LONG, running(stack.request(request("never", 0))))
        .await
        .expect("no hang")
        .expect_err("timed out");
    assert!(error.is::<tower::timeout::error::Elapsed>(), "{error}");
    // The child was told: when the next call runs, the first does not any more.
    let running = timeout(LONG, running(child.clone().request(request("echo", 0))))
        .await
        .expect("no hang");
    assert_eq!(running.expect("answered"), "1");
    assert_eq!(child.in_flight(), (0, 0));
}

#[tokio::test]
async fn concurrency_limit_lets_two_run_at_once() {
    let stack = is_exchange(ServiceBuilder::new().concurrency_limit(2).service(child()));
    let calls: Vec<_> = (0..6)
        .map(|_| {
            let mut stack = stack.clone();
            tokio::spawn(async move { running(stack.request(request("slow", 50))).await })
        })
        .collect();
    for running in calls {
        let running = timeout(LONG, running)
            .await
            .expect("no hang")
            .expect("no panic")
            .expect("answered");
        assert!(running == "1" || running == "2", "{running} ran at once");
    }
}

/// Fails the first calls before anything is sent.
#[derive(Clone)]
struct FailFirst<S> {
    inner: S,
    left: Arc<AtomicUsize>,
}

impl<S> Service<Call> for FailFirst<S>
where
    S: Service<Call, Response: Send + 'static, Error: Into<BoxError>, Future: Send + 'static>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, call: Call) -> Self::Future {
        let fails = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
            .is_ok();
        if fails {
            return Box::pin(std::future::ready(Err("not yet".into())));
        }
        let answer = self.inner.call(call);
        Box::pin(async move { answer.await.map_err(Into::into) })
    }
}

#[derive(Clone)]
struct Attempts(usize);

impl<R> tower::retry::Policy<Call, R, BoxError> for Attempts {
    type Future = std::future::Ready<()>;

    fn retry(&mut self, _: &mut Call, result: &mut Result<R, BoxError>) -> Option<Self::Future> {
        if result.is_ok() || self.0 == 0 {
            return None;
        }
        self.0 -= 1;
        Some(std::future::ready(()))
    }

    fn clone_request(&mut self, call: &Call) -> Option<Call> {
        Some(call.clone())
    }
}

#[tokio::test]
async fn retry_retries_what_failed_before_the_first_item() {
    let left = Arc::new(AtomicUsize::new(2));
    let inner = FailFirst {
        inner: child(),
        left: left.clone(),
    };
    let mut stack = is_exchange(ServiceBuilder::new().retry(Attempts(3)).service(inner));
    let answered = timeout(LONG, running(stack.request(request("echo", 0))))
        .await
        .expect("no hang");
    assert_eq!(answered.expect("answered at the third attempt"), "1");
    assert_eq!(left.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn buffer_makes_clones_of_a_service_that_has_none() {
    let boxed = BoxExchange::new(child());
    let stack = is_exchange(tower::buffer::Buffer::new(boxed, 8));
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let mut stack = stack.clone();
            tokio::spawn(async move { running(stack.request(request("echo", 0))).await })
        })
        .collect();
    for answered in calls {
        timeout(LONG, answered)
            .await
            .expect("no hang")
            .expect("no panic")
            .expect("answered");
    }
}

#[tokio::test]
async fn load_shed_refuses_what_the_limit_holds_up() {
    let stack = is_exchange(ServiceBuilder::new().load_shed().concurrency_limit(1).service(child()));
    let mut first = stack.clone();
    let held = first.ready().await.expect("ready").call(Call::new(request("never", 0)));
    let error = timeout(LONG, running(stack.clone().request(request("echo", 0))))
        .await
        .expect("no hang")
        .expect_err("shed");
    assert!(error.is::<tower::load_shed::error::Overloaded>(), "{error}");
    drop(held);
    timeout(LONG, running(stack.clone().request(request("echo", 0))))
        .await
        .expect("no hang")
        .expect("admitted");
}

#[tokio::test]
async fn a_stack_with_its_type_erased_is_an_exchange() {
    let stack = ServiceBuilder::new()
        .timeout(LONG)
        .concurrency_limit(2)
        .service(child());
    let mut stack: BoxCloneSyncService<Call, Reply<Items>, BoxError> = is_exchange(BoxCloneSyncService::new(stack));
    assert_eq!(running(stack.request(request("echo", 0))).await.expect("answered"), "1");
    let mut stack = is_exchange(BoxCloneExchange::new(child())).clone();
    assert_eq!(running(stack.request(request("echo", 0))).await.expect("answered"), "1");
}

#[tokio::test]
async fn balance_counts_load_to_the_end_of_the_stream() {
    let counted = [child(), child()].map(|child| PendingRequests::new(child, CompleteOnLastItem::new()));
    let mut stack = is_exchange(tower::buffer::Buffer::new(Balance::new(ServiceList::new(counted)), 8));
    // A stream that goes on after its first item keeps its child loaded, so the calls beside it go to the other one.
    let streaming = stack
        .ready()
        .await
        .expect("ready")
        .call(Call::new(request("stream", 0)))
        .await
        .expect("the first item");
    // A call that went to it would find two running.
    for _ in 0..10 {
        assert_eq!(running(stack.request(request("echo", 0))).await.expect("answered"), "1");
    }
    drop(streaming);
}

#[tokio::test]
async fn load_falls_with_the_last_item() {
    let mut counted = PendingRequests::new(child(), CompleteOnLastItem::new());
    let streaming = counted
        .ready()
        .await
        .expect("ready")
        .call(Call::new(request("stream", 0)))
        .await
        .expect("the first item");
    let loaded = counted.load();
    drop(streaming);
    assert!(counted.load() < loaded);
    let mut drained = pin!(
        counted
            .ready()
            .await
            .expect("ready")
            .call(Call::new(request("echo", 0)))
            .await
            .expect("answered")
    );
    let loaded = counted.load();
    poll_fn(|cx| drained.as_mut().poll_next(cx))
        .await
        .expect("an item")
        .expect("the answer");
    assert!(
        counted.load() < loaded,
        "a drained reply that is kept counts for nothing"
    );
}
