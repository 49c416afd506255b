//! What is said at which level, and what it costs to say nothing.

use crate::counting::allocations;
use crate::script::{Ask, Script, ask, once};
use crate::support::logged;
use futures_core::Stream;
use std::future::{Future, ready};
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_transport_layers::trace::TraceLayer;
use tracing::Level;

#[test]
fn levels_are_those_that_are_set() {
    let log = logged(Level::TRACE, async {
        let layer = TraceLayer::new()
            .span_level(Level::ERROR)
            .end_level(Level::TRACE)
            .failure_level(Level::INFO);
        let mut service = layer.layer(once(Script::new([])));
        service.ready().await.unwrap().call(ask("a")).await.unwrap();
        let mut service = layer.layer(service_fn(|_: Ask| ready(Err::<Script, _>(io::Error::other("no")))));
        service.ready().await.unwrap().call(ask("a")).await.unwrap_err();
    });
    assert_eq!(log.seen.lock().unwrap().spans[0].0, Level::ERROR);
    let levels: Vec<_> = log.events().into_iter().map(|(level, _)| level).collect();
    assert_eq!(levels, [Level::TRACE, Level::INFO]);
}

/// A request whose names nobody may ask for, and a reply of one item.
struct Unasked;

impl tower_transport_layers::Describe for Unasked {
    fn method(&self) -> std::borrow::Cow<'_, str> {
        panic!("asked for its method")
    }
}

impl tower_transport_layers::WireSize for Unasked {
    fn wire_size(&self) -> usize {
        panic!("asked for its size")
    }
}

impl Stream for Unasked {
    type Item = Result<Unasked, io::Error>;

    fn poll_next(self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(Some(Ok(Unasked)))
    }
}

#[test]
fn disabled_span_costs_no_allocation_and_asks_for_nothing() {
    let log = logged(Level::WARN, async {
        let mut service = TraceLayer::new().layer(service_fn(|_: Unasked| ready(Ok::<_, io::Error>(Unasked))));
        let mut call = || {
            let mut cx = Context::from_waker(Waker::noop());
            let Poll::Ready(Ok(reply)) = pin!(service.call(Unasked)).poll(&mut cx) else {
                panic!("answers at once")
            };
            assert!(pin!(reply).poll_next(&mut cx).is_ready());
        };
        // The first use of a place in the code registers it.
        call();
        let before = allocations();
        (0..100).for_each(|_| call());
        assert_eq!(allocations(), before);
    });
    assert!(log.seen.lock().unwrap().spans.is_empty());
    assert!(log.events().is_empty());
}

#[test]
fn disabled_span_says_nothing_of_failures_either() {
    let log = logged(Level::WARN, async {
        let mut service = TraceLayer::new().layer(service_fn(|_: Ask| ready(Err::<Script, _>(io::Error::other("no")))));
        service.ready().await.unwrap().call(ask("a")).await.unwrap_err();
    });
    assert!(log.events().is_empty());
}
