use super::handles::Registry;
use super::{Exchange, Methods, MetricsLayer};
use crate::observe::{self, Kinds, Observed, ResponseFuture, Weight};
use crate::reply::{Asks, Reply, Series, Streams};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// Counts and times exchanges. See the [module docs](super) for an example.
pub struct Metrics<S, L = (), C = (), K = Streams> {
    inner: S,
    registry: Arc<Registry>,
    methods: L,
    kinds: C,
    kind: PhantomData<fn() -> K>,
}

impl<S, K> Metrics<S, (), (), K> {
    /// Counts and times the exchanges of `inner`, with the defaults of [`MetricsLayer::new`].
    pub fn new(inner: S) -> Metrics<S, (), (), K> {
        MetricsLayer::new().layer(inner)
    }

    /// A layer with its defaults.
    pub fn layer() -> MetricsLayer<(), (), K> {
        MetricsLayer::new()
    }
}

impl<S, L, C, K> Metrics<S, L, C, K> {
    pub(super) const fn with_parts(inner: S, registry: Arc<Registry>, methods: L, kinds: C) -> Self {
        Metrics {
            inner,
            registry,
            methods,
            kinds,
            kind: PhantomData,
        }
    }

    inner_accessors!("is not counted");
}

impl<S, L, C, K, Request, R, T, E> Service<Request> for Metrics<S, L, C, K>
where
    S: Service<Request>,
    S::Response: Reply<K, Stream = R>,
    R: Series<K, Item = T, Error = E>,
    Request: Weight<K> + Asks<K>,
    T: Weight<K>,
    L: Methods<Request>,
    C: Kinds<S::Error> + Kinds<E> + Clone,
{
    type Response = <S::Response as Reply<K>>::With<Observed<R, Exchange<C>>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, Exchange<C>, K>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let exchange = Exchange::start(&request, &self.registry, &self.methods, &self.kinds);
        observe::call(&mut self.inner, request, Some(exchange))
    }
}

// By hand, both: the marker is no value, and need be neither `Clone` nor `Debug`; functions have no `Debug`.
impl<S: Clone, L: Clone, C: Clone, K> Clone for Metrics<S, L, C, K> {
    fn clone(&self) -> Self {
        Metrics::with_parts(
            self.inner.clone(),
            self.registry.clone(),
            self.methods.clone(),
            self.kinds.clone(),
        )
    }
}

impl<S: fmt::Debug, L, C, K> fmt::Debug for Metrics<S, L, C, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
