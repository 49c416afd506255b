use super::{Limits, Timeout};
use std::time::Duration;
use tower_layer::Layer;

/// Ends calls that take too long, phase by phase. See the [module docs](super) for an example.
#[derive(Debug, Clone, Copy, Default)]
#[must_use]
pub struct TimeoutLayer<P = ()> {
    limits: Limits,
    policy: P,
}

impl TimeoutLayer {
    /// No limits, until they are set.
    pub const fn new() -> TimeoutLayer {
        TimeoutLayer {
            limits: Limits::none(),
            policy: (),
        }
    }
}

impl<P> TimeoutLayer<P> {
    /// Limits the time from `call` until the call future resolves.
    ///
    /// Choose it above what the slowest honest call takes to its first item. For services that answer without saying anything before, that is
    /// the whole of the call.
    pub const fn first_item(mut self, limit: Duration) -> Self {
        self.limits = self.limits.with_first_item(Some(limit));
        self
    }

    /// Limits silence within a reply.
    ///
    /// Choose it above the longest pause of a peer that works: its keep-alive or progress interval, with room.
    pub const fn idle(mut self, limit: Duration) -> Self {
        self.limits = self.limits.with_idle(Some(limit));
        self
    }

    /// Limits the time from `call` to the last item, also for a reply that makes progress all the time.
    pub const fn total(mut self, limit: Duration) -> Self {
        self.limits = self.limits.with_total(Some(limit));
        self
    }

    /// Sets all limits at once.
    pub const fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets what depends on the request and on the items.
    pub fn policy<Q>(self, policy: Q) -> TimeoutLayer<Q> {
        TimeoutLayer {
            limits: self.limits,
            policy,
        }
    }

    /// The limits, before the policy sees them.
    pub const fn limits(&self) -> Limits {
        self.limits
    }
}

impl<S, P: Clone> Layer<S> for TimeoutLayer<P> {
    type Service = Timeout<S, P>;

    fn layer(&self, inner: S) -> Timeout<S, P> {
        Timeout::with_policy(inner, self.limits, self.policy.clone())
    }
}
