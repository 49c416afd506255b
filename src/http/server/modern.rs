//! 2026-07-28: every request stands for itself, and the end of its response is the end of its call.

use super::dispatch::{Edge, Outcome, call, request_id};
use super::failure::Failure;
use super::make::{Make, Served};
use super::reject::Rejection;
use super::respond::{first, modern_status};
use super::run::run;
use super::session::Session;
use super::source::Source;
use crate::message::{Id, Kind, Message};
use http::StatusCode;
use http::request::Parts;

impl<E: Served, M: Make<E>> Edge<E, M> {
    pub(super) async fn modern(&mut self, message: Message, parts: &mut Parts) -> Outcome {
        let id = request_id(&message);
        if message.kind() != Kind::Request {
            let outcome = match self.exchange(Session::none()).await {
                Ok(exchange) => self.notify(exchange, call(message, parts)).await,
                Err(failure) => Err(failure),
            };
            return outcome.map_err(|failure| self.not_accepted(&failure));
        }
        let admitted = self.admit(&id)?;
        // A subscription has no end of its own, and would hold up a graceful stop for as long as its client likes.
        let until = (message.method().as_deref() == Some("subscriptions/listen")).then(|| {
            let drained = self.control.drained();
            Box::pin(drained) as _
        });
        let outcome = match self.exchange(Session::none()).await {
            Ok(exchange) => {
                let source = Source::Call {
                    items: run(exchange, call(message, parts), self.options.ready_timeout),
                    until,
                    _admitted: admitted,
                };
                first(source, id.clone(), &self.options, modern_status).await
            }
            Err(failure) => Err(failure),
        };
        outcome.map_err(|failure| self.failed(failure.status(), &id, &failure))
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
