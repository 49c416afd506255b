use super::Fault;
use super::limit::{Permit, Shared};
use super::reply::FaultyReply;
use futures_core::Stream;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use tower::Service;
use tower_transport_layers::BoxError;
use tower_transport_layers::contract::ProbeError;

pub(crate) struct FaultyFuture<S, F: Send + 'static, Request> {
    pub(super) later: Option<(S, Request)>,
    pub(super) inner: Option<Pin<Box<F>>>,
    pub(super) permit: Option<Permit>,
    pub(super) fault: Fault,
    pub(super) shared: Arc<Shared>,
    pub(super) first: Option<Waker>,
}

impl<S, F: Send + 'static, Request> Unpin for FaultyFuture<S, F, Request> {}

impl<S, R, T, E, Request> Future for FaultyFuture<S, S::Future, Request>
where
    S: Service<Request, Response = R, Error = E>,
    S::Future: Send + 'static,
    R: Stream<Item = Result<T, E>> + Send + 'static,
    E: Into<BoxError>,
{
    type Output = Result<FaultyReply<R, T>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Some((mut inner, request)) = this.later.take() {
            this.inner = Some(Box::pin(inner.call(request)));
        }
        let first = this.first.get_or_insert_with(|| cx.waker().clone()).clone();
        let mut cx = match this.fault {
            Fault::ForgetsWakerOfFuture => Context::from_waker(Waker::noop()),
            Fault::KeepsFirstWakerOfFuture => Context::from_waker(&first),
            _ => Context::from_waker(cx.waker()),
        };
        let inner = this.inner.as_mut().expect("polled after completion");
        let outcome = std::task::ready!(inner.as_mut().poll(&mut cx));
        this.inner = None;
        let permit = this.permit.take().filter(|_| !this.fault.is(Fault::ReleasesAtHead));
        let reply = match outcome {
            Ok(reply) => reply,
            Err(_) if this.fault.is(Fault::HidesCauseOfCall) => return Poll::Ready(Err("failed".into())),
            Err(_) if this.fault.is(Fault::GivesErrorOfAnotherCall) => {
                return Poll::Ready(Err(ProbeError::new(u32::MAX).into()));
            }
            Err(error) => return Poll::Ready(Err(error.into())),
        };
        let over = reply.size_hint().1 == Some(0) && !this.fault.is(Fault::HoldsAfterEmptyReply);
        Poll::Ready(Ok(FaultyReply {
            inner: Some(Box::pin(reply)),
            permit: permit.filter(|_| !over),
            fault: this.fault,
            shared: this.shared.clone(),
            kept: VecDeque::new(),
        }))
    }
}

impl<S, F: Send + 'static, Request> Drop for FaultyFuture<S, F, Request> {
    fn drop(&mut self) {
        if self.fault.is(Fault::LeaksOnDrop) {
            self.permit.take().into_iter().for_each(Permit::leak);
        }
        // Whoever has been polled has a waker.
        let lives = match self.fault {
            Fault::LetsPolledCallLive => self.first.is_some(),
            Fault::LetsUnpolledCallLive => self.first.is_none(),
            _ => false,
        };
        if lives && let Some(inner) = self.inner.take() {
            self.shared.attic.lock().unwrap().push(Box::new(inner));
        }
    }
}
