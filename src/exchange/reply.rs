use super::{BoxReply, Item};
use futures_core::Stream;
use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

pin_project! {
    /// The reply of the crate's own transports: unary traffic pays for no box and no stream.
    ///
    /// Its `size_hint` tells the end: `(1, Some(1))` when only the response is left, an upper bound of 0 as soon as it is out.
    /// Dropped before its end, it cancels.
    pub struct Reply<S = BoxReply> {
        first: Option<Item>,
        #[pin]
        rest: Option<S>,
    }
}

impl<S> Reply<S> {
    /// No items: the reply to a notification.
    pub const fn empty() -> Reply<S> {
        Reply {
            first: None,
            rest: None,
        }
    }

    /// One item: a response that nothing came before.
    pub const fn once(item: Item) -> Reply<S> {
        Reply {
            first: Some(item),
            rest: None,
        }
    }

    /// A stream of items.
    pub const fn stream(items: S) -> Reply<S> {
        Reply {
            first: None,
            rest: Some(items),
        }
    }

    /// An item that is there already, then a stream of those that follow.
    pub const fn first_of(item: Item, rest: S) -> Reply<S> {
        Reply {
            first: Some(item),
            rest: Some(rest),
        }
    }

    /// The first item, if it is there already.
    pub const fn first(&self) -> Option<&Item> {
        self.first.as_ref()
    }
}

impl<S, E> Stream for Reply<S>
where
    S: Stream<Item = Result<Item, E>>,
{
    type Item = Result<Item, E>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        if let Some(item) = this.first.take() {
            return Poll::Ready(Some(Ok(item)));
        }
        let Some(rest) = this.rest.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        let next = std::task::ready!(rest.poll_next(cx));
        if next.is_none() {
            this.rest.set(None);
        }
        Poll::Ready(next)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let first = usize::from(self.first.is_some());
        let (lower, upper) = self.rest.as_ref().map_or((0, Some(0)), Stream::size_hint);
        (
            lower.saturating_add(first),
            upper.and_then(|upper| upper.checked_add(first)),
        )
    }
}

// By hand: a stream need not have `Debug`, and a boxed one has none.
impl<S> fmt::Debug for Reply<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("first", &self.first)
            .field("streams", &self.rest.is_some())
            .finish()
    }
}
