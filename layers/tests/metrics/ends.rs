//! How exchanges end.

use crate::script::{Ask, Script, Step, ask, next, once};
use crate::support::recorded;
use std::future::{pending, ready};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio_test::{assert_pending, task};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_transport_layers::metrics::MetricsLayer;

#[test]
fn error_of_the_call_is_counted_by_kind() {
    let recorded = recorded(async {
        let mut service =
            MetricsLayer::new().layer(service_fn(|_: Ask| ready(Err::<Script, _>(io::Error::other("no")))));
        let error: io::Error = service.ready().await.unwrap().call(ask("a")).await.unwrap_err();
        assert_eq!(error.to_string(), "no", "errors keep their type");
    });
    assert_eq!((recorded.outcomes(), recorded.in_flight()), ([0, 1, 0, 0], 0.0));
    assert_eq!(recorded.counter("exchange_errors_total{kind=io}"), 1);
    assert_eq!(recorded.histogram("exchange_duration_seconds{}").len(), 1);
}

#[test]
fn error_of_the_reply_ends_the_call_once() {
    let recorded = recorded(async {
        let mut service = MetricsLayer::new().layer(once(Script::new([Step::Item(1), Step::Fail, Step::Item(1)])));
        let mut reply = Box::pin(service.ready().await.unwrap().call(ask("a")).await.unwrap());
        next(&mut reply).await.unwrap().unwrap();
        next(&mut reply).await.unwrap().unwrap_err();
        next(&mut reply).await.unwrap().unwrap();
        assert!(next(&mut reply).await.is_none());
    });
    assert_eq!((recorded.outcomes(), recorded.in_flight()), ([0, 1, 0, 0], 0.0));
    assert_eq!(
        recorded.counter("exchange_items_total{}"),
        1,
        "it is over with the error"
    );
}

#[test]
fn dropped_future_is_a_cancelled_call() {
    let recorded = recorded(async {
        let mut service = MetricsLayer::new().layer(service_fn(|_: Ask| pending::<io::Result<Script>>()));
        let mut future = task::spawn(service.ready().await.unwrap().call(ask("a")));
        assert_pending!(future.poll());
        drop(future);
        drop(service.call(ask("b")));
    });
    assert_eq!((recorded.outcomes(), recorded.in_flight()), ([0, 0, 2, 0], 0.0));
}

// PITFALLS 3
#[test]
fn dropped_reply_is_a_cancelled_call() {
    let recorded = recorded(async {
        let mut service = MetricsLayer::new().layer(once(Script::new([Step::Item(1), Step::Wait])));
        let mut reply = Box::pin(service.ready().await.unwrap().call(ask("a")).await.unwrap());
        drop(service);
        next(&mut reply).await.unwrap().unwrap();
        drop(reply);
    });
    assert_eq!((recorded.outcomes(), recorded.in_flight()), ([0, 0, 1, 0], 0.0));
}

#[test]
fn panic_of_call_future_or_reply_is_counted_and_goes_on() {
    let recorded = recorded(async {
        let layer = MetricsLayer::new();
        let mut service = layer.layer(service_fn(|_: Ask| -> std::future::Ready<io::Result<Script>> {
            panic!("call")
        }));
        catch_unwind(AssertUnwindSafe(|| drop(service.call(ask("a"))))).unwrap_err();

        let mut service = layer.layer(service_fn(|_: Ask| async { panic!("future") as io::Result<Script> }));
        let mut future = task::spawn(service.call(ask("a")));
        catch_unwind(AssertUnwindSafe(|| future.poll().is_ready())).unwrap_err();
        drop(future);

        let mut service = layer.layer(once(Script::new([Step::Panic])));
        let mut reply = task::spawn(service.call(ask("a")).await.unwrap());
        catch_unwind(AssertUnwindSafe(|| reply.poll_next().is_ready())).unwrap_err();
        drop(reply);
    });
    assert_eq!((recorded.outcomes(), recorded.in_flight()), ([0, 0, 0, 3], 0.0));
}

#[test]
fn drop_that_panics_is_counted_as_a_panic() {
    let recorded = recorded(async {
        let mut script = Script::new([Step::Wait]);
        script.panics_when_dropped = true;
        let mut service = MetricsLayer::new().layer(once(script));
        let reply = service.ready().await.unwrap().call(ask("a")).await.unwrap();
        catch_unwind(AssertUnwindSafe(|| drop(reply))).unwrap_err();
    });
    assert_eq!((recorded.outcomes(), recorded.in_flight()), ([0, 0, 0, 1], 0.0));
}

#[test]
fn call_that_is_dropped_because_of_a_panic_elsewhere_is_cancelled() {
    let recorded = recorded(async {
        let mut service = MetricsLayer::new().layer(once(Script::new([Step::Wait])));
        let reply = service.ready().await.unwrap().call(ask("a")).await.unwrap();
        catch_unwind(AssertUnwindSafe(|| {
            let _held = reply;
            panic!("elsewhere");
        }))
        .unwrap_err();
    });
    assert_eq!((recorded.outcomes(), recorded.in_flight()), ([0, 0, 1, 0], 0.0));
}
