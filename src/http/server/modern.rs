//! 2026-07-28: every request stands for itself, and the end of its response is the end of its call.

use super::body::ServerBody;
use super::dispatch::{Outcome, Shared, call, request_id};
use super::failure::Failure;
use super::make::{Make, Served};
use super::making::Making;
use super::reject::Rejection;
use super::respond::{bare, first, modern_status};
use super::run::{Running, run};
use super::session::Session;
use super::source::Source;
use crate::message::{Id, Kind, Message};
use http::request::Parts;
use http::{Response, StatusCode};
use std::future::poll_fn;

impl<E: Served> Shared<E> {
    pub(super) fn modern<M: Make<E>>(
        &self,
        make: M,
        message: Message,
        parts: &mut Parts,
    ) -> impl Future<Output = Outcome> + Send {
        let id = request_id(&message);
        let is_request = message.kind() == Kind::Request;
        // A subscription has no end of its own, and would hold up a graceful stop for as long as its client likes.
        let subscribes = message.method_bytes().as_deref() == Some(b"subscriptions/listen");
        let exchange = Making::new(make, Session::none(), self.options.ready_timeout);
        let items = run(exchange, call(message, parts), self.options.ready_timeout);
        async move {
            if !is_request {
                return accepted(items).await.map_err(|failure| self.not_accepted(&failure));
            }
            let source = Source::Call {
                items,
                until: subscribes.then(|| Box::pin(self.control.drained()) as _),
                _admitted: self.admit(&id)?,
            };
            let outcome = first(source, id.clone(), &self.options, modern_status).await;
            outcome.map_err(|failure| self.failed(failure.status(), &id, &failure))
        }
    }

    /// A notification has no answer that could carry the failure: its status says it.
    pub(super) fn not_accepted(&self, failure: &Failure) -> Rejection {
        let status = match failure.status() {
            StatusCode::OK => StatusCode::INTERNAL_SERVER_ERROR,
            status => status,
        };
        self.failed(status, &Id::null(), failure)
    }

    pub(super) fn failed(&self, status: StatusCode, id: &Id, failure: &Failure) -> Rejection {
        Rejection::failed(status, id, failure, self.options.show_causes)
    }
}

/// Hands a notification over. It was accepted when its reply has ended.
async fn accepted(mut items: Running) -> Result<Response<ServerBody>, Failure> {
    while let Some(item) = poll_fn(|cx| items.as_mut().poll_next(cx)).await {
        item?;
    }
    Ok(bare(StatusCode::ACCEPTED))
}
