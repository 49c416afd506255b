use super::{Call, Item};
use crate::BoxError;
use futures_core::Stream;
use std::fmt;
use std::future::Future;
use std::task::{Context, Poll};
use tower_service::Service;

/// One call, one reply: every transport, every handler and every stack over one.
///
/// A trait alias with a blanket implementation: a `Service<Call>` whose response is a stream of [`Item`]s is an exchange. `Future` and
/// `Error` stay free, and `Clone` is asked for only where it is needed, so stock tower layers compose. See the [module docs](super)
/// for the laws.
pub trait Exchange: Service<Call, Response = Self::Reply, Error: Into<BoxError>> {
    /// The stream of items that a call is answered with.
    type Reply: Stream<Item = Result<Item, Self::ItemError>>;
    /// What may go wrong while the reply is read.
    type ItemError: Into<BoxError>;
}

impl<T, R, E> Exchange for T
where
    T: Service<Call, Response = R>,
    T::Error: Into<BoxError>,
    R: Stream<Item = Result<Item, E>>,
    E: Into<BoxError>,
{
    type Reply = R;
    type ItemError = E;
}

/// An exchange from a function that makes a whole reply. See [`service_fn`].
#[derive(Clone)]
pub struct ServiceFn<F> {
    f: F,
}

/// An exchange from a function `Call -> Future<Output = Result<Reply, Error>>`.
///
/// The most general of the adapters: the reply is any stream of items, often a [`Reply`](super::Reply).
/// [`unary`](super::unary) is for one answer, [`handler_fn`](super::handler_fn) for a handler that sends more than its answer.
/// It is always ready.
pub const fn service_fn<F>(f: F) -> ServiceFn<F> {
    ServiceFn { f }
}

impl<F, Fut, R, E, I> Service<Call> for ServiceFn<F>
where
    F: FnMut(Call) -> Fut,
    Fut: Future<Output = Result<R, E>>,
    R: Stream<Item = Result<Item, I>>,
{
    type Response = R;
    type Error = E;
    type Future = Fut;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Call) -> Fut {
        (self.f)(call)
    }
}

// By hand: closures have no `Debug`.
impl<F> fmt::Debug for ServiceFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceFn").finish_non_exhaustive()
    }
}
