use super::gate::Pass;
use super::{Drained, Draining, Interrupted};
use crate::BoxError;
use crate::reply::{Reply, Series};
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

pin_project! {
    /// The future of [`Drain`](super::Drain). Dropped, it drops the inner future, and is counted no more.
    pub struct ResponseFuture<F, K> {
        #[pin]
        inner: Option<F>,
        pass: Option<Pass>,
        refused: Option<Draining>,
        kind: PhantomData<fn() -> K>,
    }
}

impl<F, K> ResponseFuture<F, K> {
    pub(super) const fn running(inner: F, pass: Pass) -> Self {
        ResponseFuture {
            inner: Some(inner),
            pass: Some(pass),
            refused: None,
            kind: PhantomData,
        }
    }

    pub(super) const fn refused(draining: Draining) -> Self {
        ResponseFuture {
            inner: None,
            pass: None,
            refused: Some(draining),
            kind: PhantomData,
        }
    }
}

impl<F, K, R, E> Future for ResponseFuture<F, K>
where
    F: Future<Output = Result<R, E>>,
    R: Reply<K>,
    E: Into<BoxError>,
{
    type Output = Result<R::With<Drained<R::Stream>>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(draining) = this.refused.take() {
            return Poll::Ready(Err(draining.into()));
        }
        let inner = this.inner.as_mut().as_pin_mut().expect("polled after completion");
        let outcome = match inner.poll(cx) {
            Poll::Ready(outcome) => outcome.map_err(Into::into),
            Poll::Pending if this.pass.as_mut().is_some_and(|pass| pass.may_wait(cx)) => return Poll::Pending,
            Poll::Pending => Err(Interrupted::new(0).into()),
        };
        // What is inside goes before the call is counted no more.
        this.inner.set(None);
        let pass = this.pass.take();
        Poll::Ready(outcome.map(|reply| {
            let pass = pass.filter(|_| !reply.stream().is_over());
            reply.map_stream(|stream| Drained::new(stream, pass))
        }))
    }
}

// By hand: futures have no `Debug`.
impl<F, K> fmt::Debug for ResponseFuture<F, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture")
            .field("refused", &self.refused)
            .finish_non_exhaustive()
    }
}
