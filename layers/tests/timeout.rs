//! Timeouts by phase, in paused time.

use futures_core::Stream;
use std::collections::VecDeque;
use std::future::{Future, pending, poll_fn, ready as at_once};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, advance, sleep};
use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok, task};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_test::mock;
use tower_transport_layers::BoxError;
use tower_transport_layers::timeout::{Clock, Elapsed, Limits, Phase, Policy, Timed, Timeout, TimeoutLayer, ready};

const SECOND: Duration = Duration::from_secs(1);

fn elapsed(error: &BoxError) -> (Phase, Duration) {
    let elapsed = error.downcast_ref::<Elapsed>().expect("an Elapsed");
    (elapsed.phase(), elapsed.limit())
}

/// A reply by script: waits and items. At its end it ends, or is silent for ever.
struct Script {
    steps: VecDeque<Step>,
    /// What `size_hint` tells of the end, apart from the items that are left.
    endless: bool,
    wait: Option<Pin<Box<Sleep>>>,
    _dropped: SetOnDrop,
}

enum Step {
    Wait(Duration),
    Item(u32),
    Fail,
}

struct SetOnDrop(Arc<AtomicBool>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Script {
    fn new(steps: impl IntoIterator<Item = Step>) -> (Script, Arc<AtomicBool>) {
        let dropped = Arc::new(AtomicBool::new(false));
        let script = Script {
            steps: steps.into_iter().collect(),
            endless: false,
            wait: None,
            _dropped: SetOnDrop(dropped.clone()),
        };
        (script, dropped)
    }

    fn then_silence(mut self) -> Script {
        self.endless = true;
        self
    }
}

impl Stream for Script {
    type Item = Result<u32, io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(wait) = &mut self.wait {
                std::task::ready!(wait.as_mut().poll(cx));
                self.wait = None;
            }
            match self.steps.pop_front() {
                Some(Step::Wait(time)) => self.wait = Some(Box::pin(sleep(time))),
                Some(Step::Item(item)) => return Poll::Ready(Some(Ok(item))),
                Some(Step::Fail) => return Poll::Ready(Some(Err(io::Error::other("inner")))),
                None if self.endless => return Poll::Pending,
                None => return Poll::Ready(None),
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.steps.iter().filter(|step| !matches!(step, Step::Wait(_))).count();
        (left, (!self.endless).then_some(left))
    }
}

async fn next<S: Stream>(reply: &mut Pin<Box<S>>) -> Option<S::Item> {
    poll_fn(|cx| reply.as_mut().poll_next(cx)).await
}

type Reply<P> = Pin<Box<Timed<Script, P, ()>>>;

/// The reply to a call that a script answers at once.
async fn reply<P: Policy<(), u32> + Clone>(layer: TimeoutLayer<P>, script: Script) -> Reply<P> {
    let mut script = Some(script);
    let inner = service_fn(move |()| at_once(Ok::<_, io::Error>(script.take().expect("one call"))));
    Box::pin(layer.layer(inner).ready().await.unwrap().call(()).await.unwrap())
}

#[tokio::test(start_paused = true)]
async fn call_without_limits_waits_for_as_long_as_it_takes() {
    let (script, _) = Script::new([Step::Wait(SECOND * 86_400), Step::Item(1)]);
    let mut reply = reply(TimeoutLayer::new(), script).await;
    assert_eq!(next(&mut reply).await.unwrap().unwrap(), 1);
    assert!(next(&mut reply).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn first_item_that_does_not_come_fails_the_call_and_names_phase_and_limit() {
    let inner = service_fn(|()| pending::<Result<Script, io::Error>>());
    let mut service = TimeoutLayer::new().first_item(SECOND).total(SECOND * 9).layer(inner);
    let began = Instant::now();
    let error = service.ready().await.unwrap().call(()).await.unwrap_err();
    assert_eq!(elapsed(&error), (Phase::FirstItem, SECOND));
    assert_eq!(began.elapsed().as_secs(), 1);
    assert_eq!(
        error.to_string(),
        "no answer and no other item within 1s (first item timeout)"
    );
}

#[tokio::test(start_paused = true)]
async fn total_limit_counts_for_the_first_item_as_well_when_it_is_tighter() {
    let inner = service_fn(|()| pending::<Result<Script, io::Error>>());
    let mut service = TimeoutLayer::new().first_item(SECOND * 9).total(SECOND).layer(inner);
    let error = service.ready().await.unwrap().call(()).await.unwrap_err();
    assert_eq!(elapsed(&error), (Phase::Total, SECOND));
}

#[tokio::test(start_paused = true)]
async fn expiry_drops_the_inner_future_before_the_caller_hears_of_it() {
    let dropped = Arc::new(AtomicBool::new(false));
    let seen = dropped.clone();
    let inner = service_fn(move |()| {
        let guard = SetOnDrop(seen.clone());
        async move {
            let _guard = guard;
            pending::<Result<Script, io::Error>>().await
        }
    });
    let mut service = Timeout::new(inner, Limits::none().with_first_item(Some(SECOND)));
    let mut future = task::spawn(service.ready().await.unwrap().call(()));
    assert_pending!(future.poll());
    advance(SECOND * 2).await;
    assert!(future.is_woken());
    assert_ready_err!(future.poll());
    assert!(dropped.load(Ordering::SeqCst), "while the future itself is still held");
}

#[tokio::test(start_paused = true)]
async fn inner_future_is_dropped_with_its_answer_although_the_outer_one_is_held() {
    let dropped = Arc::new(AtomicBool::new(false));
    let seen = dropped.clone();
    let inner = service_fn(move |()| {
        let (guard, mut script) = (SetOnDrop(seen.clone()), Some(Script::new([]).0));
        poll_fn(move |_| {
            let _held = &guard;
            Poll::Ready(Ok::<_, io::Error>(script.take().unwrap()))
        })
    });
    let mut service = Timeout::new(inner, Limits::none().with_first_item(Some(SECOND)));
    let mut future = task::spawn(service.ready().await.unwrap().call(()));
    let _reply = assert_ready_ok!(future.poll());
    assert!(dropped.load(Ordering::SeqCst));
}

// PITFALLS 9
#[tokio::test(start_paused = true)]
async fn answer_that_is_there_wins_over_a_timer_that_has_fired() {
    let (mut service, mut handle) = mock::spawn_layer::<(), Script, _>(TimeoutLayer::new().first_item(SECOND));
    handle.allow(1);
    assert_ready_ok!(service.poll_ready());
    let mut future = task::spawn(service.call(()));
    assert_pending!(future.poll());
    let ((), respond) = handle.next_request().await.unwrap();
    respond.send_response(Script::new([Step::Item(1)]).0);
    advance(SECOND * 9).await;
    assert_ready_ok!(future.poll());
}

// PITFALLS 9
#[tokio::test(start_paused = true)]
async fn item_that_is_there_wins_over_an_idle_timer_that_has_fired() {
    let (script, _) = Script::new([Step::Wait(SECOND * 2), Step::Item(1)]);
    let reply = reply(TimeoutLayer::new().idle(SECOND), script).await;
    let mut reply = task::spawn(reply);
    assert_pending!(reply.poll_next());
    advance(SECOND * 3).await;
    assert_eq!(assert_ready!(reply.poll_next()).unwrap().unwrap(), 1);
}

// PITFALLS 10
#[tokio::test(start_paused = true)]
async fn stream_that_makes_progress_outlives_every_idle_limit() {
    let steps = (0..100).flat_map(|n| [Step::Wait(SECOND * 9 / 10), Step::Item(n)]);
    let (script, _) = Script::new(steps);
    let mut reply = reply(TimeoutLayer::new().first_item(SECOND).idle(SECOND), script).await;
    for n in 0..100 {
        assert_eq!(next(&mut reply).await.unwrap().unwrap(), n);
    }
    assert!(next(&mut reply).await.is_none());
}

// PITFALLS 10
#[tokio::test(start_paused = true)]
async fn silence_within_a_stream_fails_it_after_the_last_item_and_not_after_the_call() {
    let (script, dropped) = Script::new([Step::Wait(SECOND / 2), Step::Item(1)]);
    let mut reply = reply(
        TimeoutLayer::new().first_item(SECOND).idle(SECOND),
        script.then_silence(),
    )
    .await;
    assert_eq!(next(&mut reply).await.unwrap().unwrap(), 1);
    let began = Instant::now();
    let error = next(&mut reply).await.unwrap().unwrap_err();
    assert_eq!(elapsed(&error), (Phase::Idle, SECOND));
    assert_eq!(began.elapsed().as_millis(), 1000);
    assert!(
        dropped.load(Ordering::SeqCst),
        "PITFALLS 11: what is inside is dropped, which cancels"
    );
    assert_eq!(reply.size_hint(), (0, Some(0)));
    assert!(next(&mut reply).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn idle_clock_runs_only_while_somebody_waits() {
    let (script, _) = Script::new([Step::Item(1), Step::Wait(SECOND / 2), Step::Item(2)]);
    let mut reply = reply(TimeoutLayer::new().idle(SECOND), script).await;
    assert_eq!(next(&mut reply).await.unwrap().unwrap(), 1);
    advance(SECOND * 60).await;
    assert_eq!(next(&mut reply).await.unwrap().unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn total_limit_ends_a_stream_that_makes_progress() {
    let (script, dropped) = Script::new((0..100).flat_map(|n| [Step::Wait(SECOND), Step::Item(n)]));
    let mut reply = reply(
        TimeoutLayer::new().idle(SECOND * 5).total(SECOND * 3 + SECOND / 2),
        script,
    )
    .await;
    for n in 0..3 {
        assert_eq!(next(&mut reply).await.unwrap().unwrap(), n);
    }
    let error = next(&mut reply).await.unwrap().unwrap_err();
    assert_eq!(elapsed(&error), (Phase::Total, SECOND * 7 / 2));
    assert!(dropped.load(Ordering::SeqCst));
}

#[tokio::test(start_paused = true)]
async fn total_limit_ends_a_stream_that_always_has_one_more_item() {
    let (script, _) = Script::new((0..100).map(Step::Item));
    let mut reply = reply(TimeoutLayer::new().total(SECOND), script).await;
    assert_eq!(next(&mut reply).await.unwrap().unwrap(), 0);
    advance(SECOND * 2).await;
    let error = next(&mut reply).await.unwrap().unwrap_err();
    assert_eq!(elapsed(&error), (Phase::Total, SECOND));
}

#[tokio::test(start_paused = true)]
async fn last_item_that_is_there_is_given_however_late_it_is_read() {
    let (script, _) = Script::new([Step::Item(1), Step::Item(2)]);
    let mut reply = reply(TimeoutLayer::new().total(SECOND), script).await;
    assert_eq!(next(&mut reply).await.unwrap().unwrap(), 1);
    advance(SECOND * 2).await;
    assert_eq!(next(&mut reply).await.unwrap().unwrap(), 2);
    assert!(next(&mut reply).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn timer_that_was_armed_for_later_is_moved_to_a_tighter_deadline() {
    // While the idle clock stands, the total limit of 100 s is waited for; then the idle limit of 1 s.
    let (script, _) = Script::new([Step::Item(7), Step::Wait(SECOND / 2), Step::Item(1)]);
    let layer = TimeoutLayer::new()
        .idle(SECOND)
        .total(SECOND * 100)
        .policy(StopAfter(7));
    let mut reply = reply(layer, script.then_silence()).await;
    let began = Instant::now();
    assert_eq!(next(&mut reply).await.unwrap().unwrap(), 7);
    assert_eq!(next(&mut reply).await.unwrap().unwrap(), 1);
    let error = next(&mut reply).await.unwrap().unwrap_err();
    assert_eq!(elapsed(&error), (Phase::Idle, SECOND));
    assert_eq!(began.elapsed().as_millis(), 1500);
}

/// Stops the idle clock after the items of one value, and takes those of 99 for no progress.
#[derive(Clone, Copy)]
struct StopAfter(u32);

impl Policy<(), u32> for StopAfter {
    fn after(&self, item: &u32) -> Clock {
        match *item {
            99 => Clock::Keep,
            item if item == self.0 => Clock::Stop,
            _ => Clock::Restart,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn idle_clock_stands_while_the_peer_waits_for_us() {
    let (script, _) = Script::new([Step::Item(7), Step::Wait(SECOND * 60), Step::Item(1)]);
    let mut reply = reply(
        TimeoutLayer::new().idle(SECOND).policy(StopAfter(7)),
        script.then_silence(),
    )
    .await;
    assert_eq!(next(&mut reply).await.unwrap().unwrap(), 7);
    assert_eq!(next(&mut reply).await.unwrap().unwrap(), 1);
    assert_eq!(
        elapsed(&next(&mut reply).await.unwrap().unwrap_err()),
        (Phase::Idle, SECOND)
    );
}

#[tokio::test(start_paused = true)]
async fn item_that_is_no_progress_sets_a_clock_going_that_stands() {
    let (script, _) = Script::new([Step::Item(7), Step::Wait(SECOND * 60), Step::Item(99)]);
    let layer = TimeoutLayer::new().idle(SECOND).policy(StopAfter(7));
    let mut reply = reply(layer, script.then_silence()).await;
    assert_eq!(next(&mut reply).await.unwrap().unwrap(), 7);
    assert_eq!(next(&mut reply).await.unwrap().unwrap(), 99);
    let error = tokio::time::timeout(SECOND * 9, next(&mut reply)).await;
    let error = error.expect("an expiry").unwrap().unwrap_err();
    assert_eq!(elapsed(&error), (Phase::Idle, SECOND));
}

#[tokio::test(start_paused = true)]
async fn item_that_is_no_progress_leaves_the_idle_clock_running() {
    let noise = (0..100).flat_map(|_| [Step::Wait(SECOND * 4 / 10), Step::Item(99)]);
    let (script, _) = Script::new(noise);
    let mut reply = reply(TimeoutLayer::new().idle(SECOND).policy(StopAfter(0)), script).await;
    let began = Instant::now();
    let error = loop {
        if let Err(error) = next(&mut reply).await.unwrap() {
            break error;
        }
    };
    assert_eq!(elapsed(&error), (Phase::Idle, SECOND));
    assert_eq!(began.elapsed().as_millis(), 1000);
}

// PITFALLS 9
#[tokio::test(start_paused = true)]
async fn progress_that_came_in_time_is_not_thrown_away_for_a_slow_reader_of_what_came_before_it() {
    let (script, _) = Script::new([
        Step::Wait(SECOND / 2),
        Step::Item(99),
        Step::Item(1),
        Step::Item(99),
        Step::Wait(SECOND / 2),
        Step::Item(2),
    ]);
    let layer = TimeoutLayer::new().idle(SECOND).progress(|item: &u32| *item != 99);
    let mut reply = task::spawn(reply(layer, script.then_silence()).await);
    assert_pending!(reply.poll_next());
    advance(SECOND * 60).await;
    assert_eq!(assert_ready!(reply.poll_next()).unwrap().unwrap(), 99);
    assert_eq!(assert_ready!(reply.poll_next()).unwrap().unwrap(), 1);
    advance(SECOND * 60).await;
    assert_eq!(assert_ready!(reply.poll_next()).unwrap().unwrap(), 99);
    assert_pending!(reply.poll_next());
    advance(SECOND / 2).await;
    assert_eq!(assert_ready!(reply.poll_next()).unwrap().unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn time_of_the_reader_between_items_that_are_no_progress_is_not_the_peers() {
    let (script, _) = Script::new([Step::Wait(SECOND / 2), Step::Item(99)]);
    let layer = TimeoutLayer::new().idle(SECOND).progress(|item: &u32| *item != 99);
    let mut reply = reply(layer, script.then_silence()).await;
    assert_eq!(next(&mut reply).await.unwrap().unwrap(), 99);
    advance(SECOND * 60).await;
    let began = Instant::now();
    let error = next(&mut reply).await.unwrap().unwrap_err();
    assert_eq!(elapsed(&error), (Phase::Idle, SECOND));
    assert_eq!(began.elapsed().as_millis(), 500, "the half second that was left");
}

#[tokio::test(start_paused = true)]
async fn error_that_does_not_end_the_stream_is_no_silence() {
    let steps = (0..10).flat_map(|_| [Step::Wait(SECOND * 9 / 10), Step::Fail]);
    let (script, _) = Script::new(steps);
    let mut reply = reply(TimeoutLayer::new().idle(SECOND), script).await;
    for _ in 0..10 {
        let error = next(&mut reply).await.unwrap().unwrap_err();
        assert_eq!(error.downcast_ref::<io::Error>().unwrap().to_string(), "inner");
    }
    assert!(next(&mut reply).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn closure_says_which_items_are_progress() {
    let noise = (0..100).flat_map(|n| [Step::Wait(SECOND * 4 / 10), Step::Item(if n == 1 { 1 } else { 99 })]);
    let (script, _) = Script::new(noise);
    let layer = TimeoutLayer::new().idle(SECOND).progress(|item: &u32| *item != 99);
    let mut reply = reply(layer, script).await;
    let began = Instant::now();
    let error = loop {
        if let Err(error) = next(&mut reply).await.unwrap() {
            break error;
        }
    };
    assert_eq!(elapsed(&error), (Phase::Idle, SECOND));
    assert_eq!(
        began.elapsed().as_millis(),
        1800,
        "a second after the one item that counts"
    );
}

#[tokio::test(start_paused = true)]
async fn policy_sets_the_limits_of_one_request() {
    #[derive(Clone)]
    struct ByRequest;
    impl Policy<u64, u32> for ByRequest {
        fn limits(&self, request: &u64, limits: Limits) -> Limits {
            limits.with_first_item((*request > 0).then(|| Duration::from_secs(*request)))
        }
    }
    let inner = service_fn(|_: u64| async {
        sleep(SECOND * 30).await;
        Ok::<_, io::Error>(Script::new([]).0)
    });
    let mut service = TimeoutLayer::new().first_item(SECOND).policy(ByRequest).layer(inner);
    let error = service.ready().await.unwrap().call(5).await.unwrap_err();
    assert_eq!(elapsed(&error), (Phase::FirstItem, SECOND * 5));
    assert!(service.ready().await.unwrap().call(0).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn errors_of_the_inner_service_and_stream_pass_unchanged() {
    let mut failing = TimeoutLayer::new()
        .first_item(SECOND)
        .layer(service_fn(|()| at_once(Err::<Script, _>(io::Error::other("refused")))));
    let error = failing.ready().await.unwrap().call(()).await.unwrap_err();
    assert_eq!(error.downcast_ref::<io::Error>().unwrap().to_string(), "refused");

    let (script, _) = Script::new([Step::Fail]);
    let mut reply = reply(TimeoutLayer::new().idle(SECOND), script).await;
    let error = next(&mut reply).await.unwrap().unwrap_err();
    assert_eq!(error.downcast_ref::<io::Error>().unwrap().to_string(), "inner");
    assert!(next(&mut reply).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn size_hint_is_that_of_the_inner_stream() {
    let (script, _) = Script::new([Step::Item(1), Step::Item(2)]);
    let mut reply = reply(TimeoutLayer::new().idle(SECOND), script).await;
    for left in [2, 1, 0] {
        assert_eq!(reply.size_hint(), (left, Some(left)));
        let _item = next(&mut reply).await;
    }
}

#[tokio::test(start_paused = true)]
async fn dropping_the_reply_drops_the_inner_stream() {
    let (script, dropped) = Script::new([]);
    let reply = reply(TimeoutLayer::new().idle(SECOND), script.then_silence()).await;
    let mut reply = task::spawn(reply);
    assert_pending!(reply.poll_next());
    drop(reply);
    assert!(dropped.load(Ordering::SeqCst));
}

#[tokio::test(start_paused = true)]
async fn timer_of_a_call_or_reply_that_is_over_wakes_nobody() {
    let inner = service_fn(|()| async {
        sleep(SECOND / 2).await;
        Ok::<_, io::Error>(Script::new([Step::Wait(SECOND / 2)]).0)
    });
    let mut service = TimeoutLayer::new().first_item(SECOND).total(SECOND * 2).layer(inner);
    let mut call = task::spawn(service.ready().await.unwrap().call(()));
    assert_pending!(call.poll());
    advance(SECOND / 2).await;
    let mut reply = task::spawn(Box::pin(assert_ready_ok!(call.poll())));
    assert_pending!(reply.poll_next());
    advance(SECOND / 2).await;
    assert!(assert_ready!(reply.poll_next()).is_none());
    advance(SECOND * 9).await;
    assert!(!call.is_woken() && !reply.is_woken(), "while both are still held");
}

#[tokio::test(start_paused = true)]
async fn zero_limit_lets_through_what_is_there_at_once() {
    let (script, _) = Script::new([Step::Item(1)]);
    let layer = TimeoutLayer::new().first_item(Duration::ZERO).idle(Duration::ZERO);
    let mut reply = reply(layer, script.then_silence()).await;
    assert_eq!(next(&mut reply).await.unwrap().unwrap(), 1);
    assert_eq!(
        elapsed(&next(&mut reply).await.unwrap().unwrap_err()),
        (Phase::Idle, Duration::ZERO)
    );
}

#[tokio::test(start_paused = true)]
async fn limit_beyond_the_end_of_time_is_none() {
    let (script, _) = Script::new([Step::Wait(SECOND), Step::Item(1)]);
    let layer = TimeoutLayer::new()
        .first_item(Duration::MAX)
        .idle(Duration::MAX)
        .total(Duration::MAX);
    let mut reply = reply(layer, script).await;
    assert_eq!(next(&mut reply).await.unwrap().unwrap(), 1);
}

#[test]
fn limits_read_as_they_were_set() {
    let limits = Limits::none();
    assert_eq!((limits.first_item(), limits.idle(), limits.total()), (None, None, None));
    let limits = limits.with_first_item(Some(SECOND)).with_idle(Some(SECOND * 2));
    let limits = limits.with_total(Some(Duration::MAX));
    assert_eq!(
        (limits.first_item(), limits.idle(), limits.total()),
        (Some(SECOND), Some(SECOND * 2), None)
    );
    assert_eq!(
        format!("{limits:?}"),
        "Limits { first_item: Some(1s), idle: Some(2s), total: None }"
    );
    assert_eq!(limits.with_first_item(None).with_idle(None), Limits::default());
}

#[test]
fn call_that_never_waits_needs_no_timer_and_no_runtime() {
    let (script, _) = Script::new([Step::Item(1)]);
    let mut script = Some(script);
    let inner = service_fn(move |()| at_once(Ok::<_, io::Error>(script.take().unwrap())));
    let mut service = TimeoutLayer::new()
        .first_item(SECOND)
        .idle(SECOND)
        .total(SECOND)
        .layer(inner);
    let mut future = task::spawn(service.call(()));
    let mut reply = task::spawn(Box::pin(assert_ready_ok!(future.poll())));
    assert_eq!(assert_ready!(reply.poll_next()).unwrap().unwrap(), 1);
    assert!(assert_ready!(reply.poll_next()).is_none());
}

#[tokio::test(start_paused = true)]
async fn poll_ready_is_that_of_the_inner_service() {
    let (mut service, mut handle) = mock::spawn_layer::<(), Script, _>(TimeoutLayer::new().total(SECOND));
    handle.allow(0);
    assert_pending!(service.poll_ready());
    handle.allow(1);
    assert!(service.is_woken());
    assert_ready_ok!(service.poll_ready());
    handle.send_error("dead");
    assert_eq!(assert_ready_err!(service.poll_ready()).to_string(), "dead");
}

#[tokio::test(start_paused = true)]
async fn ready_helper_bounds_the_wait_for_readiness() {
    let (mut service, mut handle) = mock::pair::<(), ()>();
    handle.allow(0);
    let error = ready(&mut service, SECOND).await.unwrap_err();
    assert_eq!(elapsed(&error), (Phase::Ready, SECOND));
    handle.allow(1);
    ready(&mut service, Duration::ZERO).await.unwrap();
}

#[test]
fn auto_traits_follow_those_of_what_is_inside() {
    fn all<T: Send + Sync + Clone + 'static>() {}
    fn send<T: Send + Sync + 'static>() {}
    all::<TimeoutLayer>();
    all::<Timeout<()>>();
    all::<Elapsed>();
    // The request is no part of what is kept.
    send::<Timed<(), (), std::rc::Rc<()>>>();
}
