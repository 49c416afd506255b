use super::Responded;
use super::table::Caller;
use crate::BoxError;
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// The future of [`Respond`](super::Respond). Dropped, it drops the inner future.
    pub struct ResponseFuture<F> {
        #[pin]
        inner: Option<F>,
        caller: Option<Caller>,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) const fn new(inner: F, caller: Option<Caller>) -> Self {
        ResponseFuture {
            inner: Some(inner),
            caller,
        }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<R, E>>,
    E: Into<BoxError>,
{
    type Output = Result<Responded<R>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let inner = this.inner.as_mut().as_pin_mut().expect("polled after completion");
        let outcome = ready!(inner.poll(cx));
        this.inner.set(None);
        Poll::Ready(match (outcome, this.caller.take()) {
            (Ok(reply), caller) => Ok(Responded::new(reply, caller)),
            (Err(error), Some(caller)) => Ok(Responded::answer(caller.answer(error))),
            (Err(error), None) => Err(error),
        })
    }
}

// By hand: futures have no `Debug`.
impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture")
            .field("caller", &self.caller)
            .finish_non_exhaustive()
    }
}
