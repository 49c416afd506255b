use super::clocks::Clocks;
use super::timer::Timer;
use super::{Elapsed, Timed};
use crate::BoxError;
use crate::reply::Reply;
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// The future of [`Timeout`](super::Timeout). Dropped, it drops the inner future.
    pub struct ResponseFuture<F, P, Request, K> {
        #[pin]
        inner: Option<F>,
        timer: Timer,
        clocks: Clocks,
        policy: Option<P>,
        request: PhantomData<fn(Request) -> K>,
    }
}

impl<F, P, Request, K> ResponseFuture<F, P, Request, K> {
    pub(super) const fn new(inner: F, clocks: Clocks, policy: P) -> Self {
        ResponseFuture {
            inner: Some(inner),
            timer: Timer::new(),
            clocks,
            policy: Some(policy),
            request: PhantomData,
        }
    }

    /// Apart from `poll`, which so stays small enough that a call whose answer is there costs little but its clock.
    #[inline(never)]
    fn poll_late(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Elapsed> {
        let mut this = self.project();
        let Some(expiry) = this.clocks.first_item() else {
            return Poll::Pending;
        };
        ready!(this.timer.poll(expiry.at, cx));
        this.inner.set(None);
        this.timer.disarm();
        Poll::Ready(expiry.into())
    }
}

impl<F, P, Request, K, R, E> Future for ResponseFuture<F, P, Request, K>
where
    F: Future<Output = Result<R, E>>,
    R: Reply<K>,
    E: Into<BoxError>,
{
    type Output = Result<R::With<Timed<R::Stream, P, Request>>, BoxError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.as_mut().project();
        let inner = this.inner.as_mut().as_pin_mut().expect("polled after completion");
        let Poll::Ready(outcome) = inner.poll(cx) else {
            return self.poll_late(cx).map(|elapsed| Err(elapsed.into()));
        };
        this.inner.set(None);
        this.timer.disarm();
        match outcome {
            Ok(reply) => {
                let policy = this.policy.take().expect("taken with the outcome alone");
                Poll::Ready(Ok(reply.map_stream(|stream| Timed::new(stream, *this.clocks, policy))))
            }
            Err(error) => Poll::Ready(Err(error.into())),
        }
    }
}

// By hand: futures and requests have no `Debug`.
impl<F, P, Request, K> fmt::Debug for ResponseFuture<F, P, Request, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture")
            .field("clocks", &self.clocks)
            .finish_non_exhaustive()
    }
}
