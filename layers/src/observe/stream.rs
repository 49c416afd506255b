use super::watch::Watch;
use super::{End, ObserveError, ObserveItem, Observer};
use crate::reply::{Bodies, Series, Streams};
use bytes::Buf;
use futures_core::Stream;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

pin_project! {
    /// A reply that is observed to its last item. It is a stream if the inner reply is one, and a body if that is one.
    ///
    /// Its `size_hint` is that of the inner one. Dropped, it drops the inner one, and then the observer hears that the call was cancelled,
    /// unless it was over, or all bytes that were announced are out.
    pub struct Observed<R, O>
    where
        O: Observer, // as its drop tells the observer
    {
        #[pin]
        inner: Option<R>,
        // What is still to come of the bytes that were announced. Behind the last of them there may be trailers, or nobody who asks.
        left: Option<u64>,
        watch: Watch<O>,
    }

    impl<R, O> PinnedDrop for Observed<R, O>
    where
        O: Observer,
    {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            this.watch.during(|| this.inner.set(None));
            if *this.left == Some(0) {
                this.watch.ended(End::Ok);
            }
        }
    }
}

/// The inner reply is there until the drop, which takes it out so that the observer is around it there as well.
const KEPT: &str = "taken by the drop alone";

impl<R, O: Observer> Observed<R, O> {
    pub(super) const fn new(inner: R, announced: Option<u64>, watch: Watch<O>) -> Self {
        Observed {
            inner: Some(inner),
            left: announced,
            watch,
        }
    }

    #[inline]
    fn poll_series<K>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: impl FnOnce(&R::Item) -> u64,
    ) -> Poll<Option<Result<R::Item, R::Error>>>
    where
        R: Series<K>,
        O: ObserveItem<R::Item, K> + ObserveError<R::Error>,
    {
        let this = self.project();
        let mut inner = this.inner.as_pin_mut().expect(KEPT);
        // Looked at where it is, as a message is large enough to be worth no move.
        let polled = this.watch.during(|| inner.as_mut().poll_item(cx));
        match &polled {
            Poll::Pending => {}
            Poll::Ready(Some(Ok(item))) => {
                this.watch.item(item);
                if let Some(left) = this.left {
                    *left = left.saturating_sub(data(item));
                }
                if this.watch.during(|| inner.is_over()) {
                    this.watch.ended(End::Ok);
                }
            }
            Poll::Ready(Some(Err(error))) => this.watch.failed(error),
            Poll::Ready(None) => this.watch.ended(End::Ok),
        }
        polled
    }
}

impl<R, O, T, E> Stream for Observed<R, O>
where
    R: Stream<Item = Result<T, E>>,
    O: ObserveItem<T, Streams> + ObserveError<E>,
{
    type Item = Result<T, E>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_series::<Streams>(cx, |_| 0)
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
        self.poll_series::<Bodies>(cx, |frame| frame.data_ref().map_or(0, |data| data.remaining() as u64))
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
