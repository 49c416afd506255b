use super::{BoxCloneExchange, BoxExchange, Call, Exchange, Item};
use crate::BoxError;
use crate::message::Message;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;

/// What one asks of an exchange, on every exchange.
pub trait ExchangeExt: Exchange {
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
    fn request(&mut self, message: Message) -> impl Future<Output = Result<Message, BoxError>>
    where
        Self: Sized,
    {
        async move {
            poll_fn(|cx| self.poll_ready(cx)).await.map_err(Into::into)?;
            let mut reply = pin!(self.call(Call::new(message)).await.map_err(Into::into)?);
            while let Some(item) = poll_fn(|cx| futures_core::Stream::poll_next(reply.as_mut(), cx)).await {
                if let Item::Response(message) = item.map_err(Into::into)? {
                    return Ok(message);
                }
            }
            Err(NoResponse(()).into())
        }
    }

    /// Readies the exchange and hands a notification over. It was accepted when the future resolves.
    ///
    /// # Errors
    ///
    /// What the exchange fails with.
    fn notify(&mut self, message: Message) -> impl Future<Output = Result<(), BoxError>>
    where
        Self: Sized,
    {
        async move {
            poll_fn(|cx| self.poll_ready(cx)).await.map_err(Into::into)?;
            let mut reply = pin!(self.call(Call::new(message)).await.map_err(Into::into)?);
            while let Some(item) = poll_fn(|cx| futures_core::Stream::poll_next(reply.as_mut(), cx)).await {
                item.map_err(Into::into)?;
            }
            Ok(())
        }
    }

    /// Erases the type; the future and the reply are boxed.
    fn boxed(self) -> BoxExchange
    where
        Self: Sized + Send + 'static,
        Self::Future: Send + 'static,
        Self::Reply: Send + 'static,
    {
        BoxExchange::new(self)
    }

    /// Erases the type and stays `Clone`; the future and the reply are boxed.
    fn boxed_clone(self) -> BoxCloneExchange
    where
        Self: Sized + Clone + Send + Sync + 'static,
        Self::Future: Send + 'static,
        Self::Reply: Send + 'static,
    {
        BoxCloneExchange::new(self)
    }
}

impl<T: Exchange> ExchangeExt for T {}

/// A reply ended without its response.
#[derive(Debug)]
pub struct NoResponse(());

impl fmt::Display for NoResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the reply ended without a response")
    }
}

impl std::error::Error for NoResponse {}
