use super::gate::Gate;
use super::{Drain, DrainHandle};
use crate::reply::Streams;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use tower_layer::Layer;

/// Lets work come to its end before a shutdown. See the [module docs](super) for an example.
///
/// All services that it makes, and those of its clones, are drained together.
#[must_use]
pub struct DrainLayer<K = Streams> {
    gate: Arc<Gate>,
    kind: PhantomData<fn() -> K>,
}

impl<K> DrainLayer<K> {
    /// A layer, and what drains it.
    pub fn pair() -> (DrainLayer<K>, DrainHandle) {
        let gate = Arc::new(Gate::new());
        let handle = DrainHandle::new(gate.clone());
        let layer = DrainLayer {
            gate,
            kind: PhantomData,
        };
        (layer, handle)
    }

    /// What drains it, once more.
    pub fn handle(&self) -> DrainHandle {
        DrainHandle::new(self.gate.clone())
    }
}

impl<S, K> Layer<S> for DrainLayer<K> {
    type Service = Drain<S, K>;

    fn layer(&self, inner: S) -> Drain<S, K> {
        Drain::with_gate(inner, self.gate.clone())
    }
}

// By hand, both: the marker is no value, and need be neither `Clone` nor `Debug`.
impl<K> Clone for DrainLayer<K> {
    fn clone(&self) -> Self {
        DrainLayer {
            gate: self.gate.clone(),
            kind: PhantomData,
        }
    }
}

impl<K> fmt::Debug for DrainLayer<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DrainLayer").field("gate", &self.gate).finish()
    }
}
