use super::table::Caller;
use crate::BoxError;
use crate::exchange::{Item, NoResponse};
use crate::message::Message;
use futures_core::Stream;
use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// The reply of [`Respond`](super::Respond): the inner one up to its response, or up to its error, which is answered for.
    ///
    /// A request's reply has exactly one response, and its `size_hint` says so; it is over as soon as that is out. Dropped, it drops the
    /// inner reply.
    pub struct Responded<R> {
        #[pin]
        inner: Option<R>,
        caller: Option<Caller>,
        // Of a call that failed before its first item. Boxed, as it is rare, and would make every reply larger.
        answer: Option<Box<Message>>,
    }
}

impl<R> Responded<R> {
    pub(super) const fn new(inner: R, caller: Option<Caller>) -> Self {
        Responded {
            inner: Some(inner),
            caller,
            answer: None,
        }
    }

    pub(super) fn answer(answer: Message) -> Self {
        Responded {
            inner: None,
            caller: None,
            answer: Some(Box::new(answer)),
        }
    }
}

impl<R, E> Stream for Responded<R>
where
    R: Stream<Item = Result<Item, E>>,
    E: Into<BoxError>,
{
    type Item = Result<Item, E>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else {
            let answer = this.answer.take();
            return Poll::Ready(answer.map(|answer| Ok(Item::Response(*answer))));
        };
        let next = ready!(inner.poll_next(cx));
        if let Some(Ok(Item::Notification(_) | Item::Request(..))) = next {
            return Poll::Ready(next);
        }
        this.inner.set(None);
        let response = match (next, this.caller.take()) {
            (Some(Err(error)), Some(caller)) => caller.answer(error),
            (None, Some(caller)) => caller.answer(NoResponse::new()),
            (next, _) => return Poll::Ready(next),
        };
        Poll::Ready(Some(Ok(Item::Response(response))))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let Some(inner) = &self.inner else {
            let left = usize::from(self.answer.is_some());
            return (left, Some(left));
        };
        let (lower, upper) = inner.size_hint();
        match &self.caller {
            Some(_) => (lower.max(1), upper.map(|upper| upper.max(1))),
            None => (lower, upper),
        }
    }
}

// By hand: streams have no `Debug`.
impl<R> fmt::Debug for Responded<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Responded")
            .field("caller", &self.caller)
            .field("answer", &self.answer)
            .finish_non_exhaustive()
    }
}
