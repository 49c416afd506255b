use super::session::Session;
use crate::BoxError;
use crate::exchange::{Call, Exchange};
use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::task::{Context, Poll};
use tower_service::Service;

/// Gives a clone of one exchange to every session and every request: what [`Server::new`](super::Server::new) mounts.
#[derive(Debug, Clone)]
pub struct One<E> {
    exchange: E,
}

impl<E> One<E> {
    pub(super) const fn new(exchange: E) -> One<E> {
        One { exchange }
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
        ready(Ok(self.exchange.clone()))
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
