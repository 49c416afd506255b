use super::{Limits, Progress, Timeout};
use crate::reply::Streams;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;
use tower_layer::Layer;

/// Ends calls that take too long, phase by phase. See the [module docs](super) for an example.
#[must_use]
pub struct TimeoutLayer<P = (), K = Streams> {
    limits: Limits,
    policy: P,
    kind: PhantomData<fn() -> K>,
}

impl<K> TimeoutLayer<(), K> {
    /// No limits, until they are set.
    pub const fn new() -> TimeoutLayer<(), K> {
        TimeoutLayer {
            limits: Limits::none(),
            policy: (),
            kind: PhantomData,
        }
    }
}

impl<K> TimeoutLayer<(), K> {
    /// Takes only those items for progress, and so for a reason to restart the idle clock, that `progress` is true for.
    ///
    /// A peer that sends log lines or keep-alives while nothing gets done is then idle. Only waiting counts: one that sends them faster than
    /// they are read keeps nobody waiting, and is ended by the limit in total. Who has more to say writes a [`Policy`].
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tower_transport_layers::timeout::TimeoutLayer;
    /// # enum Item { Log, Answer }
    /// let layer: TimeoutLayer<_> = TimeoutLayer::new()
    ///     .idle(Duration::from_secs(60))
    ///     .progress(|item: &Item| !matches!(item, Item::Log));
    /// ```
    ///
    /// [`Policy`]: super::Policy
    pub fn progress<F, Item>(self, progress: F) -> TimeoutLayer<Progress<F>, K>
    where
        F: Fn(&Item) -> bool,
    {
        self.policy(Progress(progress))
    }
}

impl<P, K> TimeoutLayer<P, K> {
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

    /// Sets all limits at once. [`Limits`] can also lift them.
    pub const fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets what depends on the request and on the items.
    pub fn policy<Q>(self, policy: Q) -> TimeoutLayer<Q, K> {
        TimeoutLayer {
            limits: self.limits,
            policy,
            kind: PhantomData,
        }
    }

    /// The limits, before the policy sees them.
    pub const fn limits(&self) -> Limits {
        self.limits
    }
}

impl<S, P: Clone, K> Layer<S> for TimeoutLayer<P, K> {
    type Service = Timeout<S, P, K>;

    fn layer(&self, inner: S) -> Timeout<S, P, K> {
        Timeout::with_policy(inner, self.limits, self.policy.clone())
    }
}

impl<P: Default, K> Default for TimeoutLayer<P, K> {
    fn default() -> Self {
        TimeoutLayer::new().policy(P::default())
    }
}

// By hand, all: the marker is no value, and need be neither `Clone` nor `Debug`.
impl<P: Clone, K> Clone for TimeoutLayer<P, K> {
    fn clone(&self) -> Self {
        TimeoutLayer {
            limits: self.limits,
            policy: self.policy.clone(),
            kind: PhantomData,
        }
    }
}

impl<P: fmt::Debug, K> fmt::Debug for TimeoutLayer<P, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeoutLayer")
            .field("limits", &self.limits)
            .field("policy", &self.policy)
            .finish()
    }
}
