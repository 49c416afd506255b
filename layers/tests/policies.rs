//! Policies for tower's own layers, by their public behaviour.
#![allow(missing_docs)]

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};
use http_body_util::{BodyExt, Full};
use std::collections::HashSet;
use std::convert::Infallible;
use std::future::pending;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicIsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;
use tokio::time::Instant;
use tokio_test::{assert_pending, assert_ready_ok, task};
use tower::load::{CompleteOnResponse, Load, PeakEwma, PendingRequests};
use tower::retry::Retry;
use tower::retry::budget::Budget;
use tower::{BoxError, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_transport_layers::policies::{Backoff, CompleteOnLastItem, Fate, RetryPolicy, RetryRules};

// === load ===

fn load<S, C>(counted: &PendingRequests<S, C>) -> String {
    format!("{:?}", counted.load())
}

fn idle() -> String {
    load(&PendingRequests::new((), CompleteOnResponse::default()))
}

#[tokio::test]
async fn call_counts_as_load_until_its_last_item_is_out_though_the_reply_is_kept() {
    let inner = service_fn(|_: ()| async { Ok::<_, Infallible>(stream::iter([Ok::<_, Infallible>(1), Ok(2)])) });
    let mut counted = PendingRequests::new(inner, CompleteOnLastItem::new());
    let mut reply = counted.ready().await.unwrap().call(()).await.unwrap();
    assert_ne!(load(&counted), idle());
    reply.next().await.unwrap().unwrap();
    assert_ne!(load(&counted), idle(), "another item is to come");
    reply.next().await.unwrap().unwrap();
    assert_eq!(load(&counted), idle(), "the last item is out");
    assert!(reply.next().await.is_none());
}

#[tokio::test]
async fn http_call_counts_as_load_until_the_end_of_its_body() {
    let inner = service_fn(|_: http::Request<()>| async {
        Ok::<_, Infallible>(http::Response::new(Full::new(Bytes::from_static(b"body"))))
    });
    let mut counted = PendingRequests::new(inner, CompleteOnLastItem::new());
    let mut reply = counted
        .ready()
        .await
        .unwrap()
        .call(http::Request::new(()))
        .await
        .unwrap();
    assert_ne!(load(&counted), idle());
    reply.body_mut().frame().await.unwrap().unwrap();
    assert_eq!(load(&counted), idle());
}

#[tokio::test]
async fn load_falls_with_an_error_a_drop_and_an_empty_reply() {
    let inner = service_fn(|n: u32| async move {
        match n {
            0 => Err("refused"),
            1 => Ok(stream::iter([Err("halfway"), Ok(1)]).boxed()),
            2 => Ok(stream::poll_fn(|_| Poll::Pending).boxed()),
            _ => Ok(stream::iter(Vec::<Result<u32, &str>>::new()).boxed()),
        }
    });
    let mut counted = PendingRequests::new(inner, CompleteOnLastItem::new());
    assert!(counted.ready().await.unwrap().call(0).await.is_err());
    assert_eq!(load(&counted), idle(), "the call failed");

    let mut reply = counted.ready().await.unwrap().call(1).await.unwrap();
    assert_ne!(load(&counted), idle());
    reply.next().await.unwrap().unwrap_err();
    assert_eq!(load(&counted), idle(), "the reply failed");

    let reply = counted.ready().await.unwrap().call(2).await.unwrap();
    assert_ne!(load(&counted), idle());
    drop(reply);
    assert_eq!(load(&counted), idle(), "the reply was dropped");

    let future = counted.ready().await.unwrap().call(2);
    assert_ne!(load(&counted), idle());
    drop(future);
    assert_eq!(load(&counted), idle(), "the call future was dropped");

    let kept = counted.ready().await.unwrap().call(3).await.unwrap();
    assert_eq!(load(&counted), idle(), "nothing comes of the reply");
    drop(kept);
}

#[tokio::test]
async fn peak_ewma_takes_a_call_for_pending_until_its_last_item() {
    let second = Duration::from_secs(1);
    let inner = service_fn(|_: ()| async { Ok::<_, Infallible>(stream::iter([Ok::<_, Infallible>(1)])) });
    let nanos = second.as_nanos() as f64;
    let mut counted = PeakEwma::new(inner, second, nanos, CompleteOnLastItem::new());
    let before = counted.load();
    let reply = counted.ready().await.unwrap().call(()).await.unwrap();
    assert!(counted.load() > before);
    drop(reply);
}

// === retry ===

/// What the inner service is to do with one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Does {
    Refuse,
    Break,
    Choke,
    /// Answers with an item, and fails after it.
    FailLater,
    Answer,
}

#[derive(Clone)]
struct Rules;

impl RetryRules<&'static str, Does> for Rules {
    fn copy(&self, request: &&'static str) -> Option<&'static str> {
        (*request != "once").then_some(request)
    }

    fn is_idempotent(&self, request: &&'static str) -> bool {
        *request == "read"
    }

    fn fate(&self, error: &Does) -> Fate {
        match error {
            Does::Refuse => Fate::NeverSent,
            Does::Choke => Fate::Hopeless,
            Does::Break | Does::FailLater | Does::Answer => Fate::MayHaveRun,
        }
    }
}

/// The rules where nobody says what is idempotent.
#[derive(Clone)]
struct Silent;

impl RetryRules<&'static str, Does> for Silent {
    fn copy(&self, request: &&'static str) -> Option<&'static str> {
        Some(request)
    }

    fn fate(&self, _: &Does) -> Fate {
        Fate::MayHaveRun
    }
}

const FIRST: Duration = Duration::from_millis(100);
const CAP: Duration = Duration::from_millis(300);

fn policy<R>(attempts: u32, rules: R) -> RetryPolicy<R> {
    RetryPolicy::new(NonZeroU32::new(attempts).unwrap(), Backoff::new(FIRST, CAP), rules)
}

/// When each attempt was made, since the start.
type Times = Arc<Mutex<Vec<Duration>>>;

/// A stack whose inner service does what the script says, attempt by attempt, and then answers.
macro_rules! scripted {
    ($policy:expr, $script:expr) => {{
        let times = Times::default();
        let (seen, started) = (times.clone(), Instant::now());
        let script: Arc<Mutex<Vec<Does>>> = Arc::new(Mutex::new($script.into()));
        let inner = service_fn(move |_: &'static str| {
            seen.lock().unwrap().push(started.elapsed());
            let mut script = script.lock().unwrap();
            let does = match script.is_empty() {
                true => Does::Answer,
                false => script.remove(0),
            };
            async move {
                match does {
                    Does::Answer => Ok(stream::iter(vec![Ok(1)])),
                    Does::FailLater => Ok(stream::iter(vec![Ok(1), Err(Does::Refuse)])),
                    Does::Refuse | Does::Break | Does::Choke => Err(does),
                }
            }
        });
        (ServiceBuilder::new().retry($policy).service(inner), times)
    }};
}

#[tokio::test(start_paused = true)]
async fn what_was_never_sent_is_sent_again_until_the_attempts_are_used_up() {
    let (mut service, times) = scripted!(policy(3, Rules), [Does::Refuse, Does::Refuse]);
    let _reply = service.ready().await.unwrap().call("write").await.unwrap();
    assert_eq!(times.lock().unwrap().len(), 3);

    let (mut service, times) = scripted!(policy(3, Rules), [Does::Refuse; 9]);
    let error = service
        .ready()
        .await
        .unwrap()
        .call("write")
        .await
        .map(|_| ())
        .unwrap_err();
    assert_eq!(error, Does::Refuse);
    assert_eq!(times.lock().unwrap().len(), 3);
    // The next call has all its attempts again.
    let _error = service
        .ready()
        .await
        .unwrap()
        .call("write")
        .await
        .map(|_| ())
        .unwrap_err();
    assert_eq!(times.lock().unwrap().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn one_attempt_is_no_retry() {
    let (mut service, times) = scripted!(policy(1, Rules), [Does::Refuse]);
    assert!(service.ready().await.unwrap().call("read").await.is_err());
    assert_eq!(times.lock().unwrap().len(), 1);
}

// PITFALLS 12
#[tokio::test(start_paused = true)]
async fn what_may_have_run_is_sent_again_only_if_it_is_idempotent() {
    let (mut service, times) = scripted!(policy(3, Rules), [Does::Break]);
    assert!(service.ready().await.unwrap().call("write").await.is_err());
    assert_eq!(times.lock().unwrap().len(), 1);

    let (mut service, times) = scripted!(policy(3, Rules), [Does::Break]);
    assert!(service.ready().await.unwrap().call("read").await.is_ok());
    assert_eq!(times.lock().unwrap().len(), 2);

    let (mut service, times) = scripted!(policy(3, Silent), [Does::Break]);
    assert!(service.ready().await.unwrap().call("read").await.is_err());
    assert_eq!(
        times.lock().unwrap().len(),
        1,
        "nothing is idempotent that nobody calls so"
    );
}

// PITFALLS 12
#[tokio::test(start_paused = true)]
async fn what_fails_after_the_first_item_is_not_sent_again() {
    let (mut service, times) = scripted!(policy(3, Rules), [Does::FailLater]);
    let items: Vec<_> = service
        .ready()
        .await
        .unwrap()
        .call("read")
        .await
        .unwrap()
        .collect()
        .await;
    assert_eq!(items, [Ok(1), Err(Does::Refuse)]);
    assert_eq!(times.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_hopeless_or_has_no_copy_is_not_sent_again() {
    let (mut service, times) = scripted!(policy(3, Rules), [Does::Choke]);
    assert!(service.ready().await.unwrap().call("read").await.is_err());
    assert_eq!(times.lock().unwrap().len(), 1);

    let (mut service, times) = scripted!(policy(3, Rules), [Does::Refuse]);
    assert!(service.ready().await.unwrap().call("once").await.is_err());
    assert_eq!(times.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn waits_double_up_to_the_cap() {
    let (mut service, times) = scripted!(policy(6, Rules), [Does::Refuse; 5]);
    let _reply = service.ready().await.unwrap().call("write").await.unwrap();
    let times = times.lock().unwrap().clone();
    let waits: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(times[0], Duration::ZERO);
    // A timer has a resolution of a millisecond.
    let grain = Duration::from_millis(1);
    for (wait, step) in waits
        .into_iter()
        .zip([100, 200, 300, 300, 300].map(Duration::from_millis))
    {
        assert!(
            step / 2 <= wait && wait <= step + grain,
            "{wait:?} in a step of {step:?}"
        );
    }
}

#[test]
fn backoff_stays_within_its_step_at_any_number() {
    let backoff = Backoff::new(FIRST, CAP);
    for (retry, step) in [(0, FIRST), (1, 2 * FIRST), (2, CAP), (31, CAP), (u32::MAX, CAP)] {
        for _ in 0..100 {
            let delay = backoff.delay(retry);
            assert!(step / 2 <= delay && delay <= step, "{delay:?} at {retry}");
        }
    }
    assert_eq!(Backoff::new(Duration::ZERO, CAP).delay(9), Duration::ZERO);
    assert!(Backoff::new(Duration::MAX, Duration::MAX).delay(9) >= Duration::MAX / 2);
    assert!(
        Backoff::new(CAP, FIRST).delay(0) <= FIRST,
        "the cap holds for the first wait as well"
    );
}

#[test]
fn calls_that_fail_together_do_not_come_back_together() {
    let backoff = Backoff::new(FIRST, CAP);
    let delays: HashSet<_> = (0..100).map(|_| backoff.delay(0)).collect();
    assert!(delays.len() > 50, "{} of 100 differ", delays.len());
    let spread = *delays.iter().max().unwrap() - *delays.iter().min().unwrap();
    assert!(spread > FIRST / 4, "{spread:?}");
}

#[derive(Default)]
struct Purse(AtomicIsize);

impl Budget for Purse {
    fn deposit(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn withdraw(&self) -> bool {
        self.0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| (left > 0).then(|| left - 1))
            .is_ok()
    }
}

#[tokio::test(start_paused = true)]
async fn budget_is_shared_by_all_calls_and_success_pays_in() {
    let purse = Arc::new(Purse(AtomicIsize::new(1)));
    let (service, times) = scripted!(policy(3, Rules).budget(purse.clone()), [Does::Refuse; 3]);
    let mut clone = service.clone();
    let mut service = service;
    // Two attempts and the budget is empty.
    assert!(service.ready().await.unwrap().call("write").await.is_err());
    assert_eq!(times.lock().unwrap().len(), 2);
    // The clone has none of its own.
    assert!(clone.ready().await.unwrap().call("write").await.is_err());
    assert_eq!(times.lock().unwrap().len(), 3);
    let _reply = clone.ready().await.unwrap().call("write").await.unwrap();
    assert_eq!(purse.0.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn budget_pays_for_no_retry_that_is_not_made() {
    let purse = Arc::new(Purse(AtomicIsize::new(5)));
    let (mut service, _) = scripted!(policy(1, Rules).budget(purse.clone()), [Does::Refuse]);
    assert!(service.ready().await.unwrap().call("write").await.is_err());
    let (mut service, _) = scripted!(policy(3, Rules).budget(purse.clone()), [Does::Break]);
    assert!(service.ready().await.unwrap().call("write").await.is_err());
    assert_eq!(purse.0.load(Ordering::SeqCst), 5);
}

#[tokio::test(start_paused = true)]
async fn dropped_call_makes_no_further_attempt() {
    let (mut service, times) = scripted!(policy(3, Rules), [Does::Refuse; 2]);
    let mut call = task::spawn(service.ready().await.unwrap().call("write"));
    assert_pending!(call.poll());
    assert_eq!(times.lock().unwrap().len(), 1);
    drop(call);
    tokio::time::advance(10 * CAP).await;
    assert_eq!(times.lock().unwrap().len(), 1);
}

// PITFALLS 1: the mock panics when it is called unready.
#[tokio::test(start_paused = true)]
async fn each_attempt_readies_the_service_first() {
    #[derive(Clone)]
    struct Always;
    impl RetryRules<u32, BoxError> for Always {
        fn copy(&self, request: &u32) -> Option<u32> {
            Some(*request)
        }
        fn fate(&self, _: &BoxError) -> Fate {
            Fate::NeverSent
        }
    }
    let (mock, mut handle) = tower_test::mock::pair::<u32, stream::Pending<Result<u32, BoxError>>>();
    let mut service = Retry::new(policy(2, Always), mock);
    handle.allow(1);
    let mut call = task::spawn(service.ready().await.unwrap().call(7));
    assert_pending!(call.poll());
    handle.next_request().await.unwrap().1.send_error("refused");
    assert_pending!(call.poll());
    tokio::time::advance(2 * FIRST).await;
    assert_pending!(call.poll());
    assert!(
        handle.next_request().now_or_never().is_none(),
        "called before it was ready"
    );
    handle.allow(1);
    assert_pending!(call.poll());
    let (again, respond) = handle.next_request().await.unwrap();
    assert_eq!(again, 7);
    respond.send_response(stream::pending());
    let _reply = assert_ready_ok!(call.poll());
}

#[tokio::test(start_paused = true)]
async fn cancelling_the_call_cancels_the_attempt() {
    let alive = Arc::new(());
    let inner = {
        let alive = alive.clone();
        service_fn(move |_: &'static str| {
            let alive = alive.clone();
            async move {
                let _alive = alive;
                pending::<Result<stream::Empty<Result<u32, Does>>, Does>>().await
            }
        })
    };
    let mut service = Retry::new(policy(3, Rules), inner);
    let mut call = task::spawn(service.ready().await.unwrap().call("read"));
    assert_pending!(call.poll());
    let while_running = Arc::strong_count(&alive);
    drop(call);
    assert!(Arc::strong_count(&alive) < while_running);
}

#[test]
fn policies_are_send_sync_and_clone() {
    fn check<T: Send + Sync + Clone + 'static>() {}
    check::<RetryPolicy<Rules>>();
    check::<CompleteOnLastItem>();
    check::<Backoff>();
}
