use super::{By, Limits, MaxMessageSize};
use crate::reply::Streams;
use std::fmt;
use std::marker::PhantomData;
use tower_layer::Layer;

/// Fails calls whose messages are too large. See the [module docs](super) for an example.
#[must_use]
pub struct MaxMessageSizeLayer<P = (), K = Streams> {
    limits: Limits,
    policy: P,
    kind: PhantomData<fn() -> K>,
}

impl<K> MaxMessageSizeLayer<(), K> {
    /// Limits messages to `max` bytes, either way.
    ///
    /// Choose it above the largest honest message: what a peer may make a process hold is this times the calls in flight.
    pub const fn new(max: usize) -> MaxMessageSizeLayer<(), K> {
        MaxMessageSizeLayer::of(Limits::none().with_request(Some(max)).with_response(Some(max)))
    }

    /// Limits what `limits` says.
    pub const fn of(limits: Limits) -> MaxMessageSizeLayer<(), K> {
        MaxMessageSizeLayer {
            limits,
            policy: (),
            kind: PhantomData,
        }
    }
}

impl<P, K> MaxMessageSizeLayer<P, K> {
    /// Sets the bytes that a message to the inner service may have: a request, or an answer through an item of a reply.
    pub const fn request(mut self, max: usize) -> Self {
        self.limits = self.limits.with_request(Some(max));
        self
    }

    /// Sets the bytes that a message from the inner service may have: an item of a reply, or the whole body of a response.
    pub const fn response(mut self, max: usize) -> Self {
        self.limits = self.limits.with_response(Some(max));
        self
    }

    /// Limits how many items a reply may have, its response among them. Not for HTTP bodies, nor over connectors.
    ///
    /// Each item costs memory and work besides its bytes, so a million tiny ones are a lot. Choose it above what the longest honest reply
    /// has, and lift it with [`limits_by`](MaxMessageSizeLayer::limits_by) for calls that listen: their replies have no end by nature.
    pub const fn max_items(mut self, max: usize) -> Self {
        self.limits = self.limits.with_items(Some(max));
        self
    }

    /// Sets what depends on the request: the limits for it, given those of the layer.
    pub fn limits_by<F, Request>(self, by: F) -> MaxMessageSizeLayer<By<F>, K>
    where
        F: Fn(&Request, Limits) -> Limits,
    {
        self.policy(By(by))
    }

    /// As [`limits_by`](MaxMessageSizeLayer::limits_by), with a [`Policy`](super::Policy) that has a name.
    pub fn policy<Q>(self, policy: Q) -> MaxMessageSizeLayer<Q, K> {
        MaxMessageSizeLayer {
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

impl<S, P: Clone, K> Layer<S> for MaxMessageSizeLayer<P, K> {
    type Service = MaxMessageSize<S, P, K>;

    fn layer(&self, inner: S) -> MaxMessageSize<S, P, K> {
        MaxMessageSize::with_policy(inner, self.limits, self.policy.clone())
    }
}

// By hand, both: the marker is no value, and need be neither `Clone` nor `Debug`.
impl<P: Clone, K> Clone for MaxMessageSizeLayer<P, K> {
    fn clone(&self) -> Self {
        MaxMessageSizeLayer {
            limits: self.limits,
            policy: self.policy.clone(),
            kind: PhantomData,
        }
    }
}

impl<P: fmt::Debug, K> fmt::Debug for MaxMessageSizeLayer<P, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MaxMessageSizeLayer")
            .field("limits", &self.limits)
            .field("policy", &self.policy)
            .finish()
    }
}
