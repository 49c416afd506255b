//! How a session begins: its exchange answers `initialize`.

use super::body::ServerBody;
use super::dispatch::{Outcome, Shared, call, request_id};
use super::encode::Chunks;
use super::failure::Failure;
use super::headers::SESSION_ID;
use super::live::Live;
use super::make::{Make, Served};
use super::making::Making;
use super::mirror::text_at;
use super::reject::Rejection;
use super::respond::{events, json};
use super::run::{Running, run};
use super::session::Session;
use crate::exchange::Item;
use crate::message::{Kind, Message};
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use std::future::{poll_fn, ready};
use std::sync::Arc;

/// Notifications that may come before the answer to `initialize`. There is no session yet that could hold more.
const EARLY: usize = 16;

impl<E: Served> Shared<E> {
    /// Opens a session if `initialize` succeeds. Until then all of it belongs to this request, and goes with it.
    pub(super) async fn initialize<M: Make<E>>(&self, make: M, message: Message, parts: &mut Parts) -> Outcome {
        let id = request_id(&message);
        let _admitted = self.admit(&id)?;
        let max = self.options.max_sessions;
        let place = self.control.place(max).or_else(|| {
            self.registry.bury();
            self.control.place(max)
        });
        let place = place.ok_or_else(|| {
            Rejection::unavailable(
                &id,
                format!("there are {max} sessions, which is the limit: try again later"),
            )
        })?;
        let session = Session::random()
            .map_err(|error| Rejection::unavailable(&id, format!("no randomness for a session id: {error}")))?;
        parts.extensions.insert(session.clone());
        let options = Arc::clone(&self.options);
        let failed = |failure: &Failure| Rejection::failed(failure.status(), &id, failure, options.show_causes);
        let exchange = Making::new(make, session.clone(), self.options.ready_timeout)
            .await
            .map_err(|failure| failed(&failure))?;
        let items = run(
            ready(Ok(exchange.clone())),
            call(message, parts),
            self.options.ready_timeout,
        );
        let within = self.options.initialize_timeout;
        let (early, answer) = tokio::time::timeout(within, answer(items))
            .await
            .unwrap_or(Err(Failure::NotInitialized(within)))
            .map_err(|failure| failed(&failure))?;
        let mut opened = None;
        if answer.kind() == Kind::Response {
            if let Some(version) = text_at(&answer, &["protocolVersion"])? {
                session.set_version(version);
            }
            let header = session.id().and_then(|id| HeaderValue::from_str(id).ok());
            let live = Live::new(session, Arc::clone(&self.control), self.options.limits);
            self.registry
                .insert(exchange, Arc::new(live), place, self.options.session_idle);
            opened = header;
        }
        let mut response = if early.is_empty() {
            json(&answer, StatusCode::OK, &self.options.pool)
        } else {
            events(ServerBody::once(Chunks::events(
                early.into_iter().chain([answer]),
                &self.options.pool,
            )))
        };
        if let Some(opened) = opened {
            response.headers_mut().insert(SESSION_ID, opened);
        }
        Ok(response)
    }
}

/// The answer, and what came before it. What the client is asked is refused by dropping it: it can't answer without a session.
async fn answer(mut items: Running) -> Result<(Vec<Message>, Message), Failure> {
    let mut early = Vec::new();
    while let Some(item) = poll_fn(|cx| items.as_mut().poll_next(cx)).await {
        match item? {
            Item::Response(answer) => return Ok((early, answer)),
            Item::Notification(message) if early.len() < EARLY => early.push(message),
            Item::Notification(_) | Item::Request(..) => {}
        }
    }
    Err(Failure::NoResponse)
}
