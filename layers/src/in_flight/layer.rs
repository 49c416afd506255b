use super::counting::Counting;
use super::{Handle, InFlight};
use crate::reply::Streams;
use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use tower_layer::Layer;

/// Limits the calls in flight. See the [module docs](super) for an example.
///
/// The limit is the layer's: all clones of it share it, and all services that it makes.
#[must_use]
pub struct InFlightLayer<P = (), K = Streams> {
    counting: Counting<P>,
    line: Option<NonZeroUsize>,
    kind: PhantomData<fn() -> K>,
}

impl<K> InFlightLayer<(), K> {
    /// At most `limit` calls in flight; a call over it is refused at once.
    ///
    /// Choose it by what one call holds while it runs: memory, a slot of the peer, a connection. A limit above what the inner service
    /// itself can have in flight limits nothing.
    pub fn new(limit: NonZeroUsize) -> InFlightLayer<(), K> {
        InFlightLayer {
            counting: Counting::new(limit),
            line: None,
            kind: PhantomData,
        }
    }
}

impl<P, K> InFlightLayer<P, K> {
    /// Has callers over the limit wait in `poll_ready`, first come, first served, in a line that is no longer than `line`.
    ///
    /// Choose it by how long a caller may wait: with `limit` calls that take 100 ms each, the last of a line of `10 * limit` waits for
    /// about a second. A caller that would be gone by then had better be refused.
    ///
    /// This is an option of the layer, not of the limit: a clone made before shares the limit, and goes on to refuse.
    pub const fn wait(mut self, line: NonZeroUsize) -> Self {
        self.line = Some(line);
        self
    }

    /// Sets which calls count. What is [`Apart`](super::Class::Apart) has a limit of its own, as large as this layer's if it is not set.
    pub fn count<Q>(self, policy: Q) -> InFlightLayer<Q, K> {
        InFlightLayer {
            counting: self.counting.with_policy(policy),
            line: self.line,
            kind: PhantomData,
        }
    }

    /// Sets the limit of calls that are counted [`Apart`](super::Class::Apart). Clones of the layer made before don't share it.
    pub fn apart(mut self, limit: NonZeroUsize) -> Self {
        self.counting = self.counting.with_apart(limit);
        self
    }

    /// Shows how many calls are in flight, and how many wait.
    pub fn handle(&self) -> Handle {
        self.counting.handle()
    }

    /// Shows how many calls that are counted apart are in flight. `None` if there is neither a policy nor such a limit.
    pub fn apart_handle(&self) -> Option<Handle> {
        self.counting.apart_handle()
    }
}

impl<S, P: Clone, K> Layer<S> for InFlightLayer<P, K> {
    type Service = InFlight<S, P, K>;

    fn layer(&self, inner: S) -> InFlight<S, P, K> {
        InFlight::with_counting(inner, self.counting.clone(), self.line)
    }
}

// By hand, both: the marker is no value, and need be neither `Clone` nor `Debug`; policies may be closures.
impl<P: Clone, K> Clone for InFlightLayer<P, K> {
    fn clone(&self) -> Self {
        InFlightLayer {
            counting: self.counting.clone(),
            line: self.line,
            kind: PhantomData,
        }
    }
}

impl<P, K> fmt::Debug for InFlightLayer<P, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InFlightLayer")
            .field("limiter", &self.counting.limiter)
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}
