use super::{Control, ProbeError, ProbeReply};
use crate::contract::dialect::Dialect;
use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::marker::{PhantomData, PhantomPinned};
use std::pin::Pin;
use std::task::{Context, Poll};

/// The future of [`Probe`](super::Probe).
pub struct ProbeFuture<D: Dialect> {
    control: Control,
    call: usize,
    dialect: PhantomData<fn() -> D>,
    // What layers may not ask of a future.
    _not_unpin: PhantomPinned,
    _not_sync: PhantomData<Cell<()>>,
}

impl<D: Dialect> ProbeFuture<D> {
    pub(super) const fn new(control: Control, call: usize) -> Self {
        ProbeFuture {
            control,
            call,
            dialect: PhantomData,
            _not_unpin: PhantomPinned,
            _not_sync: PhantomData,
        }
    }
}

impl<D: Dialect> Future for ProbeFuture<D> {
    type Output = Result<D::Response, ProbeError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let turn = self.control.poll_head(self.call, cx);
        let outcome = turn.play(|| ProbeError(self.control.number(self.call)));
        outcome.map_ok(|()| D::respond(ProbeReply::new(self.control.clone(), self.call)))
    }
}

impl<D: Dialect> Drop for ProbeFuture<D> {
    fn drop(&mut self) {
        self.control.remove_future(self.call);
    }
}

impl<D: Dialect> fmt::Debug for ProbeFuture<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProbeFuture")
            .field("call", &self.call)
            .finish_non_exhaustive()
    }
}
