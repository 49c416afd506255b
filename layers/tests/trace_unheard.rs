//! A trace in a process without any subscriber, which is a test binary of its own. (Tower's feature `log` turns on that of `tracing`, by which
//! spans that nobody hears are formatted as log records.)

#[path = "../../tests/support/counting.rs"]
mod counting;

use counting::allocations;
use futures_core::Stream;
use std::borrow::Cow;
use std::future::{Future, ready};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use tower::{Layer, Service, service_fn};
use tower_transport_layers::trace::TraceLayer;
use tower_transport_layers::{Describe, WireSize};

/// A request whose names nobody may ask for, and a reply of one item.
struct Unasked;

impl Describe for Unasked {
    fn method(&self) -> Cow<'_, str> {
        panic!("asked for its method")
    }
}

impl WireSize for Unasked {
    fn wire_size(&self) -> usize {
        panic!("asked for its size")
    }
}

impl Stream for Unasked {
    type Item = Result<Unasked, io::Error>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(Some(Ok(Unasked)))
    }
}

#[test]
fn trace_without_any_subscriber_costs_no_allocation_and_asks_for_nothing() {
    let mut service = TraceLayer::new().layer(service_fn(|_: Unasked| ready(Ok::<_, io::Error>(Unasked))));
    let mut cx = Context::from_waker(Waker::noop());
    let before = allocations();
    for _ in 0..100 {
        let Poll::Ready(Ok(reply)) = pin!(service.call(Unasked)).poll(&mut cx) else {
            panic!("answers at once")
        };
        assert!(pin!(reply).poll_next(&mut cx).is_ready());
    }
    assert_eq!(allocations(), before);
}
