//! 2025-03-26 to 2025-11-25: what a client sends in its session.

use super::body::ServerBody;
use super::dispatch::{Outcome, Shared, call, request_id, session_id};
use super::encode::Chunks;
use super::failure::Failure;
use super::headers::{self, LEGACY, PROTOCOL_VERSION};
use super::live::{Live, Refused};
use super::make::Served;
use super::queue::Reader;
use super::reject::Rejection;
use super::respond::{bare, events, first};
use super::run::{Run, run};
use super::source::{Event, Source};
use crate::exchange::{Call, Input};
use crate::message::{Id, Kind, Message, code};
use futures_core::Stream;
use http::request::Parts;
use http::{HeaderMap, Response, StatusCode};
use std::future::{poll_fn, ready};
use std::sync::Arc;

impl<E: Served> Shared<E> {
    /// A POST with a session id.
    pub(super) async fn in_session(&self, message: Message, parts: &mut Parts) -> Outcome {
        let id = request_id(&message);
        let (exchange, live) = self.session(&parts.headers, &id)?;
        let method = message.method_bytes();
        match message.kind() {
            Kind::Response | Kind::Error => live.answer(message),
            Kind::Notification if method.as_deref() == Some(b"notifications/cancelled") => cancel(&live, &message)?,
            Kind::Notification => {
                drop(method);
                parts.extensions.insert(live.session().clone());
                let items = run(ready(Ok(exchange)), call(message, parts), self.options.ready_timeout);
                let reader = live.call(id.clone(), items, None).map_err(|why| refused(&id, &why))?;
                let notified = accepted(reader).await;
                return notified.map_err(|failure| self.unserved(&live, &id, &failure));
            }
            Kind::Request => {
                drop(method);
                parts.extensions.insert(live.session().clone());
                let admitted = self.admit(&id)?;
                let items = run(ready(Ok(exchange)), call(message, parts), self.options.ready_timeout);
                let reader = live
                    .call(id.clone(), items, Some(admitted))
                    .map_err(|why| refused(&id, &why))?;
                let ok = |_: &Message| StatusCode::OK;
                let outcome = first(Source::Queue(reader), id.clone(), &self.options, ok).await;
                return outcome.map_err(|failure| match failure {
                    Failure::Dead(_) => self.unserved(&live, &id, &failure),
                    failure => self.failed(failure.status(), &id, &failure),
                });
            }
        }
        Ok(bare(StatusCode::ACCEPTED))
    }

    /// Opens the stream of what the exchange sends outside its calls. A later one takes the place of an earlier one.
    pub(super) async fn get(&self, parts: &mut Parts) -> Outcome {
        let id = Id::null();
        if session_id(&parts.headers).is_none() {
            return Err(Rejection::method_not_allowed(
                "POST",
                "GET opens the stream of a session, and there is no Mcp-Session-Id header",
            ));
        }
        headers::check_get(&parts.headers)?;
        let (exchange, live) = self.session(&parts.headers, &id)?;
        if self.control.is_draining() {
            return Err(Rejection::unavailable(&id, "the server is shutting down"));
        }
        let _in_use = live.enter();
        parts.extensions.insert(live.session().clone());
        let listen = Call {
            input: Input::Listen,
            extensions: std::mem::take(&mut parts.extensions),
        };
        let mut items = Box::pin(Run::new(ready(Ok(exchange)), listen, self.options.ready_timeout));
        poll_fn(|cx| items.as_mut().poll_begun(cx))
            .await
            .map_err(|failure| self.unserved(&live, &id, &failure))?;
        if items.size_hint().1 == Some(0) {
            return Err(Rejection::method_not_allowed(
                "POST, DELETE",
                "the server sends nothing outside of its responses",
            ));
        }
        let reader = live.listen(items).map_err(|why| refused(&id, &why))?;
        // Begun with a comment, so that proxies pass the response's head on.
        let body = ServerBody::events(Chunks::keep_alive(), Source::Queue(reader), id, &self.options);
        Ok(events(body))
    }

    /// The client ends its session.
    pub(super) fn delete(&self, headers: &HeaderMap) -> Outcome {
        let Some(session) = session_id(headers) else {
            return Err(Rejection::method_not_allowed(
                "POST",
                "DELETE ends a session, and there is no Mcp-Session-Id header",
            ));
        };
        if self.registry.remove(session) {
            return Ok(bare(StatusCode::NO_CONTENT));
        }
        Err(Rejection::unknown_session(&Id::null()))
    }

    /// The session that the request names, for a protocol version that it may have.
    fn session(&self, headers: &HeaderMap, id: &Id) -> Result<(E, Arc<Live>), Rejection> {
        let session = session_id(headers).and_then(|session| self.registry.get(session));
        let (exchange, live) = session.ok_or_else(|| Rejection::unknown_session(id))?;
        let Some(version) = headers.get(PROTOCOL_VERSION) else {
            return Ok((exchange, live));
        };
        let version = version.to_str().unwrap_or_default();
        let negotiated = live.session().version();
        if LEGACY.contains(&version) || negotiated == Some(version) {
            return Ok((exchange, live));
        }
        Err(Rejection::of(
            StatusCode::BAD_REQUEST,
            id,
            code::INVALID_REQUEST,
            format!(
                "the {PROTOCOL_VERSION} header has {version:?}, the session speaks {}",
                negotiated.unwrap_or("another version")
            ),
        ))
    }

    /// What was not called, or did not open. The session of an exchange that is dead for good has ended.
    fn unserved(&self, live: &Live, id: &Id, failure: &Failure) -> Rejection {
        let Some(cause) = failure.cause_of_death() else {
            return self.not_accepted(failure);
        };
        live.died(cause);
        if let Some(session) = live.session().id() {
            self.registry.remove(session);
        }
        self.failed(StatusCode::NOT_FOUND, id, failure)
    }
}

fn refused(id: &Id, why: &Refused) -> Rejection {
    match why {
        Refused::Ended => Rejection::unknown_session(id),
        Refused::Full(max) => Rejection::unavailable(
            id,
            format!("{max} calls run in the session, which is the limit: try again later"),
        ),
    }
}

/// Waits until a notification was handed over: its reply ends, and has no response.
async fn accepted(mut reader: Reader) -> Result<Response<ServerBody>, Failure> {
    while let Some(event) = poll_fn(|cx| reader.poll_event(cx)).await {
        match event {
            Event::Failed(Failure::NoResponse) | Event::Answer(_) => break,
            Event::Failed(failure) => return Err(failure),
            Event::Item(_) => {}
        }
    }
    Ok(bare(StatusCode::ACCEPTED))
}

/// Ends a call for the client that made it. It is for this hop alone: dropping the call is what tells the next.
fn cancel(live: &Live, message: &Message) -> Result<(), Rejection> {
    let named = message
        .find(&["requestId"])
        .map_err(|error| Rejection::invalid(error.to_string()))?;
    let raw = named
        .zip(message.payload_bytes())
        .map(|(range, payload)| &payload[range]);
    if let Some(id) = raw.and_then(|raw| Id::from_raw(raw).ok()) {
        live.cancel(&id);
    }
    Ok(())
}
