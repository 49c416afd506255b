use super::settings::Settings;
use super::{Exchange, Show, TraceLayer};
use crate::Describe;
use crate::observe::{self, Kinds, Observed, ResponseFuture, Weight};
use crate::reply::{Asks, Reply, Series, Streams};
use std::fmt;
use std::marker::PhantomData;
use std::task::{Context, Poll};
use tower_service::Service;

/// Puts a span around each exchange. See the [module docs](super) for an example.
pub struct Trace<S, P = (), C = (), K = Streams> {
    inner: S,
    settings: Settings,
    show: P,
    kinds: C,
    kind: PhantomData<fn() -> K>,
}

impl<S, K> Trace<S, (), (), K> {
    /// Puts a span around each exchange of `inner`, with the defaults of [`TraceLayer::new`].
    pub const fn new(inner: S) -> Trace<S, (), (), K> {
        Trace::with_parts(inner, Settings::new(), (), ())
    }

    /// A layer with its defaults.
    pub const fn layer() -> TraceLayer<(), (), K> {
        TraceLayer::new()
    }
}

impl<S, P, C, K> Trace<S, P, C, K> {
    pub(super) const fn with_parts(inner: S, settings: Settings, show: P, kinds: C) -> Self {
        Trace {
            inner,
            settings,
            show,
            kinds,
            kind: PhantomData,
        }
    }

    inner_accessors!("is not traced");
}

impl<S, P, C, K, Request, R, T, E> Service<Request> for Trace<S, P, C, K>
where
    S: Service<Request>,
    S::Response: Reply<K, Stream = R>,
    R: Series<K, Item = T, Error = E>,
    Request: Describe + Weight<K> + Asks<K>,
    T: Weight<K>,
    P: Show<Request, T> + Clone,
    C: Kinds<S::Error> + Kinds<E> + Clone,
    S::Error: fmt::Display,
    E: fmt::Display,
{
    type Response = <S::Response as Reply<K>>::With<Observed<R, Box<Exchange<P, C, Request>>>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, Box<Exchange<P, C, Request>>, K>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let exchange = Exchange::start(&request, &self.settings, &self.show, &self.kinds);
        if let Some(exchange) = &exchange {
            exchange.show_request(&request);
        }
        observe::call(&mut self.inner, request, exchange.map(Box::new))
    }
}

// By hand, both: the marker is no value, and need be neither `Clone` nor `Debug`; functions have no `Debug`.
impl<S: Clone, P: Clone, C: Clone, K> Clone for Trace<S, P, C, K> {
    fn clone(&self) -> Self {
        Trace::with_parts(self.inner.clone(), self.settings, self.show.clone(), self.kinds.clone())
    }
}

impl<S: fmt::Debug, P, C, K> fmt::Debug for Trace<S, P, C, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace")
            .field("inner", &self.inner)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
