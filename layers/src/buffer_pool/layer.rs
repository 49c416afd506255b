use super::{BufferPool, PooledConnections};
use tower_layer::Layer;

/// Hands a pool down to the transports that a connector makes. See the [module docs](super) for an example.
///
/// All connectors that it makes hand down the same pool.
#[derive(Debug, Clone)]
#[must_use]
pub struct BufferPoolLayer {
    pool: BufferPool,
}

impl BufferPoolLayer {
    /// Hands `pool` down.
    pub const fn new(pool: BufferPool) -> BufferPoolLayer {
        BufferPoolLayer { pool }
    }

    /// The pool.
    pub const fn pool(&self) -> &BufferPool {
        &self.pool
    }
}

impl<S> Layer<S> for BufferPoolLayer {
    type Service = PooledConnections<S>;

    fn layer(&self, inner: S) -> PooledConnections<S> {
        PooledConnections::new(inner, self.pool.clone())
    }
}
