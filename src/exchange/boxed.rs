use super::{Call, Exchange, Item};
use crate::BoxError;
use futures_core::Stream;
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tower_service::Service;

/// A reply of any exchange.
pub type BoxReply = Pin<Box<dyn Stream<Item = Result<Item, BoxError>> + Send>>;

/// The future of [`BoxExchange`] and [`BoxCloneExchange`].
pub type BoxedFuture = Pin<Box<dyn Future<Output = Result<BoxReply, BoxError>> + Send>>;

/// An exchange whose type is erased. `Send`, not `Clone`: see [`BoxCloneExchange`].
pub struct BoxExchange(Box<dyn Erased + Send>);

/// An exchange whose type is erased, and which can be mounted where clones are made.
///
/// A clone holds no reservation, whatever its original held.
pub struct BoxCloneExchange(Box<dyn CloneErased + Send + Sync>);

impl BoxExchange {
    /// Erases the type of `inner`.
    pub fn new<T>(inner: T) -> BoxExchange
    where
        T: Exchange + Send + 'static,
        T::Future: Send + 'static,
        T::Reply: Send + 'static,
    {
        BoxExchange(Box::new(Boxed(inner)))
    }
}

impl BoxCloneExchange {
    /// Erases the type of `inner`.
    pub fn new<T>(inner: T) -> BoxCloneExchange
    where
        T: Exchange + Clone + Send + Sync + 'static,
        T::Future: Send + 'static,
        T::Reply: Send + 'static,
    {
        BoxCloneExchange(Box::new(Boxed(inner)))
    }
}

/// Boxes the future, the reply and the errors of an exchange.
struct Boxed<T>(T);

trait Erased {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>>;
    fn call(&mut self, call: Call) -> BoxedFuture;
}

trait CloneErased: Erased {
    fn clone_box(&self) -> Box<dyn CloneErased + Send + Sync>;
}

impl<T> Erased for Boxed<T>
where
    T: Exchange,
    T::Future: Send + 'static,
    T::Reply: Send + 'static,
{
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, call: Call) -> BoxedFuture {
        let future = self.0.call(call);
        Box::pin(async move {
            let reply = future.await.map_err(Into::into)?;
            let reply: BoxReply = Box::pin(MapItemError { inner: reply });
            Ok(reply)
        })
    }
}

impl<T> CloneErased for Boxed<T>
where
    T: Exchange + Clone + Send + Sync + 'static,
    T::Future: Send + 'static,
    T::Reply: Send + 'static,
{
    fn clone_box(&self) -> Box<dyn CloneErased + Send + Sync> {
        Box::new(Boxed(self.0.clone()))
    }
}

impl Service<Call> for BoxExchange {
    type Response = BoxReply;
    type Error = BoxError;
    type Future = BoxedFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> BoxedFuture {
        self.0.call(call)
    }
}

impl Service<Call> for BoxCloneExchange {
    type Response = BoxReply;
    type Error = BoxError;
    type Future = BoxedFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> BoxedFuture {
        self.0.call(call)
    }
}

impl Clone for BoxCloneExchange {
    fn clone(&self) -> Self {
        BoxCloneExchange(self.0.clone_box())
    }
}

// By hand, both: trait objects have no `Debug`.
impl fmt::Debug for BoxExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxExchange").finish_non_exhaustive()
    }
}

impl fmt::Debug for BoxCloneExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxCloneExchange").finish_non_exhaustive()
    }
}

pin_project! {
    struct MapItemError<S> {
        #[pin]
        inner: S,
    }
}

impl<S, E> Stream for MapItemError<S>
where
    S: Stream<Item = Result<Item, E>>,
    E: Into<BoxError>,
{
    type Item = Result<Item, BoxError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = ready!(self.project().inner.poll_next(cx));
        Poll::Ready(next.map(|item| item.map_err(Into::into)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}
