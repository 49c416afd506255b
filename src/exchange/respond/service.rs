use super::table::{Caller, Table};
use super::{RespondLayer, Responded, ResponseFuture};
use crate::exchange::{Call, Exchange};
use crate::message::{Kind, Message};
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_service::Service;

/// Answers for a request that failed. See the [module docs](super) for an example.
#[derive(Debug, Clone)]
pub struct Respond<S> {
    inner: S,
    table: Arc<Table>,
}

impl<S> Respond<S> {
    /// Answers for the requests that `inner` fails, by the rules of [`RespondLayer::new`].
    pub fn new(inner: S) -> Respond<S> {
        Respond::with_table(inner, Arc::default())
    }

    pub(super) const fn with_table(inner: S, table: Arc<Table>) -> Respond<S> {
        Respond { inner, table }
    }

    /// A layer with the rules that are there already.
    pub fn layer() -> RespondLayer {
        RespondLayer::new()
    }

    /// The inner service.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service. What is called through it is not answered for.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The inner service.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S: Exchange> Service<Call> for Respond<S> {
    type Response = Responded<S::Reply>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> Self::Future {
        let request = call.message().filter(|message| message.kind() == Kind::Request);
        let caller = request.and_then(Message::id).map(|id| Caller {
            id,
            table: Arc::clone(&self.table),
        });
        ResponseFuture::new(self.inner.call(call), caller)
    }
}
