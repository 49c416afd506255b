use super::{Announced, InFlightBytes, Refuse, Wait};
use crate::in_flight::Handle;
use crate::in_flight::counting::Counting;
use crate::reply::Streams;
use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use tower_layer::Layer;

/// Limits the bytes in flight. See the [module docs](super) for an example.
///
/// The limit is the layer's: all clones of it share it, and all services that it makes. `M` is what becomes of a call over it: [`Refuse`]
/// or [`Wait`]. `W` is what a request [weighs](super::Weigh).
#[must_use]
pub struct InFlightBytesLayer<M = Refuse, P = (), K = Streams, W = ()> {
    counting: Counting<P>,
    mode: M,
    weigh: W,
    kind: PhantomData<fn() -> K>,
}

impl<K> InFlightBytesLayer<Refuse, (), K> {
    /// At most `limit` bytes of requests in flight; a call over it is refused at once.
    ///
    /// Choose it by the memory that requests may hold. It should be several times the largest message that is let in, or one such message
    /// keeps all others out.
    pub fn new(limit: NonZeroUsize) -> InFlightBytesLayer<Refuse, (), K> {
        InFlightBytesLayer {
            counting: Counting::new(limit),
            mode: Refuse,
            weigh: (),
            kind: PhantomData,
        }
    }
}

impl<M, P, K, W> InFlightBytesLayer<M, P, K, W> {
    /// Has calls over the limit wait in their futures, first come, first served, in a line that is no longer than `line`.
    ///
    /// The inner service must be `Clone` then. What waits holds its request: it is bounded by `line` times the largest message that is let
    /// in.
    ///
    /// This is an option of the layer, not of the limit: a clone made before shares the limit, and goes on to refuse.
    pub fn wait(self, line: NonZeroUsize) -> InFlightBytesLayer<Wait, P, K, W> {
        InFlightBytesLayer {
            counting: self.counting,
            mode: Wait { line },
            weigh: self.weigh,
            kind: PhantomData,
        }
    }

    /// Sets which calls count. What is [`Apart`](crate::in_flight::Class::Apart) has a limit of its own, in bytes, as large as this layer's
    /// if it is not set.
    pub fn count<Q>(self, policy: Q) -> InFlightBytesLayer<M, Q, K, W> {
        InFlightBytesLayer {
            counting: self.counting.with_policy(policy),
            mode: self.mode,
            weigh: self.weigh,
            kind: PhantomData,
        }
    }

    /// Weighs each request by `weigh`, a [`Weigh`](super::Weigh) or a closure, in the place of its [`WireSize`](crate::WireSize).
    pub fn weigh<V>(self, weigh: V) -> InFlightBytesLayer<M, P, K, V> {
        InFlightBytesLayer {
            counting: self.counting,
            mode: self.mode,
            weigh,
            kind: PhantomData,
        }
    }

    /// Weighs HTTP requests by the length that their body or `Content-Length` announces, and those that announce none, as chunked ones do,
    /// as `unknown` bytes.
    ///
    /// What is announced holds: a server reads no more of a body than its `Content-Length`. That a body of unknown length has no more than
    /// `unknown` bytes is for a [maximum message size](crate::max_message_size) of as much to see to.
    pub fn announced(self, unknown: usize) -> InFlightBytesLayer<M, P, K, Announced> {
        self.weigh(Announced::new(unknown))
    }

    /// Sets the limit, in bytes, of calls that are counted [`Apart`](crate::in_flight::Class::Apart). Clones of the layer made before don't
    /// share it.
    pub fn apart(mut self, limit: NonZeroUsize) -> Self {
        self.counting = self.counting.with_apart(limit);
        self
    }

    /// Shows how many bytes are in flight, and how many calls wait.
    pub fn handle(&self) -> Handle {
        self.counting.handle()
    }

    /// Shows how many bytes that are counted apart are in flight. `None` if there is neither a policy nor such a limit.
    pub fn apart_handle(&self) -> Option<Handle> {
        self.counting.apart_handle()
    }
}

impl<S, M: Clone, P: Clone, K, W: Clone> Layer<S> for InFlightBytesLayer<M, P, K, W> {
    type Service = InFlightBytes<S, M, P, K, W>;

    fn layer(&self, inner: S) -> InFlightBytes<S, M, P, K, W> {
        InFlightBytes::with_parts(inner, self.counting.clone(), self.mode.clone(), self.weigh.clone())
    }
}

// By hand, both: the marker is no value, and need be neither `Clone` nor `Debug`; policies may be closures.
impl<M: Clone, P: Clone, K, W: Clone> Clone for InFlightBytesLayer<M, P, K, W> {
    fn clone(&self) -> Self {
        InFlightBytesLayer {
            counting: self.counting.clone(),
            mode: self.mode.clone(),
            weigh: self.weigh.clone(),
            kind: PhantomData,
        }
    }
}

impl<M: fmt::Debug, P, K, W> fmt::Debug for InFlightBytesLayer<M, P, K, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InFlightBytesLayer")
            .field("limiter", &self.counting.limiter)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}
