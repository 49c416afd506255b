use super::gate::{Gate, Waiter};
use super::{DrainHandle, Drained, ResponseFuture};
use crate::BoxError;
use crate::reply::{Reply, Streams};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_service::Service;

/// Lets work come to its end before a shutdown. See the [module docs](super) for an example.
pub struct Drain<S, K = Streams> {
    inner: S,
    waiter: Waiter,
    kind: PhantomData<fn() -> K>,
}

impl<S, K> Drain<S, K> {
    /// A service, and what drains it and its clones.
    pub fn pair(inner: S) -> (Drain<S, K>, DrainHandle) {
        let gate = Arc::new(Gate::new());
        let handle = DrainHandle::new(gate.clone());
        (Drain::with_gate(inner, gate), handle)
    }

    pub(super) const fn with_gate(inner: S, gate: Arc<Gate>) -> Drain<S, K> {
        Drain {
            inner,
            waiter: Waiter::new(gate),
            kind: PhantomData,
        }
    }

    /// What drains it, its clones, and all other services of its layer.
    pub fn handle(&self) -> DrainHandle {
        DrainHandle::new(self.waiter.gate.clone())
    }

    inner_accessors!("is not waited for");
}

impl<S, K, Request> Service<Request> for Drain<S, K>
where
    S: Service<Request>,
    S::Response: Reply<K>,
    S::Error: Into<BoxError>,
{
    type Response = <S::Response as Reply<K>>::With<Drained<<S::Response as Reply<K>>::Stream>>;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future, K>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        if !self.waiter.gate.is_draining() {
            match self.inner.poll_ready(cx) {
                Poll::Ready(outcome) => {
                    self.waiter.stop_waiting();
                    return Poll::Ready(outcome.map_err(Into::into));
                }
                Poll::Pending => self.waiter.wait(cx),
            }
            if !self.waiter.gate.is_draining() {
                return Poll::Pending;
            }
        }
        // Ready to refuse: draining is for good.
        self.waiter.stop_waiting();
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match self.waiter.gate.enter() {
            Ok(pass) => ResponseFuture::running(self.inner.call(request), pass),
            Err(draining) => ResponseFuture::refused(draining),
        }
    }
}

/// A clone waits for nothing yet.
impl<S: Clone, K> Clone for Drain<S, K> {
    fn clone(&self) -> Self {
        Drain::with_gate(self.inner.clone(), self.waiter.gate.clone())
    }
}

// By hand: the marker need not be `Debug`.
impl<S: fmt::Debug, K> fmt::Debug for Drain<S, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain")
            .field("inner", &self.inner)
            .field("gate", &self.waiter.gate)
            .finish()
    }
}
