use super::limits::Deadline;
use super::timer::Timer;
use super::{Elapsed, Limits, Phase, Timed};
use crate::BoxError;
use crate::reply::Reply;
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::time::Instant;

pin_project! {
    /// The future of [`Timeout`](super::Timeout). Dropped, it drops the inner future.
    pub struct ResponseFuture<F, P, Request, K> {
        #[pin]
        inner: Option<F>,
        #[pin]
        timer: Timer,
        limits: Limits,
        started: Option<Instant>,
        policy: Option<P>,
        request: PhantomData<fn(Request) -> K>,
    }
}

impl<F, P, Request, K> ResponseFuture<F, P, Request, K> {
    pub(super) const fn new(inner: F, limits: Limits, started: Option<Instant>, policy: P) -> Self {
        ResponseFuture {
            inner: Some(inner),
            timer: Timer::new(),
            limits,
            started,
            policy: Some(policy),
            request: PhantomData,
        }
    }
}

impl<F, P, Request, K, R, E> Future for ResponseFuture<F, P, Request, K>
where
    F: Future<Output = Result<R, E>>,
    R: Reply<K>,
    E: Into<BoxError>,
{
    type Output = Result<R::With<Timed<R::Stream, P, Request>>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let inner = this.inner.as_mut().as_pin_mut().expect("polled after completion");
        let outcome = match inner.poll(cx) {
            Poll::Ready(outcome) => outcome.map_err(Into::into),
            Poll::Pending => {
                let first_item = Deadline::new(*this.started, this.limits.first_item(), Phase::FirstItem);
                let total = Deadline::new(*this.started, this.limits.total(), Phase::Total);
                let Some(deadline) = Deadline::first(first_item, total) else {
                    return Poll::Pending;
                };
                ready!(this.timer.as_mut().poll(deadline.at, cx));
                Err(Elapsed::from(deadline).into())
            }
        };
        this.inner.set(None);
        this.timer.disarm();
        let policy = this.policy.take().expect("taken with the outcome alone");
        let (limits, started) = (*this.limits, *this.started);
        Poll::Ready(outcome.map(|reply| reply.map_stream(|stream| Timed::new(stream, limits, started, policy))))
    }
}

// By hand: futures and requests have no `Debug`.
impl<F, P, Request, K> fmt::Debug for ResponseFuture<F, P, Request, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture")
            .field("limits", &self.limits)
            .field("started", &self.started)
            .finish_non_exhaustive()
    }
}
