use super::clocks::Clocks;
use super::{Limits, Policy, ResponseFuture, Timed, TimeoutLayer};
use crate::BoxError;
use crate::reply::{Reply, Series, Streams};
use std::fmt;
use std::marker::PhantomData;
use std::task::{Context, Poll};
use tower_service::Service;

/// Ends calls that take too long, phase by phase. See the [module docs](super) for an example.
pub struct Timeout<S, P = (), K = Streams> {
    inner: S,
    limits: Limits,
    policy: P,
    kind: PhantomData<fn() -> K>,
}

impl<S, K> Timeout<S, (), K> {
    /// Bounds the calls of `inner` by `limits`.
    pub const fn new(inner: S, limits: Limits) -> Timeout<S, (), K> {
        Timeout::with_policy(inner, limits, ())
    }

    /// A layer without limits, until they are set.
    pub const fn layer() -> TimeoutLayer<(), K> {
        TimeoutLayer::new()
    }
}

impl<S, P, K> Timeout<S, P, K> {
    /// Bounds the calls of `inner` by `limits` and `policy`.
    pub const fn with_policy(inner: S, limits: Limits, policy: P) -> Timeout<S, P, K> {
        Timeout {
            inner,
            limits,
            policy,
            kind: PhantomData,
        }
    }

    inner_accessors!("is not bounded");
}

impl<S, P, K, Request> Service<Request> for Timeout<S, P, K>
where
    S: Service<Request>,
    S::Response: Reply<K>,
    S::Error: Into<BoxError>,
    P: Policy<Request, <<S::Response as Reply<K>>::Stream as Series<K>>::Item> + Clone,
{
    type Response = <S::Response as Reply<K>>::With<Timed<<S::Response as Reply<K>>::Stream, P, Request>>;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future, P, Request, K>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let limits = self.policy.limits(&request, self.limits);
        let clocks = Clocks::start(limits, self.policy.deadline(&request));
        ResponseFuture::new(self.inner.call(request), clocks, self.policy.clone())
    }
}

// By hand, both: the marker is no value, and need be neither `Clone` nor `Debug`.
impl<S: Clone, P: Clone, K> Clone for Timeout<S, P, K> {
    fn clone(&self) -> Self {
        Timeout::with_policy(self.inner.clone(), self.limits, self.policy.clone())
    }
}

impl<S: fmt::Debug, P: fmt::Debug, K> fmt::Debug for Timeout<S, P, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout")
            .field("inner", &self.inner)
            .field("limits", &self.limits)
            .field("policy", &self.policy)
            .finish()
    }
}
