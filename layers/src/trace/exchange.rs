use super::escape::escape;
use super::settings::Settings;
use super::{Show, level};
use crate::Describe;
use crate::observe::{End, Kinds, ObserveError, ObserveItem, Observer, Weight};
use std::fmt;
use std::marker::PhantomData;
use tokio::time::Instant;
use tracing::Span;
use tracing::span::Entered;

/// The span of one exchange, with what is written into it at the end.
pub struct Exchange<P, C, Request> {
    span: Span,
    settings: Settings,
    show: P,
    kinds: C,
    started: Instant,
    items: u64,
    bytes: u64,
    request: PhantomData<fn(Request)>,
}

impl<P, C, Request> Exchange<P, C, Request> {
    /// `None` if nobody listens, which costs no more than asking.
    pub(super) fn start<K>(request: &Request, settings: &Settings, show: &P, kinds: &C) -> Option<Self>
    where
        Request: Describe + Weight<K>,
        P: Clone,
        C: Clone,
    {
        let span = level::span(settings.span, request, settings.name_cap);
        if span.is_disabled() {
            return None;
        }
        Some(Exchange {
            span,
            settings: *settings,
            show: show.clone(),
            kinds: kinds.clone(),
            started: Instant::now(),
            items: 0,
            bytes: 0,
            request: PhantomData,
        })
    }

    /// Shows what may be shown of the request.
    pub(super) fn show_request<T>(&self, request: &Request)
    where
        P: Show<Request, T>,
    {
        self.payload("request", || self.show.request(request));
    }

    fn payload(&self, what: &'static str, show: impl FnOnce() -> Option<String>) {
        let Settings {
            payload, payload_cap, ..
        } = self.settings;
        self.span.in_scope(|| level::payload(payload, payload_cap, what, show));
    }

    fn end(&self, outcome: &'static str, level: tracing::Level) {
        self.span.record("items", self.items);
        self.span.record("reply_bytes", self.bytes);
        self.span.record("outcome", outcome);
        self.span
            .record("duration_seconds", self.started.elapsed().as_secs_f64());
        self.span.in_scope(|| level::ended(level));
    }
}

impl<P, C, Request> Observer for Exchange<P, C, Request> {
    type Entered<'a>
        = Entered<'a>
    where
        Self: 'a;

    fn enter(&self) -> Entered<'_> {
        self.span.enter()
    }

    fn ended(self, end: End) {
        match end {
            End::Ok => self.end("ok", self.settings.end),
            End::Cancelled => self.end("cancelled", self.settings.end),
            End::Panicked => self.end("panicked", self.settings.failure),
        }
    }
}

impl<P, C, Request, T, K> ObserveItem<T, K> for Exchange<P, C, Request>
where
    P: Show<Request, T>,
    T: Weight<K>,
{
    fn item(&mut self, item: &T) {
        self.items += 1;
        self.bytes = self.bytes.saturating_add(item.weight().unwrap_or(0));
        self.payload("item", || self.show.item(item));
    }
}

impl<P, C, Request, E> ObserveError<E> for Exchange<P, C, Request>
where
    C: Kinds<E>,
    E: fmt::Display,
{
    fn failed(self, error: &E) {
        self.span.record("kind", self.kinds.kind(error));
        if self.settings.errors {
            self.span
                .record("error", &*escape(&error.to_string(), self.settings.payload_cap));
        }
        self.end("error", self.settings.failure);
    }
}

// By hand: policies and requests have no `Debug`.
impl<P, C, Request> fmt::Debug for Exchange<P, C, Request> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("span", &self.span)
            .field("started", &self.started)
            .field("items", &self.items)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}
