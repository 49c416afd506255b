use super::Control;
use super::future::ProbeFuture;
use super::turns::panic_quietly;
use crate::contract::dialect::{Accepts, Dialect, Plain};
use std::error::Error;
use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::task::{Context, Poll};
use tower_service::Service;

/// The inner service that the suite puts below a layer.
///
/// It holds every layer to the contract of [`Service`]: a clone of it is not ready until it is polled itself, it wakes nobody before the suite
/// lets it, and a call without readiness panics and is reported. Its futures and replies are neither `Unpin` nor `Sync`, as the real ones
/// often are not.
pub struct Probe<D: Dialect = Plain> {
    control: Control,
    number: usize,
    ready: bool,
    dialect: PhantomData<fn() -> D>,
}

impl<D: Dialect> Probe<D> {
    pub(in crate::contract) fn new(control: Control) -> Self {
        Probe {
            number: control.add_probe(),
            control,
            ready: false,
            dialect: PhantomData,
        }
    }
}

impl<D, Request> Service<Request> for Probe<D>
where
    D: Accepts<Request>,
{
    type Response = D::Response;
    type Error = ProbeError;
    type Future = ProbeFuture<D>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ProbeError>> {
        let turn = self.control.poll_gate(self.number, self.ready, cx);
        let outcome = turn.play(|| ProbeError(0));
        self.ready |= matches!(outcome, Poll::Ready(Ok(())));
        outcome
    }

    fn call(&mut self, request: Request) -> ProbeFuture<D> {
        if !mem::take(&mut self.ready) {
            self.control.called_unready();
            panic_quietly("the probe was called without being ready");
        }
        match self.control.begin(D::number(&request)) {
            Some(call) => ProbeFuture::new(self.control.clone(), call),
            None => panic_quietly("the probe panics in `call`, as it was told to"),
        }
    }
}

// By hand: what one probe has reserved is not its clone's.
impl<D: Dialect> Clone for Probe<D> {
    fn clone(&self) -> Self {
        Probe::new(self.control.clone())
    }
}

impl<D: Dialect> Drop for Probe<D> {
    fn drop(&mut self) {
        self.control.remove_probe(self.number, self.ready);
    }
}

impl<D: Dialect> fmt::Debug for Probe<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe")
            .field("ready", &self.ready)
            .finish_non_exhaustive()
    }
}

/// What the probe fails with. The suite looks for it in the chain of causes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProbeError(pub(super) u32);

impl ProbeError {
    /// For tests of code that handles it; `request` is the number of the request that failed, 0 for readiness.
    pub const fn new(request: u32) -> ProbeError {
        ProbeError(request)
    }

    /// The number of the request that failed, or 0 if readiness did.
    pub const fn request(&self) -> u32 {
        self.0
    }
}

impl fmt::Display for ProbeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("the probe's readiness failed, as it was told to"),
            request => write!(f, "the probe failed request {request}, as it was told to"),
        }
    }
}

impl Error for ProbeError {}
