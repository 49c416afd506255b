use super::Handle;
use crate::args::Args;
use crate::endpoint::Endpoint;
use std::ffi::OsStr;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_transport::mux::{Items, Mux};
use tower_transport::process::{Command, SpawnError};
use tower_transport::stdio::Child;

/// Children that may be closing at once. More are killed, so that sessions which come and go can't pile up processes.
const CLOSING: usize = 64;

/// Starts children, and keeps each until it has ended.
#[derive(Debug)]
pub(super) struct Spawner {
    command: Command,
    mux: Mux,
    keepers: TaskTracker,
    stop: CancellationToken,
    closing: Arc<Semaphore>,
    /// Whether the end of a child is for the log. From stdio it ends the program, which says so itself.
    logs_ends: bool,
}

impl Spawner {
    pub(super) fn new(command: Command, args: &Args) -> Spawner {
        Spawner {
            command,
            mux: args.mux(),
            keepers: TaskTracker::new(),
            stop: CancellationToken::new(),
            closing: Arc::new(Semaphore::new(CLOSING)),
            logs_ends: args.from != Endpoint::Stdio,
        }
    }

    pub(super) fn program(&self) -> &OsStr {
        self.command.program()
    }

    pub(super) fn mux(&self) -> Mux {
        self.mux.clone()
    }

    /// Starts a child. One that is started while the gateway stops is stopped at once.
    pub(super) fn spawn(&self) -> Result<Handle, SpawnError> {
        Child::spawn_with(&self.command, self.mux.clone()).map(|child| self.keep(child))
    }

    /// Starts a child, and listens to what it says outside of its answers.
    pub(super) fn spawn_listening(&self) -> Result<(Handle, Items), SpawnError> {
        let (child, strays) = Child::spawn_listening(&self.command, self.mux.clone())?;
        Ok((self.keep(child), strays))
    }

    fn keep(&self, child: Child) -> Handle {
        tracing::info!(pid = child.id(), program = %self.program().display(), "started a child");
        let lease = self.stop.child_token();
        let keeper = Keeper {
            child: child.clone(),
            lease: lease.clone(),
            stop: self.stop.clone(),
            closing: Arc::clone(&self.closing),
            logs_end: self.logs_ends,
        };
        self.keepers.spawn(keeper.keep());
        Handle::new(child, lease.drop_guard())
    }

    /// Stops all children, and waits until they have ended.
    pub(super) async fn stop(&self) {
        self.stop.cancel();
        self.keepers.close();
        self.keepers.wait().await;
    }
}

/// Who stops one child when nobody wants it any more, or the gateway stops.
struct Keeper {
    child: Child,
    lease: CancellationToken,
    stop: CancellationToken,
    closing: Arc<Semaphore>,
    logs_end: bool,
}

impl Keeper {
    async fn keep(self) {
        let pid = self.child.id();
        tokio::select! {
            ended = self.child.closed() => {
                if self.logs_end {
                    tracing::warn!(pid, "{ended}");
                }
                return;
            }
            () = self.lease.cancelled() => {}
        }
        let permit = self.closing.try_acquire();
        let ended = if permit.is_ok() || self.stop.is_cancelled() {
            self.child.close().await
        } else {
            self.child.kill();
            self.child.closed().await
        };
        tracing::info!(pid, "{ended}");
    }
}
