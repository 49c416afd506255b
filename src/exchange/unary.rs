use super::{BoxReply, Call, Input, Item, Reply};
use crate::BoxError;
use crate::message::{Id, Message, code};
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tower_service::Service;

/// An exchange from a function that gives one answer. See [`unary`].
#[derive(Clone)]
pub struct Unary<F> {
    f: F,
}

/// An exchange from a function `Message -> Future<Output = Result<Message, Error>>`: one request in, one answer out.
///
/// The function may return an `Option<Message>` as well. The answer gets the request's id. For a notification it returns `None` (an
/// answer is dropped, as nobody asked); a request that it returns `None` for is answered with a JSON-RPC error. A call that listens
/// gets an empty reply without a call to the function. It is always ready, and allocates nothing.
pub const fn unary<F>(f: F) -> Unary<F> {
    Unary { f }
}

impl<F, Fut, A, E> Service<Call> for Unary<F>
where
    F: FnMut(Message) -> Fut,
    Fut: Future<Output = Result<A, E>>,
    A: Into<Option<Message>>,
    E: Into<BoxError>,
{
    type Response = Reply<BoxReply>;
    type Error = E;
    type Future = UnaryFuture<Fut>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Call) -> UnaryFuture<Fut> {
        match call.input {
            Input::Message(message) => {
                let id = message.id();
                UnaryFuture {
                    answer: Some((self.f)(message)),
                    id,
                }
            }
            Input::Listen => UnaryFuture { answer: None, id: None },
        }
    }
}

pin_project! {
    /// The future of [`Unary`]. Dropped, it drops the function's future.
    pub struct UnaryFuture<Fut> {
        #[pin]
        answer: Option<Fut>,
        id: Option<Id>,
    }
}

impl<Fut, A, E> Future for UnaryFuture<Fut>
where
    Fut: Future<Output = Result<A, E>>,
    A: Into<Option<Message>>,
{
    type Output = Result<Reply<BoxReply>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(answer) = this.answer.as_pin_mut() else {
            return Poll::Ready(Ok(Reply::empty()));
        };
        let answer = ready!(answer.poll(cx))?;
        let Some(id) = this.id.take() else {
            return Poll::Ready(Ok(Reply::empty()));
        };
        let answer = match answer.into() {
            Some(answer) => answer.with_id(id),
            None => Message::error(&id, code::INTERNAL_ERROR, "the handler gave no answer"),
        };
        Poll::Ready(Ok(Reply::once(Item::Response(answer))))
    }
}

// By hand, both: closures and their futures have no `Debug`.
impl<F> fmt::Debug for Unary<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unary").finish_non_exhaustive()
    }
}

impl<Fut> fmt::Debug for UnaryFuture<Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnaryFuture")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
