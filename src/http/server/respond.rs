use super::body::ServerBody;
use super::encode::Chunks;
use super::failure::Failure;
use super::options::Options;
use super::source::{Beginning, Event, Source};
use super::timer::Timer;
use crate::message::{Id, Kind, Message};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use http::{HeaderValue, Response, StatusCode};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use tower_transport_layers::buffer_pool::BufferPool;

/// Waits for the first event: an answer that nothing comes before is sent as JSON, all else as an event stream, which is also opened
/// when nothing has come for a keep-alive interval.
pub(super) async fn first(
    mut source: Source,
    id: Id,
    options: &Arc<Options>,
    status: impl FnOnce(&Message) -> StatusCode,
) -> Result<Response<ServerBody>, Failure> {
    let mut timer = pin!(Timer::new(options.keep_alive));
    let beginning = poll_fn(|cx| match source.poll_beginning(cx) {
        Poll::Ready(beginning) => Poll::Ready(Some(beginning)),
        Poll::Pending => timer.as_mut().poll(cx).map(|()| None),
    })
    .await;
    Ok(match beginning {
        Some(Beginning::End(Some(Event::Answer(answer)))) => json(&answer, status(&answer), &options.pool),
        Some(Beginning::End(Some(Event::Failed(failure)))) => return Err(failure),
        Some(Beginning::Items(first)) => {
            let first = first.map_or_else(Chunks::default, |message| Chunks::event(message, &options.pool));
            events(ServerBody::events(first, source, id, options))
        }
        // The client took its request back before anything was sent: a stream with nothing in it answers nothing.
        Some(Beginning::End(_)) => events(ServerBody::empty()),
        None => events(ServerBody::events(Chunks::keep_alive(), source, id, options)),
    })
}

/// A response that is one message.
pub(super) fn json(message: &Message, status: StatusCode, pool: &BufferPool) -> Response<ServerBody> {
    let mut response = Response::new(ServerBody::once(Chunks::json(message, pool)));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A response that is an event stream, which proxies are told neither to keep nor to buffer.
pub(super) fn events(body: ServerBody) -> Response<ServerBody> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    response
}

/// A response without a body.
pub(super) fn bare(status: StatusCode) -> Response<ServerBody> {
    let mut response = Response::new(ServerBody::empty());
    *response.status_mut() = status;
    response
}

/// The status that 2026-07-28 gives to an answer.
///
/// What the revision's own checks refuse is refused before the call; a -32602 that comes out of it speaks of the method's parameters.
pub(super) fn modern_status(answer: &Message) -> StatusCode {
    if answer.kind() != Kind::Error {
        return StatusCode::OK;
    }
    #[derive(serde::Deserialize)]
    struct Error {
        code: i64,
    }
    match answer.decode::<Error>().map(|error| error.code) {
        Ok(-32601) => StatusCode::NOT_FOUND,
        Ok(-32022..=-32020) => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    }
}
