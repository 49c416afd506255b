//! What is counted and timed, from the call to the last item.

use crate::script::{Ask, Script, Step, ask, next, once};
use crate::support::recorded;
use metrics::with_local_recorder;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use std::io;
use std::time::Duration;
use tokio::time::{advance, sleep};
use tokio_test::{assert_ready, assert_ready_ok, task};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_transport_layers::metrics::MetricsLayer;

#[test]
fn exchange_is_counted_and_timed_to_its_last_item() {
    let recorded = recorded(async {
        let inner = service_fn(|_: Ask| async {
            sleep(Duration::from_secs(1)).await;
            Ok::<_, io::Error>(Script::new([Step::Item(10), Step::Item(20)]))
        });
        let mut service = MetricsLayer::new().layer(inner);
        let mut reply = Box::pin(service.ready().await.unwrap().call(ask("a")).await.unwrap());
        advance(Duration::from_secs(1)).await;
        next(&mut reply).await.unwrap().unwrap();
        advance(Duration::from_secs(3)).await;
        next(&mut reply).await.unwrap().unwrap();
        // The last item is out: what a reader does after that is no part of the call.
        advance(Duration::from_secs(60)).await;
        assert!(next(&mut reply).await.is_none());
    });
    assert_eq!(recorded.outcomes(), [1, 0, 0, 0]);
    assert_eq!(recorded.in_flight(), 0.0);
    assert_eq!(recorded.counter("exchange_request_bytes_total{}"), 100);
    assert_eq!(recorded.counter("exchange_reply_bytes_total{}"), 30);
    assert_eq!(recorded.counter("exchange_items_total{}"), 2);
    assert_eq!(recorded.histogram("exchange_first_item_seconds{}"), [2.0]);
    assert_eq!(recorded.histogram("exchange_duration_seconds{}"), [5.0]);
}

#[test]
fn gauge_is_up_from_the_call_to_the_last_item() {
    let recorder = DebuggingRecorder::new();
    // A snapshot sets the gauge back, so each shows what changed.
    let shown = std::cell::Cell::new(0.0);
    let gauge = || {
        let all = recorder.snapshotter().snapshot().into_vec();
        let found = all
            .into_iter()
            .find(|(key, ..)| key.key().name() == "exchange_in_flight");
        match found.unwrap().3 {
            DebugValue::Gauge(value) => shown.set(shown.get() + value.into_inner()),
            other => panic!("{other:?}"),
        }
        shown.get()
    };
    with_local_recorder(&recorder, || {
        let mut service = MetricsLayer::new().layer(once(Script::new([Step::Item(1), Step::Item(1)])));
        assert_eq!(gauge(), 0.0, "the series is there before the first call");
        let mut future = task::spawn(service.call(ask("a")));
        assert_eq!(gauge(), 1.0);
        let mut reply = task::spawn(assert_ready_ok!(future.poll()));
        assert!(assert_ready!(reply.poll_next()).is_some());
        assert_eq!(gauge(), 1.0);
        assert!(assert_ready!(reply.poll_next()).is_some());
        assert_eq!(gauge(), 0.0, "the last item is out, though nobody polled for the end");
        drop(reply);
        assert_eq!(gauge(), 0.0);
    });
}

#[test]
fn reply_that_does_not_tell_of_its_end_counts_until_it_ends() {
    let recorded = recorded(async {
        let mut script = Script::new([]);
        script.tells = false;
        let mut service = MetricsLayer::new().layer(once(script));
        let mut reply = Box::pin(service.ready().await.unwrap().call(ask("a")).await.unwrap());
        assert!(next(&mut reply).await.is_none());
    });
    assert_eq!((recorded.outcomes(), recorded.in_flight()), ([1, 0, 0, 0], 0.0));
    assert!(recorded.histogram("exchange_first_item_seconds{}").is_empty());
}

#[test]
fn empty_reply_is_over_when_it_comes() {
    let recorded = recorded(async {
        let mut service = MetricsLayer::new().layer(once(Script::new([])));
        let _unread = service.ready().await.unwrap().call(ask("a")).await.unwrap();
    });
    assert_eq!((recorded.outcomes(), recorded.in_flight()), ([1, 0, 0, 0], 0.0));
}
