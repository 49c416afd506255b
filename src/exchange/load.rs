use futures_core::Stream;
use pin_project_lite::pin_project;
use std::pin::Pin;
use std::task::{Context, Poll};
use tower::load::TrackCompletion;

/// Counts a call as load until its last item is out, not only until its first.
///
/// For [`tower::load::PendingRequests`] and [`tower::load::PeakEwma`], below tower's `balance`: without it, an exchange that streams
/// counts for nothing once the stream has begun.
///
/// ```
/// use tower::load::PendingRequests;
/// use tower_transport::exchange::{CompleteOnLastItem, Call, unary};
/// use tower_transport::message::Message;
///
/// let exchange = unary(|request: Message| async move { Ok::<_, std::convert::Infallible>(request) });
/// let counted = PendingRequests::new(exchange, CompleteOnLastItem);
/// # fn is_exchange<E: tower_transport::exchange::Exchange>(_: E) {}
/// # is_exchange(counted);
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct CompleteOnLastItem;

pin_project! {
    /// A reply that holds something until its last item is out, it fails, or it is dropped.
    #[derive(Debug)]
    pub struct Held<H, S> {
        held: Option<H>,
        #[pin]
        inner: S,
    }
}

impl<H, S: Stream> TrackCompletion<H, S> for CompleteOnLastItem {
    type Output = Held<H, S>;

    fn track_completion(&self, handle: H, reply: S) -> Held<H, S> {
        let over = reply.size_hint().1 == Some(0);
        Held {
            held: (!over).then_some(handle),
            inner: reply,
        }
    }
}

impl<H, S, T, E> Stream for Held<H, S>
where
    S: Stream<Item = Result<T, E>>,
{
    type Item = Result<T, E>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        let next = std::task::ready!(this.inner.as_mut().poll_next(cx));
        if !matches!(next, Some(Ok(_))) || this.inner.size_hint().1 == Some(0) {
            *this.held = None;
        }
        Poll::Ready(next)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}
