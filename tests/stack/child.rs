//! Over a child process.

use crate::support::{SHORT, at_most, cause, no_hang};
use futures_core::Stream;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tower::{Service, ServiceBuilder, ServiceExt};
use tower_transport::BoxError;
use tower_transport::exchange::{Call, Exchange, ExchangeExt, Patience, Peer, handler_fn};
use tower_transport::layers::buffer_pool::BufferPool;
use tower_transport::layers::in_flight::{InFlightLayer, Overloaded};
use tower_transport::layers::max_message_size::{Direction, MaxMessageSizeLayer, TooLarge, TooManyItems};
use tower_transport::layers::timeout::{Elapsed, Phase, TimeoutLayer};
use tower_transport::layers::trace::TraceLayer;
use tower_transport::layers::{ServiceBuilderExt, cause_ref};
use tower_transport::message::{Id, Message};
use tower_transport::mux;
use tower_transport::process::Command;
use tower_transport::stdio::{self, Child, Spawner};

/// This very binary, run as the child. Its harness prints lines that are no messages, which the transport skips.
fn command() -> Command {
    Command::new(std::env::current_exe().expect("our own path"))
        .args(["--exact", "child::the_child", "--nocapture"])
        .env("SERVE", "1")
}

/// It has answered once, so that no limit counts its start.
async fn spawn() -> Child {
    started(Child::spawn(&command()).expect("a child")).await
}

async fn started(child: Child) -> Child {
    no_hang(child.clone().request(request("count", 0)))
        .await
        .expect("a child that serves");
    child
}

/// Not a test, unless run as the child: serves until stdin ends.
#[test]
fn the_child() {
    if std::env::var_os("SERVE").is_none() {
        return;
    }
    let running = Arc::new(AtomicUsize::new(0));
    let handler = handler_fn(move |call: Call, peer: Peer| handle(call, peer, running.clone()));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime
        .block_on(stdio::serve(handler))
        .expect("served until stdin ended");
}

async fn handle(call: Call, peer: Peer, running: Arc<AtomicUsize>) -> Result<Option<Message>, BoxError> {
    let Some(message) = call.message() else {
        return Ok(None);
    };
    let now = running.fetch_add(1, Ordering::SeqCst) + 1;
    let _done = Done(running);
    match message.method().as_deref() {
        Some("never") => pending().await,
        Some("drip") => loop {
            peer.notify(Message::notification("notifications/message", &"drip")?)
                .await?;
            tokio::time::sleep(Duration::from_millis(10)).await;
        },
        Some("stall") => {
            peer.notify(Message::notification("notifications/message", &"first")?)
                .await?;
            pending().await
        }
        Some("burst") => {
            for _ in 0..message.decode()? {
                peer.notify(Message::notification("notifications/message", &"x")?)
                    .await?;
            }
        }
        Some("huge") => {
            let text = "x".repeat(message.decode()?);
            return Ok(Some(Message::response(&Id::null(), &text)?));
        }
        _ => {}
    }
    Ok(Some(Message::response(&Id::null(), &now)?))
}

struct Done(Arc<AtomicUsize>);

impl Drop for Done {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

const MAX: usize = 64 << 10;
const MAX_ITEMS: usize = 50;

fn stack(
    child: Child,
) -> impl Exchange<Error = BoxError, ItemError = BoxError, Future: Send, Reply: Send> + Clone + Send {
    ServiceBuilder::new()
        .layer(TraceLayer::new())
        .layer(
            TimeoutLayer::new()
                .first_item(SHORT)
                .idle(SHORT)
                .total(SHORT * 3)
                .policy(Patience::new()),
        )
        .layer(InFlightLayer::new(at_most(2)))
        .layer(MaxMessageSizeLayer::new(MAX).max_items(MAX_ITEMS))
        .service(child)
}

fn request(method: &str, params: u64) -> Message {
    Message::request(&Id::string(method), method, &params).expect("serialises")
}

/// The error that a call fails with, and the items that came before.
async fn failure(
    stack: &mut impl Exchange<Error = BoxError, ItemError = BoxError>,
    message: Message,
) -> (BoxError, usize) {
    no_hang(async {
        let mut reply = match stack.ready().await.expect("ready").call(Call::new(message)).await {
            Ok(reply) => pin!(reply),
            Err(error) => return (error, 0),
        };
        let mut items = 0;
        loop {
            match poll_fn(|cx| reply.as_mut().poll_next(cx)).await {
                Some(Ok(_)) => items += 1,
                Some(Err(error)) => {
                    assert_eq!(reply.size_hint(), (0, Some(0)));
                    return (error, items);
                }
                None => panic!("the call did not fail"),
            }
        }
    })
    .await
}

/// The stack admits calls as before, the child answers them, and nothing else runs in it: what failed was cancelled.
async fn is_as_before(child: &Child, stack: &mut impl Exchange<Error = BoxError, ItemError = BoxError>) {
    let answer = no_hang(stack.request(request("count", 0))).await.expect("answered");
    assert_eq!(answer.payload(), Some("1"), "calls that run in the child");
    assert_eq!(child.in_flight(), (0, 0));
}

#[tokio::test]
async fn slow_child_fails_its_call_at_the_first_item_and_is_told() {
    let child = spawn().await;
    let mut stack = stack(child.clone());
    is_as_before(&child, &mut stack).await;
    let (error, items) = failure(&mut stack, request("never", 0)).await;
    let elapsed: Elapsed = cause(&error);
    assert_eq!((elapsed.phase(), elapsed.limit(), items), (Phase::FirstItem, SHORT, 0));
    is_as_before(&child, &mut stack).await;
}

#[tokio::test]
async fn stream_that_stalls_fails_by_its_idle_limit_and_is_cancelled() {
    let child = spawn().await;
    let mut stack = stack(child.clone());
    let (error, items) = failure(&mut stack, request("stall", 0)).await;
    let elapsed: Elapsed = cause(&error);
    assert_eq!((elapsed.phase(), items), (Phase::Idle, 1));
    is_as_before(&child, &mut stack).await;
}

#[tokio::test]
async fn stream_without_end_fails_by_its_total_limit_and_is_cancelled() {
    let child = spawn().await;
    let mut lenient = ServiceBuilder::new()
        .layer(TraceLayer::new())
        .layer(TimeoutLayer::new().idle(SHORT).total(SHORT).policy(Patience::new()))
        .layer(InFlightLayer::new(at_most(2)))
        .layer(MaxMessageSizeLayer::new(MAX))
        .service(child.clone());
    let (error, items) = failure(&mut lenient, request("drip", 0)).await;
    assert_eq!(cause::<Elapsed>(&error).phase(), Phase::Total);
    assert!(items > 0);
    is_as_before(&child, &mut lenient).await;
}

#[tokio::test]
async fn message_over_the_limit_fails_its_own_call_either_way() {
    let child = spawn().await;
    let mut stack = stack(child.clone());
    for (message, direction) in [
        (request("huge", MAX as u64), Direction::Response),
        (
            Message::request(&Id::number(1), "count", &"x".repeat(MAX)).expect("serialises"),
            Direction::Request,
        ),
    ] {
        let (error, _) = failure(&mut stack, message).await;
        let too_large: TooLarge = cause(&error);
        assert_eq!((too_large.direction(), too_large.limit()), (direction, MAX));
        assert!(too_large.size() > MAX);
        is_as_before(&child, &mut stack).await;
    }
}

// PITFALLS 32
#[tokio::test]
async fn many_small_items_fail_their_call_by_their_count() {
    let child = spawn().await;
    let mut stack = stack(child.clone());
    let (error, items) = failure(&mut stack, request("burst", 1_000)).await;
    assert_eq!((cause::<TooManyItems>(&error).limit(), items), (MAX_ITEMS, MAX_ITEMS));
    is_as_before(&child, &mut stack).await;
}

// PITFALLS 3
#[tokio::test]
async fn calls_over_the_limit_are_refused_until_one_of_the_others_is_over() {
    let child = spawn().await;
    let mut stack = stack(child.clone());
    let streaming = stack.ready().await.expect("ready").call(Call::new(request("stall", 0)));
    let streaming = no_hang(streaming).await.expect("its first item");
    let waiting = stack.ready().await.expect("ready").call(Call::new(request("never", 0)));

    let (error, _) = failure(&mut stack, request("count", 0)).await;
    let overloaded: Overloaded = cause(&error);
    assert_eq!((overloaded.limit(), overloaded.in_flight()), (2, 2));

    drop(waiting);
    let answer = no_hang(stack.request(request("count", 0))).await.expect("admitted");
    assert_eq!(answer.payload(), Some("2"), "the stream runs on in the child");
    drop(streaming);
    is_as_before(&child, &mut stack).await;
}

#[tokio::test]
async fn layers_over_the_spawner_cap_its_frames_and_lend_it_their_blocks() {
    let pool = BufferPool::new(64 << 10, 16).expect("blocks");
    let mut spawner = ServiceBuilder::new()
        .limit_message_size(MAX)
        .pool_buffers(pool.clone())
        .service(Spawner::new());
    let child = spawner.ready().await.expect("ready").call(command()).await;
    let mut child = started(child.expect("a child")).await;
    let warm = pool.stats();
    assert!(warm.blocks > 0, "the child's transport is read into the pool's blocks");

    let error = no_hang(child.request(request("huge", MAX as u64)))
        .await
        .expect_err("huge");
    let error = cause_ref::<mux::Error>(&*error).expect("the transport's own");
    assert_eq!((error.is_too_large(), error.limit()), (true, Some(MAX)));

    for _ in 0..1_000 {
        no_hang(child.request(request("count", 0))).await.expect("answered");
    }
    assert_eq!(
        pool.stats().misses,
        warm.misses,
        "what comes after is read into the same blocks"
    );
    no_hang(child.close()).await;
    let left = pool.stats();
    assert_eq!(left.held, left.blocks, "all blocks are back");
}
