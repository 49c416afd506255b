use super::{Bodies, Series, Streams};
use futures_core::Stream;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

pin_project! {
    /// A reply that holds a guard until its last item is out, it fails, or it is dropped, whichever comes first.
    ///
    /// The last item is known by what the reply tells of its end, so a drained reply that somebody keeps holds nothing. The inner reply is
    /// dropped before the guard. It is a stream if the inner reply is one, and a body if that is one.
    pub struct Held<R, G> {
        #[pin]
        inner: R,
        guard: Option<G>,
    }
}

impl<R, G> Held<R, G> {
    /// Holds `guard` until `inner` is over.
    pub const fn new(inner: R, guard: G) -> Self {
        Held {
            inner,
            guard: Some(guard),
        }
    }

    /// As [`new`](Held::new), but gives the guard back at once if nothing will come of `inner`.
    #[inline]
    pub fn until_over<K>(inner: R, guard: G) -> Self
    where
        R: Series<K>,
    {
        let guard = (!inner.is_over()).then_some(guard);
        Held { inner, guard }
    }

    /// Whether the guard is still held.
    pub const fn is_holding(&self) -> bool {
        self.guard.is_some()
    }

    #[inline]
    fn poll_series<K>(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<R::Item, R::Error>>>
    where
        R: Series<K>,
    {
        let mut this = self.project();
        // Looked at where it is, as a message is large enough to be worth no move.
        let polled = this.inner.as_mut().poll_item(cx);
        if let Poll::Ready(next) = &polled
            && this.guard.is_some()
            && (!matches!(next, Some(Ok(_))) || this.inner.is_over())
        {
            *this.guard = None;
        }
        polled
    }
}

impl<R, G, T, E> Stream for Held<R, G>
where
    R: Stream<Item = Result<T, E>>,
{
    type Item = Result<T, E>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_series::<Streams>(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}

impl<R: Body, G> Body for Held<R, G> {
    type Data = R::Data;
    type Error = R::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<R::Data>, R::Error>>> {
        self.poll_series::<Bodies>(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

// By hand: replies and guards have no `Debug`.
impl<R, G> fmt::Debug for Held<R, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held")
            .field("holding", &self.is_holding())
            .finish_non_exhaustive()
    }
}
