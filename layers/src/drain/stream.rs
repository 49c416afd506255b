use super::Interrupted;
use super::gate::Pass;
use crate::BoxError;
use crate::reply::{Bodies, Series, Streams};
use futures_core::Stream;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

pin_project! {
    /// The reply of [`Drain`](super::Drain): the inner stream or body, until it ends or is interrupted.
    ///
    /// Its `size_hint` is that of the inner one. Dropped, it drops the inner one, and is counted no more.
    pub struct Drained<R> {
        #[pin]
        inner: Option<R>,
        // Until the last item is out.
        pass: Option<Pass>,
        items: u64,
    }
}

impl<R> Drained<R> {
    pub(super) const fn new(inner: R, pass: Option<Pass>) -> Self {
        Drained {
            inner: Some(inner),
            pass,
            items: 0,
        }
    }

    fn poll_series<K>(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<R::Item, BoxError>>>
    where
        R: Series<K>,
        R::Error: Into<BoxError>,
    {
        let mut this = self.project();
        let Some(mut inner) = this.inner.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        let next = inner.as_mut().poll_item(cx);
        let goes_on = match &next {
            Poll::Pending => this.pass.as_mut().is_none_or(|pass| pass.may_wait(cx)),
            // Without this, a peer that always has one more item would never be interrupted.
            Poll::Ready(Some(Ok(_))) => inner.is_over() || !this.pass.as_ref().is_some_and(Pass::is_interrupted),
            Poll::Ready(_) => true,
        };
        let last = match next {
            _ if !goes_on => Some(Err(Interrupted::new(*this.items).into())),
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Some(item)) => {
                *this.items += 1;
                if item.is_err() || inner.is_over() {
                    *this.pass = None;
                }
                return Poll::Ready(Some(item.map_err(Into::into)));
            }
            Poll::Ready(None) => None,
        };
        // What is inside goes before the call is counted no more.
        this.inner.set(None);
        *this.pass = None;
        Poll::Ready(last)
    }
}

impl<R, T, E> Stream for Drained<R>
where
    R: Stream<Item = Result<T, E>>,
    E: Into<BoxError>,
{
    type Item = Result<T, BoxError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_series::<Streams>(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.as_ref().map_or((0, Some(0)), Stream::size_hint)
    }
}

impl<R> Body for Drained<R>
where
    R: Body,
    R::Error: Into<BoxError>,
{
    type Data = R::Data;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<R::Data>, BoxError>>> {
        self.poll_series::<Bodies>(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

// By hand: replies have no `Debug`.
impl<R> fmt::Debug for Drained<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drained")
            .field("in_flight", &self.pass.is_some())
            .field("items", &self.items)
            .finish_non_exhaustive()
    }
}
