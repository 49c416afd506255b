use super::Place;
use super::catch::{catch, catch_drop};
use crate::BoxError;
use crate::reply::{Bodies, Series, Streams};
use futures_core::Stream;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// The reply of [`CatchPanic`](super::CatchPanic): the inner stream or body, until it ends or panics.
    ///
    /// Its `size_hint` is that of the inner one. Dropped, it drops the inner one, and catches a panic of that as well.
    pub struct Caught<R> {
        #[pin]
        inner: Option<R>,
    }

    impl<R> PinnedDrop for Caught<R> {
        fn drop(this: Pin<&mut Self>) {
            catch_drop(|| this.project().inner.set(None));
        }
    }
}

impl<R> Caught<R> {
    pub(super) const fn new(inner: R) -> Self {
        Caught { inner: Some(inner) }
    }

    #[inline]
    fn poll_series<K>(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<R::Item, BoxError>>>
    where
        R: Series<K>,
        R::Error: Into<BoxError>,
    {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        let last = match catch(Place::Reply, || inner.poll_item(cx)) {
            Ok(polled) => match ready!(polled) {
                Some(item) => return Poll::Ready(Some(item.map_err(Into::into))),
                None => None,
            },
            Err(panicked) => Some(Err(panicked.into())),
        };
        catch_drop(|| this.inner.set(None));
        Poll::Ready(last)
    }
}

impl<R, T, E> Stream for Caught<R>
where
    R: Stream<Item = Result<T, E>>,
    E: Into<BoxError>,
{
    type Item = Result<T, BoxError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_series::<Streams>(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let hint = |inner: &R| catch(Place::Reply, || inner.size_hint()).unwrap_or((0, None));
        self.inner.as_ref().map_or((0, Some(0)), hint)
    }
}

impl<R> Body for Caught<R>
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
        let is_over = |inner: &R| catch(Place::Reply, || inner.is_end_stream()).unwrap_or(false);
        self.inner.as_ref().is_none_or(is_over)
    }

    fn size_hint(&self) -> SizeHint {
        let hint = |inner: &R| catch(Place::Reply, || inner.size_hint()).unwrap_or_default();
        self.inner.as_ref().map_or_else(|| SizeHint::with_exact(0), hint)
    }
}

// By hand: replies have no `Debug`.
impl<R> fmt::Debug for Caught<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caught").field("over", &self.inner.is_none()).finish()
    }
}
