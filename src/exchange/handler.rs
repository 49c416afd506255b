use super::{Call, Input, Item, Peer, Reply};
use crate::BoxError;
use crate::message::{Id, Kind, Message, code};
use futures_core::Stream;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::sync::mpsc;
use tower_service::Service;

/// An exchange from an async function that may speak before it answers. See [`handler_fn`].
#[derive(Clone)]
pub struct HandlerFn<F> {
    f: F,
}

/// An exchange from a function `(Call, Peer) -> Future<Output = Result<Option<Message>, Error>>`.
///
/// Through the [`Peer`] the function sends notifications and asks the caller, in order; what it returns is the answer, which gets
/// the request's id. For a notification and for a call that listens it returns `None` (an answer is dropped); a request that it
/// returns `None` for is answered with a JSON-RPC error.
///
/// The reply itself drives the function's future, so there is no task: who does not read the reply holds the function up, and
/// dropping the reply drops the function's future. The future and the reply are boxed; where one answer is all,
/// [`unary`](super::unary) allocates nothing. It is always ready.
pub const fn handler_fn<F>(f: F) -> HandlerFn<F> {
    HandlerFn { f }
}

impl<F, Fut, A, E> Service<Call> for HandlerFn<F>
where
    F: FnMut(Call, Peer) -> Fut,
    Fut: Future<Output = Result<A, E>> + Send + 'static,
    A: Into<Option<Message>>,
    E: Into<BoxError>,
{
    type Response = Reply<HandlerItems<Fut>>;
    type Error = BoxError;
    type Future = HandlerFuture<Fut>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Call) -> HandlerFuture<Fut> {
        let (peer, mut queue) = Peer::channel();
        let asks = match &call.input {
            Input::Message(message) if message.kind() == Kind::Request => Asks::Response(message.id()),
            Input::Message(_) => {
                queue.close();
                Asks::Nothing
            }
            Input::Listen => Asks::Items,
        };
        HandlerFuture {
            items: Some(HandlerItems {
                work: Some(Box::pin((self.f)(call, peer))),
                queue: Some(queue),
                asks,
                last: None,
            }),
        }
    }
}

/// The future of [`HandlerFn`]. Dropped, it drops the function's future.
pub struct HandlerFuture<Fut> {
    items: Option<HandlerItems<Fut>>,
}

/// The items of a [`HandlerFn`]'s reply. Dropped, it drops the function's future.
pub struct HandlerItems<Fut> {
    work: Option<Pin<Box<Fut>>>,
    /// What the function has sent. Gone with the last item: nothing may follow it, also if a `Peer` was left behind somewhere.
    queue: Option<mpsc::Receiver<Item>>,
    asks: Asks,
    /// How the reply ends, once the function has returned: with the answer, with its error, or with nothing more.
    last: Option<Result<Message, BoxError>>,
}

/// What the call wants of the function.
enum Asks {
    Response(Option<Id>),
    Items,
    Nothing,
}

impl<Fut, A, E> Future for HandlerFuture<Fut>
where
    Fut: Future<Output = Result<A, E>>,
    A: Into<Option<Message>>,
    E: Into<BoxError>,
{
    type Output = Result<Reply<HandlerItems<Fut>>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let items = self.items.as_mut().expect("polled after completion");
        let first = match items.asks {
            Asks::Response(_) => ready!(Pin::new(items).poll_next(cx)).transpose()?,
            Asks::Items | Asks::Nothing => None,
        };
        let items = self.items.take().expect("was there a moment ago");
        Poll::Ready(Ok(match first {
            Some(response @ Item::Response(_)) => Reply::once(response),
            Some(item) => Reply::first_of(item, items),
            None => Reply::stream(items),
        }))
    }
}

impl<Fut, A, E> Stream for HandlerItems<Fut>
where
    Fut: Future<Output = Result<A, E>>,
    A: Into<Option<Message>>,
    E: Into<BoxError>,
{
    type Item = Result<Item, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let Some(queue) = &mut this.queue else {
            return Poll::Ready(None);
        };
        if let Some(work) = &mut this.work {
            match work.as_mut().poll(cx) {
                Poll::Ready(outcome) => {
                    this.work = None;
                    queue.close();
                    this.last = this.asks.last(outcome.map(Into::into).map_err(Into::into));
                }
                Poll::Pending => {
                    return match queue.poll_recv(cx) {
                        Poll::Ready(Some(item)) => Poll::Ready(Some(Ok(item))),
                        Poll::Ready(None) | Poll::Pending => Poll::Pending,
                    };
                }
            }
        }
        // Not `poll_recv`, which is pending when the task's budget is spent: the answer would overtake what was sent before it.
        if let Ok(item) = queue.try_recv() {
            return Poll::Ready(Some(Ok(item)));
        }
        this.queue = None;
        Poll::Ready(this.last.take().map(|last| last.map(Item::Response)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match (&self.work, &self.asks) {
            (Some(_), Asks::Response(_)) => (1, None),
            (Some(_), _) => (0, None),
            (None, _) => {
                let queued = self.queue.as_ref().map_or(0, mpsc::Receiver::len);
                let left = queued + usize::from(self.last.is_some());
                (left, Some(left))
            }
        }
    }
}

impl Asks {
    /// How the reply ends.
    fn last(&self, outcome: Result<Option<Message>, BoxError>) -> Option<Result<Message, BoxError>> {
        let (answer, id) = match (outcome, self) {
            (Err(error), _) => return Some(Err(error)),
            (Ok(answer), Asks::Response(id)) => (answer, id.clone().unwrap_or_else(Id::null)),
            (Ok(_), Asks::Items | Asks::Nothing) => return None,
        };
        Some(Ok(match answer {
            Some(answer) => answer.with_id(id),
            None => Message::error(&id, code::INTERNAL_ERROR, "the handler gave no answer"),
        }))
    }
}

impl<Fut> Unpin for HandlerFuture<Fut> {}
impl<Fut> Unpin for HandlerItems<Fut> {}

// By hand, all three: closures and their futures have no `Debug`.
impl<F> fmt::Debug for HandlerFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandlerFn").finish_non_exhaustive()
    }
}

impl<Fut> fmt::Debug for HandlerFuture<Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandlerFuture").finish_non_exhaustive()
    }
}

impl<Fut> fmt::Debug for HandlerItems<Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandlerItems")
            .field("running", &self.work.is_some())
            .finish_non_exhaustive()
    }
}
