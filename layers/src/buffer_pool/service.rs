use super::{BufferPool, BufferPoolLayer};
use crate::Target;
use std::task::{Context, Poll};
use tower_service::Service;

/// A connector whose transports use a pool. See the [module docs](super) for an example.
#[derive(Debug, Clone)]
pub struct PooledConnections<S> {
    inner: S,
    pool: BufferPool,
}

impl<S> PooledConnections<S> {
    /// Has the transports that `inner` makes use `pool`.
    pub const fn new(inner: S, pool: BufferPool) -> PooledConnections<S> {
        PooledConnections { inner, pool }
    }

    /// A layer that hands `pool` down.
    pub const fn layer(pool: BufferPool) -> BufferPoolLayer {
        BufferPoolLayer::new(pool)
    }

    /// The inner connector.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner connector. What is made through it does not get the pool.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The inner connector.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, T> Service<T> for PooledConnections<S>
where
    S: Service<T>,
    T: Target,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut target: T) -> S::Future {
        target.extensions_mut().insert(self.pool.clone());
        self.inner.call(target)
    }
}
