use super::catch::{catch, catch_drop};
use super::{Caught, Panicked, Place};
use crate::BoxError;
use crate::reply::Reply;
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// The future of [`CatchPanic`](super::CatchPanic). Dropped, it drops the inner future, and catches a panic of that as well.
    pub struct ResponseFuture<F, K> {
        #[pin]
        inner: Option<F>,
        // That of `call`.
        panicked: Option<Panicked>,
        kind: PhantomData<fn() -> K>,
    }

    impl<F, K> PinnedDrop for ResponseFuture<F, K> {
        fn drop(this: Pin<&mut Self>) {
            catch_drop(|| this.project().inner.set(None));
        }
    }
}

impl<F, K> ResponseFuture<F, K> {
    pub(super) fn new(called: Result<F, Panicked>) -> Self {
        let (inner, panicked) = match called {
            Ok(inner) => (Some(inner), None),
            Err(panicked) => (None, Some(panicked)),
        };
        ResponseFuture {
            inner,
            panicked,
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
    type Output = Result<R::With<Caught<R::Stream>>, BoxError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(panicked) = this.panicked.take() {
            return Poll::Ready(Err(panicked.into()));
        }
        let inner = this.inner.as_mut().as_pin_mut().expect("polled after completion");
        let outcome = match catch(Place::Future, || inner.poll(cx)) {
            Ok(polled) => ready!(polled).map_err(Into::into),
            Err(panicked) => Err(panicked.into()),
        };
        catch_drop(|| this.inner.set(None));
        Poll::Ready(outcome.map(|reply| reply.map_stream(Caught::new)))
    }
}

// By hand: futures have no `Debug`.
impl<F, K> fmt::Debug for ResponseFuture<F, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture")
            .field("panicked", &self.panicked)
            .finish_non_exhaustive()
    }
}
