use super::watch::Watch;
use super::{End, ObserveError, ObserveItem, Observer};
use crate::reply::{Bodies, Series, Streams};
use futures_core::Stream;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// A reply that is observed to its last item. It is a stream if the inner reply is one, and a body if that is one.
    ///
    /// Its `size_hint` is that of the inner one. Dropped, it drops the inner one, and then the observer hears that the call was cancelled,
    /// unless it was over.
    pub struct Observed<R, O>
    where
        O: Observer, // as its drop tells the observer
    {
        #[pin]
        inner: Option<R>,
        watch: Watch<O>,
    }

    impl<R, O> PinnedDrop for Observed<R, O>
    where
        O: Observer,
    {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            this.watch.during(|| this.inner.set(None));
        }
    }
}

/// The inner reply is there until the drop, which takes it out so that the observer is around it there as well.
const KEPT: &str = "taken by the drop alone";

impl<R, O: Observer> Observed<R, O> {
    pub(super) const fn new(inner: R, watch: Watch<O>) -> Self {
        Observed {
            inner: Some(inner),
            watch,
        }
    }

    #[inline]
    fn poll_series<K>(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<R::Item, R::Error>>>
    where
        R: Series<K>,
        O: ObserveItem<R::Item, K> + ObserveError<R::Error>,
    {
        let this = self.project();
        let mut inner = this.inner.as_pin_mut().expect(KEPT);
        let next = ready!(this.watch.during(|| inner.as_mut().poll_item(cx)));
        match &next {
            Some(Ok(item)) => {
                this.watch.item(item);
                if this.watch.during(|| inner.is_over()) {
                    this.watch.ended(End::Ok);
                }
            }
            Some(Err(error)) => this.watch.failed(error),
            None => this.watch.ended(End::Ok),
        }
        Poll::Ready(next)
    }
}

impl<R, O, T, E> Stream for Observed<R, O>
where
    R: Stream<Item = Result<T, E>>,
    O: ObserveItem<T, Streams> + ObserveError<E>,
{
    type Item = Result<T, E>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_series::<Streams>(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.as_ref().expect(KEPT).size_hint()
    }
}

impl<R, O> Body for Observed<R, O>
where
    R: Body,
    O: ObserveItem<Frame<R::Data>, Bodies> + ObserveError<R::Error>,
{
    type Data = R::Data;
    type Error = R::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<R::Data>, R::Error>>> {
        self.poll_series::<Bodies>(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().expect(KEPT).is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.as_ref().expect(KEPT).size_hint()
    }
}

// By hand: replies and observers have no `Debug`.
impl<R, O: Observer> fmt::Debug for Observed<R, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observed").finish_non_exhaustive()
    }
}
