//! The children behind the gateway: one for each session, or one for all, and who stops them.

mod handle;
mod shared;
mod spawner;

pub(crate) use handle::Handle;

use crate::args::{self, Args};
use crate::resolve::resolve;
use shared::Shared;
use spawner::Spawner;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tower::Service;
use tower_transport::BoxError;
use tower_transport::exchange::Patience;
use tower_transport::http::Session;
use tower_transport::layers::timeout::{Limits, Timeout};
use tower_transport::mux::{Items, Mux};
use tower_transport::process::{Command, SpawnError};
use tower_transport::protocol::Mcp;

/// How long children may take to end: the steps of stopping one, with room.
const STOP: Duration = Duration::from_secs(7);

/// What serves a client: a child, with limits in time.
pub(crate) type Backend = Timeout<Handle, Patience>;

/// The maker of backends: a clone is a handle on the same children.
///
/// A session gets a child of its own, unless all share one, and the child is stopped when the session's last handle is dropped. What
/// has no session shares one child, which is started when it is first needed and again when it has ended.
#[derive(Debug, Clone)]
pub(crate) struct Children {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    spawner: Spawner,
    shared: Shared,
    share_all: bool,
    limits: Limits,
}

impl Children {
    pub(crate) fn new(command: Command, args: &Args) -> Children {
        let idle = args.idle_timeout.0;
        Children {
            inner: Arc::new(Inner {
                spawner: Spawner::new(command, args),
                shared: Shared::default(),
                share_all: args.children == args::Children::Shared,
                limits: Limits::none()
                    .with_first_item(idle)
                    .with_idle(idle)
                    .with_total(args.total_timeout.0),
            }),
        }
    }

    /// A child of its own for one client.
    fn start(&self) -> Result<Backend, SpawnError> {
        self.inner.spawner.spawn().map(|handle| self.limited(handle))
    }

    /// A child of its own for one client, and what it says outside of its answers.
    pub(crate) fn start_listening(&self) -> Result<(Backend, Items), SpawnError> {
        let (handle, strays) = self.inner.spawner.spawn_listening()?;
        Ok((self.limited(handle), strays))
    }

    /// Whether the server behind the gateway can run.
    ///
    /// # Errors
    ///
    /// Why not. A shared child that has ended is started again first, so that a gateway that gets no calls until it is ready becomes so.
    pub(crate) fn ready(&self) -> Result<(), BoxError> {
        resolve(self.inner.spawner.program())?;
        self.inner.shared.revive(&self.inner.spawner)?;
        Ok(())
    }

    /// Stops all children step by step, and waits until they have ended, for at most so long as the steps take.
    ///
    /// What is started from then on is stopped at once. It may be called again.
    pub(crate) async fn stop(&self) {
        if tokio::time::timeout(STOP, self.inner.spawner.stop()).await.is_err() {
            tracing::warn!("not all children ended within {STOP:?}");
        }
    }

    /// The bounds of each child, for a peer that is to have the same.
    pub(crate) fn mux(&self) -> Mux {
        self.inner.spawner.mux()
    }

    fn limited(&self, handle: Handle) -> Backend {
        Timeout::with_policy(handle, self.inner.limits, Patience::new().endless(Mcp::ENDLESS))
    }
}

impl Service<Session> for Children {
    type Response = Backend;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Backend, BoxError>> + Send>>;

    /// Always ready: what can't be started is an error of that call, as the next may find it mended.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, session: Session) -> Self::Future {
        let children = self.clone();
        Box::pin(async move {
            if session.id().is_some() && !children.inner.share_all {
                return Ok(children.start()?);
            }
            let handle = children.inner.shared.get(&children.inner.spawner).await?;
            Ok(children.limited(handle))
        })
    }
}
