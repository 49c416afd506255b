use super::{Drops, answer, call, next, notification, request, rest};
use std::future::{pending, ready};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tower::{Service, ServiceBuilder, ServiceExt};
use tower_transport::BoxError;
use tower_transport::exchange::{
    BoxExchange, Call, ExchangeExt, Idempotent, Item, NoResponse, Patience, Peer, Resend, handler_fn, service_fn, unary,
};
use tower_transport::layers::catch_panic::{Panicked, Place};
use tower_transport::layers::cause_ref;
use tower_transport::layers::drain::Draining;
use tower_transport::layers::in_flight::Overloaded;
use tower_transport::layers::in_flight::bytes::NeverFits;
use tower_transport::layers::max_message_size::{Direction, TooLarge};
use tower_transport::layers::policies::{Backoff, Fate, RetryPolicy, RetryRules};
use tower_transport::layers::timeout::{Deadline, Elapsed, Phase, TimeoutLayer};
use tower_transport::message::{Id, Message};

const SECOND: Duration = Duration::from_secs(1);

// === patience ===

fn impatient(patience: Patience) -> BoxExchange {
    let stack = ServiceBuilder::new()
        .layer(
            TimeoutLayer::new()
                .first_item(SECOND)
                .idle(SECOND)
                .total(10 * SECOND)
                .policy(patience),
        )
        .service(handler_fn(|call: Call, peer: Peer| async move {
            let Some(message) = call.message() else {
                tokio::time::sleep(100 * SECOND).await;
                peer.notify(notification("a stray")).await?;
                return pending().await;
            };
            match message.method().as_deref() {
                Some("asks") => {
                    peer.request(Message::request(&Id::number(7), "sampling/createMessage", &())?)
                        .await?;
                    Ok::<_, BoxError>(Some(answer("asked")))
                }
                Some("asks, then mute") => {
                    peer.request(Message::request(&Id::number(7), "sampling/createMessage", &())?)
                        .await?;
                    peer.notify(notification("thanks")).await?;
                    pending().await
                }
                _ => {
                    tokio::time::sleep(100 * SECOND).await;
                    Ok(Some(answer("late")))
                }
            }
        }));
    BoxExchange::new(stack)
}

#[track_caller]
fn assert_elapsed<T>(outcome: Result<T, BoxError>, phase: Phase) {
    let Err(error) = outcome else { panic!("did not fail") };
    assert_eq!(
        cause_ref::<Elapsed>(&*error).map(Elapsed::phase),
        Some(phase),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn call_that_listens_and_an_endless_one_may_take_their_time() {
    let mut stack = impatient(Patience::new().endless(&["other", "subscriptions/listen"]));
    let mut strays = stack.ready().await.unwrap().call(Call::listen()).await.unwrap();
    let Some(Ok(Item::Notification(_))) = strays_after(&mut strays).await else {
        panic!("no stray");
    };
    assert!(stack.request(request("subscriptions/listen")).await.is_ok());
    assert_elapsed(stack.request(request("tools/call")).await, Phase::FirstItem);
    assert_elapsed(
        impatient(Patience::new())
            .request(request("subscriptions/listen"))
            .await,
        Phase::FirstItem,
    );
}

/// The next item, however long it takes.
async fn strays_after<R: futures_core::Stream + Unpin>(reply: &mut R) -> Option<R::Item> {
    std::future::poll_fn(|cx| std::pin::Pin::new(&mut *reply).poll_next(cx)).await
}

#[tokio::test(start_paused = true)]
async fn idle_clock_stands_while_the_peer_waits_for_us() {
    let mut stack = impatient(Patience::new());
    let mut reply = call(&mut stack, request("asks")).await.unwrap();
    let Some(Ok(Item::Request(_, responder))) = next(&mut reply).await else {
        panic!("no request");
    };
    let thinking = tokio::spawn(async move {
        tokio::time::sleep(5 * SECOND).await;
        responder.respond(answer("yes"))
    });
    assert_eq!(rest(reply).await, [r#"response "asked" to 7"#]);
    thinking.await.unwrap().unwrap();

    // It runs again after the next item, and the total stands for none.
    let mut reply = call(&mut stack, request("asks, then mute")).await.unwrap();
    let Some(Ok(Item::Request(_, responder))) = next(&mut reply).await else {
        panic!("no request");
    };
    responder.respond(answer("yes")).unwrap();
    next(&mut reply).await.unwrap().unwrap();
    assert_elapsed(next(&mut reply).await.unwrap(), Phase::Idle);
    let mut reply = call(&mut stack, request("asks")).await.unwrap();
    let kept = next(&mut reply).await.unwrap().unwrap();
    assert_elapsed(next(&mut reply).await.unwrap(), Phase::Total);
    drop(kept);
}

#[tokio::test(start_paused = true)]
async fn deadline_of_a_call_tightens_and_holds_for_endless_calls_as_well() {
    let mut stack = impatient(Patience::new().endless(&["subscriptions/listen"]));
    for (method, left, phase) in [
        ("tools/call", SECOND / 2, Phase::Deadline),
        ("tools/call", 5 * SECOND, Phase::FirstItem),
        ("subscriptions/listen", 5 * SECOND, Phase::Deadline),
    ] {
        let mut call = Call::new(request(method));
        call.extensions.insert(Deadline::within(left));
        assert_elapsed(stack.ready().await.unwrap().call(call).await.map(|_| ()), phase);
    }
}

// === resend ===

fn policy(rules: Resend) -> RetryPolicy<Resend> {
    let backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(1));
    RetryPolicy::new(NonZeroU32::new(3).unwrap(), backoff, rules)
}

fn marked(method: &str) -> Call {
    let mut call = Call::new(request(method));
    call.extensions.insert(Idempotent);
    call
}

/// How often a call is made that may have run each time.
async fn attempts(rules: Resend, call: Call) -> usize {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let mut stack = ServiceBuilder::new().retry(policy(rules)).service(unary(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        ready(Err::<Message, BoxError>(Elapsed::new(Phase::FirstItem, SECOND).into()))
    }));
    assert!(stack.ready().await.unwrap().call(call).await.is_err());
    count.load(Ordering::SeqCst)
}

// PITFALLS 12
#[tokio::test(start_paused = true)]
async fn what_may_have_run_is_sent_again_only_by_method_or_mark() {
    let named = Resend::new().idempotent(&["ping", "tools/list"]);
    assert_eq!(attempts(Resend::new(), Call::new(request("tools/list"))).await, 1);
    assert_eq!(attempts(named, Call::new(request("tools/call"))).await, 1);
    assert_eq!(attempts(named, Call::new(request("tools/list"))).await, 3);
    assert_eq!(attempts(Resend::new(), marked("tools/call")).await, 3);
    let told = Call::new(notification(1));
    assert_eq!(attempts(named, told).await, 1, "a notification's method is not named");
}

#[test]
fn fate_goes_by_the_cause_however_it_is_wrapped() {
    fn fate(error: impl Into<BoxError>) -> Fate {
        let rules = Resend::new();
        RetryRules::<Call, BoxError>::fate(&rules, &error.into())
    }
    assert_eq!(fate("unknown"), Fate::MayHaveRun);
    assert_eq!(fate(NoResponse::new()), Fate::MayHaveRun);
    assert_eq!(fate(Elapsed::new(Phase::Total, SECOND)), Fate::MayHaveRun);
    assert_eq!(fate(Elapsed::new(Phase::Ready, SECOND)), Fate::NeverSent);
    assert_eq!(fate(Overloaded::new(1, 1, None)), Fate::NeverSent);
    assert_eq!(fate(Draining::new(1)), Fate::NeverSent);
    assert_eq!(fate(NeverFits::new(9, 10)), Fate::Hopeless);
    assert_eq!(fate(TooLarge::new(Direction::Request, 9, 10)), Fate::Hopeless);
    assert_eq!(fate(TooLarge::new(Direction::Response, 9, 10)), Fate::Hopeless);
    assert_eq!(fate(Panicked::new(Place::Ready, None)), Fate::Hopeless);
    assert_eq!(fate(Panicked::new(Place::Future, None)), Fate::MayHaveRun);
    assert_eq!(
        fate(std::io::Error::other(Elapsed::new(Phase::Ready, SECOND))),
        Fate::NeverSent
    );
}

// PITFALLS 12
#[tokio::test(start_paused = true)]
async fn nothing_is_sent_again_once_an_item_was_delivered() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let mut stack = ServiceBuilder::new()
        .retry(policy(Resend::new().idempotent(&["ping"])))
        .service(handler_fn(move |_, peer: Peer| {
            counted.fetch_add(1, Ordering::SeqCst);
            async move {
                peer.notify(notification(1)).await?;
                Err::<Message, BoxError>("halfway".into())
            }
        }));
    let reply = call(&mut stack, request("ping")).await.unwrap();
    assert_eq!(rest(reply).await, ["notification 1", "failed: halfway"]);
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn dropping_a_call_that_is_retried_drops_the_attempt() {
    let drops = Drops::default();
    let watched = drops.clone();
    let mut stack = ServiceBuilder::new()
        .retry(policy(Resend::new()))
        .service(service_fn(move |_| {
            let watch = watched.watch();
            async move {
                let _watch = watch;
                pending::<Result<tower_transport::exchange::Reply, BoxError>>().await
            }
        }));
    let mut attempt = tokio_test::task::spawn(stack.ready().await.unwrap().call(Call::new(request("ping"))));
    tokio_test::assert_pending!(attempt.poll());
    assert_eq!(drops.count(), 0);
    drop(attempt);
    assert_eq!(drops.count(), 1);
}

#[cfg(feature = "mux")]
mod over_a_wire {
    use super::super::wire::{Peer, peer};
    use super::super::within;
    use super::*;
    use std::sync::Mutex;
    use std::task::{Context, Poll};
    use tower_transport::exchange::Reply;
    use tower_transport::mux::Items;
    use tower_transport::mux::{Connection, Error, ResponseFuture};

    /// A connection, or the next one once it has ended, as a supervisor would give.
    #[derive(Clone)]
    struct Reconnects {
        current: Connection,
        spare: Arc<Mutex<Vec<Connection>>>,
    }

    impl Service<Call> for Reconnects {
        type Response = Reply<Items>;
        type Error = Error;
        type Future = ResponseFuture;

        fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
            if self.current.is_closed()
                && let Some(spare) = self.spare.lock().unwrap().pop()
            {
                self.current = spare;
            }
            self.current.poll_ready(cx)
        }

        fn call(&mut self, call: Call) -> ResponseFuture {
            self.current.call(call)
        }
    }

    fn two() -> (Peer, Peer, Reconnects) {
        let (first, second) = (peer(), peer());
        let service = Reconnects {
            current: first.connection.clone(),
            spare: Arc::new(Mutex::new(vec![second.connection.clone()])),
        };
        (first, second, service)
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_never_sent_goes_over_the_next_connection() {
        let (mut first, mut second, service) = two();
        let mut stack = ServiceBuilder::new().retry(policy(Resend::new())).service(service);
        let ready = stack.ready().await.unwrap();
        first.hang_up().await;
        let retried = tokio::spawn(ready.call(Call::new(request("tools/call"))));
        let line = second.read_line().await;
        assert_eq!(line["method"], "tools/call");
        second
            .write_line(&serde_json::json!({"jsonrpc": "2.0", "id": line["id"], "result": "done"}))
            .await;
        let reply = retried.await.unwrap().unwrap();
        assert_eq!(rest(reply).await, [r#"response "done" to 7"#]);
    }

    // PITFALLS 12
    #[tokio::test(start_paused = true)]
    async fn what_was_sent_goes_over_the_next_connection_only_if_it_may_run_twice() {
        for (method, again) in [("tools/call", false), ("tools/list", true)] {
            let (mut first, mut second, service) = two();
            let mut stack = ServiceBuilder::new()
                .retry(policy(Resend::new().idempotent(&["tools/list"])))
                .service(service);
            let retried = tokio::spawn(stack.ready().await.unwrap().call(Call::new(request(method))));
            first.read_line().await;
            first.hang_up().await;
            if again {
                let line = second.read_line().await;
                second
                    .write_line(&serde_json::json!({"jsonrpc": "2.0", "id": line["id"], "result": "done"}))
                    .await;
            }
            assert_eq!(within(retried).await.unwrap().is_ok(), again, "{method}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_too_large_is_hopeless_sent_or_not() {
        let mut peer = peer();
        let rules = Resend::new();
        let big = Message::request(&Id::number(7), "ping", &"x".repeat(Peer::LIMIT)).unwrap();
        let error = call(&mut peer.connection.clone(), big).await.unwrap_err();
        assert!(error.is_too_large() && error.was_never_sent());
        assert_eq!(RetryRules::<Call, Error>::fate(&rules, &error), Fate::Hopeless);

        let mut connection = peer.connection.clone();
        let sent = tokio::spawn(connection.ready().await.unwrap().call(Call::new(request("ping"))));
        let id = peer.read_line().await["id"].clone();
        peer.write_line(&serde_json::json!({"jsonrpc": "2.0", "id": id, "result": "x".repeat(Peer::LIMIT)}))
            .await;
        let error = sent.await.unwrap().unwrap_err();
        assert!(error.is_too_large() && error.may_have_run());
        assert_eq!(RetryRules::<Call, Error>::fate(&rules, &error), Fate::Hopeless);
        assert_eq!(
            RetryRules::<Call, BoxError>::fate(&rules, &error.into()),
            Fate::Hopeless
        );
    }
}
