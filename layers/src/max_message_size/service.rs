use super::{Admit, Admitted, Deliver, Limits, MaxMessageSizeLayer, Policy, ResponseFuture};
use crate::BoxError;
use crate::reply::Streams;
use std::fmt;
use std::marker::PhantomData;
use std::task::{Context, Poll};
use tower_service::Service;

/// Fails calls whose messages are too large. See the [module docs](super) for an example.
pub struct MaxMessageSize<S, P = (), K = Streams> {
    inner: S,
    limits: Limits,
    policy: P,
    kind: PhantomData<fn() -> K>,
}

impl<S, K> MaxMessageSize<S, (), K> {
    /// Holds the calls of `inner` to `limits`.
    pub const fn new(inner: S, limits: Limits) -> MaxMessageSize<S, (), K> {
        MaxMessageSize::with_policy(inner, limits, ())
    }

    /// A layer that limits messages to `max` bytes, either way.
    pub const fn layer(max: usize) -> MaxMessageSizeLayer<(), K> {
        MaxMessageSizeLayer::new(max)
    }
}

impl<S, P, K> MaxMessageSize<S, P, K> {
    /// Holds the calls of `inner` to `limits` and `policy`.
    pub const fn with_policy(inner: S, limits: Limits, policy: P) -> MaxMessageSize<S, P, K> {
        MaxMessageSize {
            inner,
            limits,
            policy,
            kind: PhantomData,
        }
    }

    inner_accessors!("is not limited");
}

impl<S, P, K, Request, Inner> Service<Request> for MaxMessageSize<S, P, K>
where
    Request: Admit<K, Inner = Inner>,
    // Implied, but said so that `Request` and `K` are inferred from what `S` takes.
    Inner: Admitted<K, Outer = Request>,
    S: Service<Inner>,
    S::Response: Deliver<K>,
    S::Error: Into<BoxError>,
    P: Policy<Request>,
{
    type Response = <S::Response as Deliver<K>>::Capped;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future, K>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let limits = self.policy.limits(&request, self.limits);
        let of_answer = request.limits_of_answer(limits);
        match request.admit(limits) {
            Ok(request) => ResponseFuture::called(self.inner.call(request), of_answer),
            // The inner service stays ready for the next call.
            Err(error) => ResponseFuture::refused(error, limits),
        }
    }
}

// By hand, both: the marker is no value, and need be neither `Clone` nor `Debug`.
impl<S: Clone, P: Clone, K> Clone for MaxMessageSize<S, P, K> {
    fn clone(&self) -> Self {
        MaxMessageSize::with_policy(self.inner.clone(), self.limits, self.policy.clone())
    }
}

impl<S: fmt::Debug, P: fmt::Debug, K> fmt::Debug for MaxMessageSize<S, P, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MaxMessageSize")
            .field("inner", &self.inner)
            .field("limits", &self.limits)
            .field("policy", &self.policy)
            .finish()
    }
}
