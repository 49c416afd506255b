use super::Trace;
use super::settings::Settings;
use crate::reply::Streams;
use std::fmt;
use std::marker::PhantomData;
use tower_layer::Layer;
use tracing::Level;

/// Puts a span around each exchange. See the [module docs](super) for an example.
#[must_use]
pub struct TraceLayer<P = (), C = (), K = Streams> {
    settings: Settings,
    show: P,
    kinds: C,
    kind: PhantomData<fn() -> K>,
}

impl<K> TraceLayer<(), (), K> {
    /// Spans at `INFO`, their ends at `DEBUG`, failures at `WARN`; no payload and no text of errors.
    pub const fn new() -> TraceLayer<(), (), K> {
        TraceLayer {
            settings: Settings::new(),
            show: (),
            kinds: (),
            kind: PhantomData,
        }
    }
}

impl<P, C, K> TraceLayer<P, C, K> {
    /// The level of the span.
    ///
    /// Where it is disabled the layer does nothing, and says nothing of failures either: their events would not tell whose they are. Choose
    /// `WARN` for spans that a filter of `warn` lets through.
    pub const fn span_level(mut self, level: Level) -> Self {
        self.settings.span = level;
        self
    }

    /// The level of the event at the end of an exchange that ended well or was cancelled.
    pub const fn end_level(mut self, level: Level) -> Self {
        self.settings.end = level;
        self
    }

    /// The level of the event at the end of an exchange that failed or panicked.
    pub const fn failure_level(mut self, level: Level) -> Self {
        self.settings.failure = level;
        self
    }

    /// The level of the events that show payload. See [`show`](TraceLayer::show).
    pub const fn payload_level(mut self, level: Level) -> Self {
        self.settings.payload = level;
        self
    }

    /// How much is shown of a method and of an id, in bytes of what came. 128 by default.
    pub const fn name_cap(mut self, cap: usize) -> Self {
        self.settings.name_cap = cap;
        self
    }

    /// How much is shown of a request, an item or an error, in bytes. 1024 by default.
    pub const fn payload_cap(mut self, cap: usize) -> Self {
        self.settings.payload_cap = cap;
        self
    }

    /// Shows the text of errors, cut as payload is.
    ///
    /// Off by default, as an error may quote what it failed on.
    pub const fn show_errors(mut self, show: bool) -> Self {
        self.settings.errors = show;
        self
    }

    /// Shows what `show` gives of requests and items, each in an event of its own.
    pub fn show<Q>(self, show: Q) -> TraceLayer<Q, C, K> {
        TraceLayer {
            settings: self.settings,
            show,
            kinds: self.kinds,
            kind: PhantomData,
        }
    }

    /// Sets what kinds of errors are told apart. See [`Kinds`](crate::observe::Kinds).
    pub fn kinds<D>(self, kinds: D) -> TraceLayer<P, D, K> {
        TraceLayer {
            settings: self.settings,
            show: self.show,
            kinds,
            kind: PhantomData,
        }
    }
}

impl<S, P: Clone, C: Clone, K> Layer<S> for TraceLayer<P, C, K> {
    type Service = Trace<S, P, C, K>;

    fn layer(&self, inner: S) -> Trace<S, P, C, K> {
        Trace::with_parts(inner, self.settings, self.show.clone(), self.kinds.clone())
    }
}

impl<K> Default for TraceLayer<(), (), K> {
    fn default() -> Self {
        TraceLayer::new()
    }
}

// By hand, both: the marker is no value, and need be neither `Clone` nor `Debug`; functions have no `Debug`.
impl<P: Clone, C: Clone, K> Clone for TraceLayer<P, C, K> {
    fn clone(&self) -> Self {
        TraceLayer {
            settings: self.settings,
            show: self.show.clone(),
            kinds: self.kinds.clone(),
            kind: PhantomData,
        }
    }
}

impl<P, C, K> fmt::Debug for TraceLayer<P, C, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceLayer")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
