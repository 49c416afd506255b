use super::Child;
use crate::mux::Mux;
use crate::process::{Command, SpawnError};
use std::future::{Ready, ready};
use std::task::{Context, Poll};
use tower_service::Service;

/// A connector: spawns a [`Child`] for each [`Command`] that it is called with.
///
/// It is always ready, and holds nothing of the children that it has spawned. Layers over it configure the child's transport, and may
/// supervise it:
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tower_transport::BoxError> {
/// use tower::{Service, ServiceBuilder, ServiceExt};
/// use tower_transport::layers::buffer_pool::{BufferPool, BufferPoolLayer};
/// use tower_transport::process::Command;
/// use tower_transport::stdio::Spawner;
///
/// let pool = BufferPool::new(64 * 1024, 64)?;
/// let mut spawner = ServiceBuilder::new().layer(BufferPoolLayer::new(pool.clone())).service(Spawner::new());
/// let child = spawner.ready().await?.call(Command::new("cat")).await?;
/// assert!(child.close().await.exit().is_some_and(|exit| exit.success()));
/// assert!(pool.stats().blocks > 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Spawner {
    mux: Mux,
}

impl Spawner {
    /// Spawns children that speak MCP in lines of JSON, with the default bounds.
    pub fn new() -> Spawner {
        Spawner::default()
    }

    /// Spawns children with another protocol or other bounds. What is in a command's extensions has precedence, see [`Mux::for_target`].
    pub const fn with_mux(mux: Mux) -> Spawner {
        Spawner { mux }
    }
}

impl Service<Command> for Spawner {
    type Response = Child;
    type Error = SpawnError;
    type Future = Ready<Result<Child, SpawnError>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), SpawnError>> {
        Poll::Ready(Ok(()))
    }

    /// Spawns at once: the future only hands the child over, and dropping it kills the child.
    ///
    /// # Panics
    ///
    /// As [`Child::spawn`].
    fn call(&mut self, command: Command) -> Self::Future {
        ready(Child::spawn_with(&command, self.mux.clone()))
    }
}
