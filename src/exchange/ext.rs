use super::{Call, Exchange, Item};
use crate::BoxError;
use crate::message::Message;
use futures_core::Stream;
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// What one asks of an exchange, on every exchange.
pub trait ExchangeExt: Exchange + Sized {
    /// Readies the exchange, makes the call, and gives the final response (a result or an error message).
    ///
    /// Notifications on the way are dropped, and requests of the peer answered with an error: who wants them reads the reply.
    ///
    /// # Errors
    ///
    /// What the exchange fails with, or [`NoResponse`] for a reply that ended without one.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels the call.
    fn request(&mut self, message: Message) -> Request<'_, Self, Self::Future, Self::Response> {
        Request {
            whole: Whole::new(self, message),
        }
    }

    /// Readies the exchange and hands a notification over. It was accepted when the future resolves.
    ///
    /// # Errors
    ///
    /// What the exchange fails with.
    ///
    /// # Cancel safety
    ///
    /// A notification whose future is dropped before it resolves may have been sent, or not.
    fn notify(&mut self, message: Message) -> Notify<'_, Self, Self::Future, Self::Response> {
        Notify {
            whole: Whole::new(self, message),
        }
    }
}

impl<T: Exchange> ExchangeExt for T {}

// Named futures without bounds, not `async` blocks: where an exchange's error is a `BoxError`, the compiler can't show `E: Exchange` for a
// type inside a spawned task, and would take the task for not `Send`.
pin_project! {
    /// The future of [`ExchangeExt::request`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Request<'a, E, F, R> {
        #[pin]
        whole: Whole<'a, E, F, R>,
    }
}

pin_project! {
    /// The future of [`ExchangeExt::notify`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Notify<'a, E, F, R> {
        #[pin]
        whole: Whole<'a, E, F, R>,
    }
}

pin_project! {
    #[project = WholeProj]
    enum Whole<'a, E, F, R> {
        Readying { exchange: &'a mut E, message: Option<Message> },
        Calling { #[pin] future: F },
        Reading { #[pin] reply: R },
    }
}

impl<'a, E, F, R> Whole<'a, E, F, R> {
    fn new(exchange: &'a mut E, message: Message) -> Self {
        Whole::Readying {
            exchange,
            message: Some(message),
        }
    }
}

impl<E: Exchange> Whole<'_, E, E::Future, E::Response> {
    /// Reads the reply up to its response, or to its end.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Option<Message>, BoxError>> {
        loop {
            let next = match self.as_mut().project() {
                WholeProj::Readying { exchange, message } => {
                    ready!(exchange.poll_ready(cx)).map_err(Into::into)?;
                    let message = message.take().expect("polled after completion");
                    Whole::Calling {
                        future: exchange.call(Call::new(message)),
                    }
                }
                WholeProj::Calling { future } => {
                    let reply = ready!(future.poll(cx)).map_err(Into::into)?;
                    Whole::Reading { reply }
                }
                WholeProj::Reading { reply } => match ready!(reply.poll_next(cx)) {
                    None => return Poll::Ready(Ok(None)),
                    Some(item) => match item.map_err(Into::into)? {
                        Item::Response(message) => return Poll::Ready(Ok(Some(message))),
                        Item::Notification(_) | Item::Request(..) => continue,
                    },
                },
            };
            self.set(next);
        }
    }
}

impl<E: Exchange> Future for Request<'_, E, E::Future, E::Response> {
    type Output = Result<Message, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = ready!(self.project().whole.poll(cx))?;
        Poll::Ready(response.ok_or_else(|| NoResponse(()).into()))
    }
}

impl<E: Exchange> Future for Notify<'_, E, E::Future, E::Response> {
    type Output = Result<(), BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().whole.poll(cx).map_ok(|_| ())
    }
}

/// A reply ended without its response.
#[derive(Debug)]
pub struct NoResponse(());

impl NoResponse {
    /// For tests of code that handles it.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> NoResponse {
        NoResponse(())
    }
}

impl fmt::Display for NoResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the reply ended without a response")
    }
}

impl std::error::Error for NoResponse {}

// By hand, both: the exchange's own futures need no `Debug`.
impl<E, F, R> fmt::Debug for Request<'_, E, F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").finish_non_exhaustive()
    }
}

impl<E, F, R> fmt::Debug for Notify<'_, E, F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notify").finish_non_exhaustive()
    }
}
