use super::{Limits, Policy, ResponseFuture, TimeoutLayer};
use crate::BoxError;
use futures_core::Stream;
use std::task::{Context, Poll};
use tower_service::Service;

/// Ends calls that take too long, phase by phase. See the [module docs](super) for an example.
#[derive(Debug, Clone)]
pub struct Timeout<S, P = ()> {
    inner: S,
    limits: Limits,
    policy: P,
}

impl<S> Timeout<S> {
    /// Bounds the calls of `inner` by `limits`.
    pub const fn new(inner: S, limits: Limits) -> Timeout<S> {
        Timeout::with_policy(inner, limits, ())
    }

    /// A layer without limits, until they are set.
    pub const fn layer() -> TimeoutLayer {
        TimeoutLayer::new()
    }
}

impl<S, P> Timeout<S, P> {
    /// Bounds the calls of `inner` by `limits` and `policy`.
    pub const fn with_policy(inner: S, limits: Limits, policy: P) -> Timeout<S, P> {
        Timeout { inner, limits, policy }
    }

    /// The inner service.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service. What is called through it is not bounded.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The inner service.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, P, Request, T, E> Service<Request> for Timeout<S, P>
where
    S: Service<Request>,
    S::Response: Stream<Item = Result<T, E>>,
    S::Error: Into<BoxError>,
    E: Into<BoxError>,
    P: Policy<Request, T> + Clone,
{
    type Response = super::Items<S::Response, P, Request>;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future, P, Request>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let limits = self.policy.limits(&request, self.limits);
        let started = limits.start();
        ResponseFuture::new(self.inner.call(request), limits, started, self.policy.clone())
    }
}
