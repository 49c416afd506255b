use super::CatchPanic;
use crate::reply::Streams;
use std::fmt;
use std::marker::PhantomData;
use tower_layer::Layer;

/// Turns panics into errors. See the [module docs](super) for an example.
#[must_use]
pub struct CatchPanicLayer<K = Streams> {
    kind: PhantomData<fn() -> K>,
}

impl<K> CatchPanicLayer<K> {
    /// Turns panics into errors.
    pub const fn new() -> CatchPanicLayer<K> {
        CatchPanicLayer { kind: PhantomData }
    }
}

impl<S, K> Layer<S> for CatchPanicLayer<K> {
    type Service = CatchPanic<S, K>;

    fn layer(&self, inner: S) -> CatchPanic<S, K> {
        CatchPanic::new(inner)
    }
}

impl<K> Default for CatchPanicLayer<K> {
    fn default() -> Self {
        CatchPanicLayer::new()
    }
}

// By hand, all: the marker is no value, and need be neither `Copy` nor `Debug`.
impl<K> Clone for CatchPanicLayer<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for CatchPanicLayer<K> {}

impl<K> fmt::Debug for CatchPanicLayer<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CatchPanicLayer").finish()
    }
}
