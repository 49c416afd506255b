use super::session::Session;
use crate::BoxError;
use crate::exchange::{Call, Exchange};
use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_service::Service;

/// Gives a clone of one exchange to every session and every request: what [`Server::new`](super::Server::new) mounts.
///
/// A stack of layers can be large, and a server is cloned for each request: what is cloned then is a handle, and the exchange once.
#[derive(Debug)]
pub struct One<E> {
    exchange: Arc<E>,
}

impl<E> One<E> {
    pub(super) fn new(exchange: E) -> One<E> {
        One {
            exchange: Arc::new(exchange),
        }
    }
}

// By hand: the exchange need not be `Clone` for this.
impl<E> Clone for One<E> {
    fn clone(&self) -> Self {
        One {
            exchange: Arc::clone(&self.exchange),
        }
    }
}

impl<E: Clone> Service<Session> for One<E> {
    type Response = E;
    type Error = Infallible;
    type Future = Ready<Result<E, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Session) -> Self::Future {
        ready(Ok(E::clone(&self.exchange)))
    }
}

/// What an exchange must be to be mounted. An alias, with a blanket implementation.
pub(super) trait Served:
    Service<Call, Future: Send + 'static> + Exchange<Reply: Send + 'static> + Clone + Send + Sync + 'static
{
}

impl<E> Served for E where
    E: Service<Call, Future: Send + 'static> + Exchange<Reply: Send + 'static> + Clone + Send + Sync + 'static
{
}

/// What a maker of exchanges must be. An alias, with a blanket implementation.
pub(super) trait Make<E>:
    Service<Session, Response = E, Error: Into<BoxError>, Future: Future + Send> + Clone + Send + Sync + 'static
{
}

impl<M, E> Make<E> for M where
    M: Service<Session, Response = E, Error: Into<BoxError>, Future: Future + Send> + Clone + Send + Sync + 'static
{
}
