use super::Methods;
use super::handles::{Handles, Registry};
use crate::observe::{End, Kinds, ObserveError, ObserveItem, Observer, Weight};
use std::fmt;
use std::sync::Arc;
use tokio::time::Instant;

/// Counts one exchange.
pub struct Exchange<C> {
    registry: Arc<Registry>,
    kinds: C,
    /// Where the handles of the method are.
    place: usize,
    started: Instant,
    has_items: bool,
}

impl<C> Exchange<C> {
    pub(super) fn start<K, Request, L>(request: &Request, registry: &Arc<Registry>, methods: &L, kinds: &C) -> Self
    where
        Request: Weight<K>,
        L: Methods<Request>,
        C: Clone,
    {
        // What is the user's comes first: it may panic, and nothing is counted yet.
        let bytes = request.weight().unwrap_or(0).min(registry.request_cap());
        let exchange = Exchange {
            registry: registry.clone(),
            kinds: kinds.clone(),
            place: registry.place(methods.method(request)),
            started: Instant::now(),
            has_items: false,
        };
        let handles = exchange.handles();
        handles.request_bytes.increment(bytes);
        handles.in_flight.increment(1.0);
        exchange
    }

    fn handles(&self) -> &Handles {
        self.registry.at(self.place)
    }

    fn end(&self) {
        let handles = self.handles();
        handles.in_flight.decrement(1.0);
        handles.duration.record(self.started.elapsed());
    }
}

impl<C> Observer for Exchange<C> {
    type Entered<'a>
        = ()
    where
        Self: 'a;

    fn enter(&self) {}

    fn ended(self, end: End) {
        self.end();
        let handles = self.handles();
        let calls = match end {
            End::Ok => &handles.ok,
            End::Cancelled => &handles.cancelled,
            End::Panicked => &handles.panicked,
        };
        calls.increment(1);
    }
}

impl<C, T: Weight<K>, K> ObserveItem<T, K> for Exchange<C> {
    fn item(&mut self, item: &T) {
        let handles = self.registry.at(self.place);
        if !self.has_items {
            self.has_items = true;
            handles.first_item.record(self.started.elapsed());
        }
        handles.items.increment(1);
        handles.reply_bytes.increment(item.weight().unwrap_or(0));
    }
}

impl<C: Kinds<E>, E> ObserveError<E> for Exchange<C> {
    fn failed(self, error: &E) {
        self.end();
        let handles = self.handles();
        handles.error.increment(1);
        handles.errors(self.kinds.kind(error)).increment(1);
    }
}

// By hand: functions have no `Debug`.
impl<C> fmt::Debug for Exchange<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("started", &self.started)
            .field("has_items", &self.has_items)
            .finish_non_exhaustive()
    }
}
