use super::Fault;
use super::limit::{Permit, Shared};
use futures_core::Stream;
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use tower_transport_layers::BoxError;

pub(crate) struct FaultyReply<R: Send + 'static, T> {
    pub(super) inner: Option<Pin<Box<R>>>,
    pub(super) permit: Option<Permit>,
    pub(super) fault: Fault,
    pub(super) shared: Arc<Shared>,
    pub(super) kept: VecDeque<T>,
}

impl<R: Send + 'static, T> Unpin for FaultyReply<R, T> {}

impl<R, T, E> Stream for FaultyReply<R, T>
where
    R: Stream<Item = Result<T, E>> + Send + 'static,
    E: Into<BoxError>,
{
    type Item = Result<T, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let fault = this.fault;
        if let Some(item) = this.kept.pop_front() {
            return Poll::Ready(Some(Ok(item)));
        }
        let inner = this.inner.as_mut().expect("there until the drop");
        let mut inner_cx = match fault {
            Fault::ForgetsWakerOfReply => Context::from_waker(Waker::noop()),
            _ => Context::from_waker(cx.waker()),
        };
        let mut next = inner.as_mut().poll_next(&mut inner_cx);
        match (&next, fault) {
            (Poll::Pending, Fault::SpinsInReply) => cx.waker().wake_by_ref(),
            (Poll::Pending, Fault::EndsWhilePending) => next = Poll::Ready(None),
            (Poll::Ready(Some(Ok(_))), Fault::LosesItems) if inner.size_hint().1 == Some(3) => {
                next = inner.as_mut().poll_next(cx);
            }
            _ => {}
        }
        if fault.is(Fault::SwapsItems)
            && inner.size_hint().0 == 2
            && let Poll::Ready(Some(Ok(item))) = next
        {
            // The last two change places.
            let second = inner.as_mut().poll_next(cx);
            this.kept.push_back(item);
            return second.map_err(Into::into);
        }
        let over = match &next {
            Poll::Pending => false,
            Poll::Ready(Some(Ok(_))) => inner.size_hint().1 == Some(0),
            Poll::Ready(Some(Err(_))) => !fault.is(Fault::HoldsAfterError),
            Poll::Ready(None) => true,
        };
        if over && !fault.is(Fault::HoldsUntilReplyIsDropped) {
            this.permit = None;
        }
        next.map(|next| {
            next.map(|item| match item {
                Err(_) if fault.is(Fault::HidesCause) => Err("failed".into()),
                item => item.map_err(Into::into),
            })
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.inner {
            Some(inner) if !self.fault.is(Fault::HidesSizeHint) => {
                let (lower, upper) = inner.size_hint();
                (lower + self.kept.len(), upper.map(|upper| upper + self.kept.len()))
            }
            _ => (0, None),
        }
    }
}

impl<R: Send + 'static, T> Drop for FaultyReply<R, T> {
    fn drop(&mut self) {
        if self.fault.is(Fault::LeaksOnDrop) {
            self.permit.take().into_iter().for_each(Permit::leak);
        }
        if self.fault.is(Fault::GivesBackTwiceOnDrop) && self.permit.is_some() {
            self.shared.line.lock().unwrap().taken -= 1;
        }
        if self.fault.is(Fault::LetsReplyLive) {
            self.shared.attic.lock().unwrap().push(Box::new(self.inner.take()));
        }
    }
}
