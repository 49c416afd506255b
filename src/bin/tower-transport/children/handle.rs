use std::error::Error;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use tokio_util::sync::DropGuard;
use tower::Service;
use tower_transport::exchange::{Call, Reply};
use tower_transport::mux::{self, Items, ResponseFuture};
use tower_transport::stdio::{Child, ChildEnded};

/// A child, and the wish that it goes on: with the last handle, its keeper stops it.
#[derive(Debug, Clone)]
pub(crate) struct Handle {
    child: Child,
    _lease: Arc<DropGuard>,
}

impl Handle {
    pub(super) fn new(child: Child, lease: DropGuard) -> Handle {
        Handle {
            child,
            _lease: Arc::new(lease),
        }
    }

    /// Waits until the child has ended, for whatever reason.
    pub(crate) async fn closed(&self) -> ChildEnded {
        self.child.closed().await
    }

    /// Why the child has ended, if it has.
    pub(super) fn death(&self) -> Option<String> {
        // A clone holds no slot of its own, so asking it takes nothing from anyone.
        let mut clone = self.child.clone();
        let Poll::Ready(Err(error)) = clone.poll_ready(&mut Context::from_waker(Waker::noop())) else {
            return None;
        };
        // The innermost cause is the child's own end; around it stands what became of a call.
        let mut cause: &dyn Error = &error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        Some(cause.to_string())
    }
}

impl Service<Call> for Handle {
    type Response = Reply<Items>;
    type Error = mux::Error;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), mux::Error>> {
        self.child.poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> ResponseFuture {
        self.child.call(call)
    }
}
