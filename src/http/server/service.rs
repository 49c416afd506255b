use super::body::ServerBody;
use super::builder::Server;
use super::dispatch::Outcome;
use super::reject::Rejection;
use super::session::Session;
use crate::BoxError;
use crate::exchange::Exchange;
use http::{Request, Response};
use http_body::Body;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tower_service::Service;

impl<B, E, M> Service<Request<B>> for Server<E, M>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
    E: Exchange + Clone + Send + Sync + 'static,
    E::Future: Send + 'static,
    E::Reply: Send + 'static,
    M: Service<Session, Response = E> + Clone + Send + Sync + 'static,
    M::Error: Into<BoxError>,
    M::Future: Send,
{
    type Response = Response<ServerBody>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture {
        ResponseFuture {
            // A clone: nothing of a maker's readiness is carried from one request to the next.
            outcome: Box::pin(self.edge.clone().serve(request)),
        }
    }
}

/// The future of [`Server`].
///
/// Dropped, it cancels a call of 2026-07-28. In the revisions before, the call goes on, as the session owns it; only an `initialize` is
/// given up, together with the session that it was to open.
pub struct ResponseFuture {
    outcome: Pin<Box<dyn Future<Output = Outcome> + Send>>,
}

impl Future for ResponseFuture {
    type Output = Result<Response<ServerBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.outcome
            .as_mut()
            .poll(cx)
            .map(|outcome| Ok(outcome.unwrap_or_else(Rejection::into_response)))
    }
}

// By hand: what runs behind it has no `Debug`.
impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
