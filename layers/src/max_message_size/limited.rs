use super::{Direction, Limits, TooLarge, TooManyItems};
use crate::reply::{Bodies, Series, Streams};
use crate::{BoxError, WireSize};
use bytes::Buf;
use futures_core::Stream;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// A stream or body, until it ends or a limit is passed.
    ///
    /// As a stream it is the reply of [`MaxMessageSize`](super::MaxMessageSize), and each item is measured. As a body, of a request or of a
    /// response, all its data is measured together. Its `size_hint` is that of the inner one. Dropped, it drops the inner one.
    pub struct Limited<R> {
        #[pin]
        inner: Option<R>,
        meter: Meter,
    }
}

#[derive(Debug)]
struct Meter {
    direction: Direction,
    limits: Limits,
    /// Items of a stream, bytes of a body.
    seen: usize,
}

impl Direction {
    /// Refuses a message whose size is known.
    pub(super) fn check(self, limits: Limits, size: usize) -> Result<(), TooLarge> {
        let limit = limits.bytes(self);
        if size > limit {
            return Err(TooLarge::new(self, limit, size));
        }
        Ok(())
    }
}

impl Meter {
    fn item<T: WireSize>(&mut self, item: &mut T) -> Result<(), BoxError> {
        if let Some(limit) = self.limits.items() {
            if self.seen == limit {
                return Err(TooManyItems::new(limit).into());
            }
            self.seen += 1;
        }
        self.direction.check(self.limits, item.wire_size())?;
        // What is answered through an item goes the way that requests go.
        item.limit_answer(self.limits.bytes(Direction::Request));
        Ok(())
    }

    fn frame<D: Buf>(&mut self, frame: &Frame<D>) -> Result<(), BoxError> {
        let Some(data) = frame.data_ref() else {
            return Ok(());
        };
        self.seen = self.seen.saturating_add(data.remaining());
        let limit = self.limits.bytes(self.direction);
        if self.seen > limit {
            return Err(TooLarge::cut(self.direction, limit, self.seen).into());
        }
        Ok(())
    }
}

impl<R> Limited<R> {
    pub(super) const fn new(inner: R, direction: Direction, limits: Limits) -> Self {
        Limited {
            inner: Some(inner),
            meter: Meter {
                direction,
                limits,
                seen: 0,
            },
        }
    }

    #[inline]
    fn poll_series<K>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        measure: impl FnOnce(&mut Meter, &mut R::Item) -> Result<(), BoxError>,
    ) -> Poll<Option<Result<R::Item, BoxError>>>
    where
        R: Series<K>,
        R::Error: Into<BoxError>,
    {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        let outcome = match ready!(inner.poll_item(cx)) {
            Some(Ok(mut item)) => match measure(this.meter, &mut item) {
                Ok(()) => return Poll::Ready(Some(Ok(item))),
                Err(error) => Some(Err(error)),
            },
            Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
            None => None,
        };
        this.inner.set(None);
        Poll::Ready(outcome)
    }
}

impl<R, T, E> Stream for Limited<R>
where
    R: Stream<Item = Result<T, E>>,
    T: WireSize,
    E: Into<BoxError>,
{
    type Item = Result<T, BoxError>;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_series::<Streams>(cx, Meter::item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.as_ref().map_or((0, Some(0)), Stream::size_hint)
    }
}

impl<R> Body for Limited<R>
where
    R: Body,
    R::Error: Into<BoxError>,
{
    type Data = R::Data;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<R::Data>, BoxError>>> {
        self.poll_series::<Bodies>(cx, |meter, frame| meter.frame(frame))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    // Not tightened by the limit: a lower bound that meets it would read as an exact size, and a limit of 0 as an empty body.
    fn size_hint(&self) -> SizeHint {
        self.inner
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

// By hand: streams have no `Debug`.
impl<R> fmt::Debug for Limited<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limited")
            .field("meter", &self.meter)
            .finish_non_exhaustive()
    }
}
