//! What a call costs.

use crate::counting::allocations;
use futures_core::Stream;
use metrics::{
    Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit, with_local_recorder,
};
use std::borrow::Cow;
use std::future::{Future, ready};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use tower::{Layer, Service, service_fn};
use tower_transport_layers::metrics::{Metrics, MetricsLayer};
use tower_transport_layers::{Describe, WireSize};

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
