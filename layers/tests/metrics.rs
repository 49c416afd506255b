//! Metrics of exchanges, read back from a recorder that is the test's own.

#[path = "../../tests/support/counting.rs"]
mod counting;
#[path = "support/script.rs"]
mod script;

use counting::allocations;
use futures_core::Stream;
use http_body_util::Full;
use metrics::{
    Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit, with_local_recorder,
};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use script::{Ask, Script, Step, ask, frame, next, once, once_http};
use std::borrow::Cow;
use std::collections::HashMap;
use std::future::{Future, pending, ready};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::time::{advance, sleep};
use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok, task};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_test::mock;
use tower_transport_layers::metrics::{Metrics, MetricsLayer};
use tower_transport_layers::observe::{Kinds, kind_of};
use tower_transport_layers::reply::Bodies;
use tower_transport_layers::{BoxError, Describe, WireSize};

/// What was recorded while `test` ran, in paused time, by name and labels as Prometheus writes them.
fn recorded<F: Future>(test: F) -> Recorded {
    let recorder = DebuggingRecorder::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    with_local_recorder(&recorder, || runtime.block_on(test));
    let mut values = HashMap::new();
    let mut units = HashMap::new();
    for (key, unit, text, value) in recorder.snapshotter().snapshot().into_vec() {
        let key = key.key();
        let labels: Vec<_> = key.labels().map(|l| format!("{}={}", l.key(), l.value())).collect();
        units.insert(key.name().to_owned(), unit.zip(text.map(|text| text.to_string())));
        values.insert(format!("{}{{{}}}", key.name(), labels.join(",")), value);
    }
    Recorded { values, units }
}

struct Recorded {
    values: HashMap<String, DebugValue>,
    units: HashMap<String, Option<(Unit, String)>>,
}

impl Recorded {
    fn value(&self, series: &str) -> &DebugValue {
        self.values
            .get(series)
            .unwrap_or_else(|| panic!("no {series} in {:?}", self.values.keys()))
    }

    fn counter(&self, series: &str) -> u64 {
        match self.value(series) {
            DebugValue::Counter(value) => *value,
            other => panic!("{series} is {other:?}"),
        }
    }

    fn in_flight(&self) -> f64 {
        match self.value("exchange_in_flight{}") {
            DebugValue::Gauge(value) => value.into_inner(),
            other => panic!("{other:?}"),
        }
    }

    fn histogram(&self, series: &str) -> Vec<f64> {
        match self.value(series) {
            DebugValue::Histogram(values) => values.iter().map(|value| value.into_inner()).collect(),
            other => panic!("{series} is {other:?}"),
        }
    }

    /// How many calls ended in each way: ok, error, cancelled, panicked.
    fn outcomes(&self) -> [u64; 4] {
        ["ok", "error", "cancelled", "panicked"]
            .map(|outcome| self.counter(&format!("exchange_calls_total{{outcome={outcome}}}")))
    }
}

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

#[test]
fn method_of_a_peer_is_no_label_unless_it_is_given_one() {
    let recorded = recorded(async {
        let mut service = MetricsLayer::new().layer(service_fn(|_: Ask| ready(Ok::<_, io::Error>(Script::new([])))));
        for n in 0..1000 {
            service
                .ready()
                .await
                .unwrap()
                .call(ask(&format!("evil/{n}")))
                .await
                .unwrap();
        }
    });
    assert_eq!(recorded.outcomes(), [1000, 0, 0, 0]);
    assert_eq!(recorded.values.len(), 10, "{:?}", recorded.values.keys());
}

#[test]
fn methods_of_a_list_are_told_apart_and_all_others_are_other() {
    let recorded = recorded(async {
        let layer = MetricsLayer::new().one_of(&["tools/call", "tools/list"]);
        let mut service = layer.layer(service_fn(|_: Ask| ready(Ok::<_, io::Error>(Script::new([])))));
        for method in ["tools/call", "evil/1", "tools/call", "evil/2", "evil/3"] {
            service.ready().await.unwrap().call(ask(method)).await.unwrap();
        }
    });
    let calls = |method| recorded.counter(&format!("exchange_calls_total{{method={method},outcome=ok}}"));
    assert_eq!([calls("tools/call"), calls("other")], [2, 3]);
    assert_eq!(calls("tools/list"), 0, "there before the first call");
    assert_eq!(recorded.values.len(), 3 * 10);
}

#[test]
fn function_of_methods_is_bounded_even_if_it_makes_them_up() {
    let recorded = recorded(async {
        let layer = MetricsLayer::new().methods(|ask: &Ask| &*ask.method.clone().leak());
        let mut service = layer.layer(service_fn(|_: Ask| ready(Ok::<_, io::Error>(Script::new([])))));
        for n in 0..200 {
            service
                .ready()
                .await
                .unwrap()
                .call(ask(&format!("m{n}")))
                .await
                .unwrap();
        }
    });
    assert_eq!(recorded.counter("exchange_calls_total{method=m63,outcome=ok}"), 1);
    assert_eq!(recorded.counter("exchange_calls_total{method=other,outcome=ok}"), 136);
    assert_eq!(recorded.values.len(), 65 * 10);
}

#[test]
fn kinds_are_by_function_and_bounded_even_if_it_makes_them_up() {
    let recorded = recorded(async {
        let layer = MetricsLayer::new().kinds(|error: &io::Error| &*error.to_string().leak());
        let mut n = 0;
        let mut service = layer.layer(service_fn(move |_: Ask| {
            n += 1;
            ready(Err::<Script, _>(io::Error::other(format!("k{n}"))))
        }));
        for _ in 0..100 {
            service.ready().await.unwrap().call(ask("a")).await.unwrap_err();
        }
    });
    assert_eq!(recorded.counter("exchange_errors_total{kind=k32}"), 1);
    assert_eq!(recorded.counter("exchange_errors_total{kind=other}"), 68);
    assert_eq!(recorded.values.len(), 10 + 33);
}

#[test]
fn default_kinds_look_through_the_chain_of_a_boxed_error() {
    assert_eq!(().kind(&BoxError::from("plain")), "error");
    assert_eq!(().kind(&BoxError::from(io::Error::other("deep"))), "io");
    assert_eq!(().kind(&io::Error::other("bare")), "io");
    assert_eq!(().kind(&std::fmt::Error), "error");
    assert_eq!(kind_of(&std::fmt::Error), "error");
}

#[cfg(all(
    feature = "timeout",
    feature = "in-flight",
    feature = "max-message-size",
    feature = "buffer-pool",
    feature = "catch-panic",
    feature = "drain"
))]
#[test]
fn default_kinds_name_the_errors_of_this_crate() {
    use tower_transport_layers::in_flight::Overloaded;
    use tower_transport_layers::in_flight::bytes::{BytesOverloaded, NeverFits};
    use tower_transport_layers::max_message_size::{Direction, TooLarge, TooManyItems};
    use tower_transport_layers::{buffer_pool, catch_panic, drain, timeout};
    let elapsed = timeout::Elapsed::new(timeout::Phase::Idle, Duration::ZERO);
    assert_eq!(().kind(&BoxError::from(io::Error::other(elapsed))), "timeout");
    assert_eq!(kind_of(&Overloaded::new(1, 1, None)), "overloaded");
    assert_eq!(kind_of(&BytesOverloaded::new(1, 1, 1, None)), "overloaded");
    assert_eq!(kind_of(&NeverFits::new(1, 2)), "too_large");
    assert_eq!(kind_of(&TooLarge::new(Direction::Request, 1, 2)), "too_large");
    assert_eq!(kind_of(&buffer_pool::TooLarge::new(1, 2)), "too_large");
    assert_eq!(kind_of(&TooManyItems::new(1)), "too_many_items");
    let panicked = catch_panic::Panicked::new(catch_panic::Place::Call, None);
    assert_eq!(kind_of(&panicked), "panicked");
    assert_eq!(kind_of(&drain::Draining::new(1)), "draining");
    assert_eq!(kind_of(&drain::Interrupted::new(1)), "interrupted");
}

#[test]
fn prefix_and_labels_are_on_every_series_and_all_are_described() {
    let recorded = recorded(async {
        let layer = MetricsLayer::new()
            .prefix("gateway")
            .label("edge", "http")
            .label("zone", "b".to_owned());
        let mut service = layer.layer(service_fn(|_: Ask| ready(Err::<Script, _>(io::Error::other("no")))));
        service.ready().await.unwrap().call(ask("a")).await.unwrap_err();
    });
    for series in recorded.values.keys() {
        assert!(
            series.starts_with("gateway_") && series.contains("edge=http,zone=b"),
            "{series}"
        );
    }
    assert_eq!(recorded.counter("gateway_errors_total{edge=http,zone=b,kind=io}"), 1);
    assert_eq!(recorded.units.len(), 8);
    for (name, unit) in &recorded.units {
        let (unit, _text) = unit.as_ref().unwrap_or_else(|| panic!("{name} is not described"));
        let expected = match name {
            name if name.contains("bytes") => Unit::Bytes,
            name if name.ends_with("seconds") => Unit::Seconds,
            _ => Unit::Count,
        };
        assert_eq!(*unit, expected, "{name}");
    }
}

// PITFALLS 2
#[test]
fn clones_and_repeated_layers_share_their_handles_and_other_names_do_not() {
    let recorded = recorded(async {
        let layer = MetricsLayer::new();
        let inner = || service_fn(|_: Ask| ready(Ok::<_, io::Error>(Script::new([]))));
        for mut service in [
            layer.layer(inner()),
            layer.clone().layer(inner()),
            layer.layer(inner()).clone(),
        ] {
            service.ready().await.unwrap().call(ask("a")).await.unwrap();
        }
        let mut other = layer.prefix("other").layer(inner());
        other.ready().await.unwrap().call(ask("a")).await.unwrap();
    });
    assert_eq!(recorded.outcomes(), [3, 0, 0, 0]);
    assert_eq!(recorded.counter("other_calls_total{outcome=ok}"), 1);
}

// As hyper does: it asks for no more than the length that it has told of.
#[test]
fn body_of_an_announced_length_is_over_with_its_last_byte() {
    let recorded = recorded(async {
        for (length, asked) in [("15", 2), ("0", 0), ("16", 2)] {
            let mut service = ServiceBuilder::new()
                .layer(MetricsLayer::new())
                .map_response(move |mut response: http::Response<Script>| {
                    response.headers_mut().insert("content-length", length.parse().unwrap());
                    response
                })
                .service(once_http::<Full<&[u8]>>(Script::new([
                    Step::Item(10),
                    Step::Item(5),
                    Step::Wait,
                ])));
            let request = http::Request::new(Full::default());
            let response = service.ready().await.unwrap().call(request).await.unwrap();
            let mut body = Box::pin(response.into_body());
            for _ in 0..asked {
                frame(&mut body).await.unwrap().unwrap();
            }
        }
    });
    assert_eq!((recorded.outcomes(), recorded.in_flight()), ([2, 0, 1, 0], 0.0));
}

#[test]
fn bodies_are_counted_as_streams_are_and_errors_by_kind() {
    let recorded = recorded(async {
        let script = Script::new([Step::Item(10), Step::Item(5), Step::Fail]);
        let mut service = ServiceBuilder::new()
            .layer(MetricsLayer::new())
            .service(once_http::<Full<&[u8]>>(script));
        let request = http::Request::new(Full::new(&b"12345678"[..]));
        let response = service.ready().await.unwrap().call(request).await.unwrap();
        let mut body = Box::pin(response.into_body());
        while let Some(Ok(_)) = frame(&mut body).await {}
    });
    assert_eq!((recorded.outcomes(), recorded.in_flight()), ([0, 1, 0, 0], 0.0));
    assert_eq!(recorded.counter("exchange_request_bytes_total{}"), 8);
    assert_eq!(recorded.counter("exchange_reply_bytes_total{}"), 15);
    assert_eq!(recorded.counter("exchange_items_total{}"), 2);
    assert_eq!(recorded.counter("exchange_errors_total{kind=io}"), 1);
}

#[test]
fn request_adds_no_more_than_the_cap_whatever_it_claims() {
    let recorded = |layer: MetricsLayer<(), (), Bodies>, claims: &'static [u64]| {
        recorded(async move {
            let mut service = layer.layer(service_fn(|_: http::Request<Script>| {
                ready(Ok::<_, io::Error>(http::Response::new(Script::new([]))))
            }));
            for claim in claims {
                let mut request = http::Request::new(Script::new([Step::Wait]));
                request.headers_mut().insert("content-length", (*claim).into());
                service.ready().await.unwrap().call(request).await.unwrap();
            }
        })
        .counter("exchange_request_bytes_total{}")
    };
    // Two of them would set the counter back to nothing.
    assert_eq!(recorded(MetricsLayer::new(), &[1 << 63, 1 << 63]), 2 << 32);
    assert_eq!(
        recorded(MetricsLayer::new().request_bytes_cap(100), &[7, 100, 101, u64::MAX]),
        307
    );
}

/// Counts how often it is asked for a handle.
#[derive(Default)]
struct Registering(AtomicUsize);

struct NoHistogram;

impl HistogramFn for NoHistogram {
    fn record(&self, _: f64) {}
}

impl Recorder for Registering {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        self.0.fetch_add(1, Ordering::SeqCst);
        Counter::from_arc(Arc::new(AtomicU64::new(0)))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        self.0.fetch_add(1, Ordering::SeqCst);
        Gauge::from_arc(Arc::new(AtomicU64::new(0)))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        self.0.fetch_add(1, Ordering::SeqCst);
        Histogram::from_arc(Arc::new(NoHistogram))
    }
}

/// A request, and a reply of one item, that own no memory.
struct Tiny;

impl WireSize for Tiny {
    fn wire_size(&self) -> usize {
        1
    }
}

impl Stream for Tiny {
    type Item = Result<Tiny, io::Error>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(Some(Ok(Tiny)))
    }
}

impl Describe for Tiny {
    fn method(&self) -> Cow<'_, str> {
        Cow::Borrowed("a")
    }
}

#[test]
fn call_allocates_nothing_and_looks_nothing_up() {
    let recorder = Registering::default();
    with_local_recorder(&recorder, || {
        let mut fails = false;
        let layer = MetricsLayer::new().one_of(&["a"]);
        let mut service = layer.layer(service_fn(move |_: Tiny| {
            fails = !fails;
            ready(if fails {
                Err(io::Error::from(io::ErrorKind::Other))
            } else {
                Ok(Tiny)
            })
        }));
        let mut cx = Context::from_waker(Waker::noop());
        let mut call = || {
            let mut future = pin!(service.call(Tiny));
            if let Poll::Ready(Ok(reply)) = future.as_mut().poll(&mut cx) {
                assert!(pin!(reply).poll_next(&mut cx).is_ready());
            }
        };
        call();
        call();
        let before = (allocations(), recorder.0.load(Ordering::SeqCst));
        (0..100).for_each(|_| call());
        assert_eq!((allocations(), recorder.0.load(Ordering::SeqCst)), before);
        // Nor does another service of the layer, as axum makes one for each connection.
        let _others: [Metrics<(), _>; 2] = [layer.clone().layer(()), layer.layer(())];
    });
    assert_eq!(
        recorder.0.load(Ordering::SeqCst),
        11,
        "ten for the method, one for the kind"
    );
}

#[test]
fn poll_ready_is_that_of_the_inner_service_and_hints_pass() {
    let (mut service, mut handle) = mock::spawn_layer::<Ask, Script, _>(MetricsLayer::new());
    handle.allow(0);
    assert_pending!(service.poll_ready());
    handle.allow(1);
    assert!(service.is_woken());
    assert_ready_ok!(service.poll_ready());
    handle.send_error("dead");
    assert_eq!(assert_ready_err!(service.poll_ready()).to_string(), "dead");

    let mut service = MetricsLayer::new().layer(once(Script::new([Step::Item(1), Step::Item(1)])));
    let mut reply = task::spawn(assert_ready_ok!(task::spawn(service.call(ask("a"))).poll()));
    for left in [2, 1, 0] {
        assert_eq!(reply.size_hint(), (0, Some(left)));
        let _item = reply.poll_next();
    }
}

#[test]
fn auto_traits_follow_those_of_what_is_inside() {
    fn all<T: Send + Sync + Clone + 'static>() {}
    all::<MetricsLayer>();
    all::<Metrics<()>>();
    all::<MetricsLayer<fn(&Ask) -> &'static str, fn(&BoxError) -> &'static str>>();
}
