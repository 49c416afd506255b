//! What the head of an HTTP message says of its body.

use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Body;
use std::num::IntErrorKind;

/// The bytes that are sure to come, by the header or by the body. Of a request the header counts also if there is no body, as a service may
/// allocate by it.
pub(super) fn announced_request<B: Body>(request: &Request<B>) -> usize {
    content_length(request.headers()).max(least(request.body()))
}

/// The bytes that are sure to come. An answer without a body may have a length: that of the body which it stands for.
pub(super) fn announced_response<B: Body>(response: &Response<B>, bodiless: bool) -> usize {
    if response.body().is_end_stream() {
        return 0;
    }
    // Not every body that is empty says so.
    let length = match bodiless || response.status() == StatusCode::NOT_MODIFIED {
        true => 0,
        false => content_length(response.headers()),
    };
    length.max(least(response.body()))
}

/// Whether the body is a stream of events, which has no end by nature.
pub(super) fn is_event_stream(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("text/event-stream"))
}

fn least<B: Body>(body: &B) -> usize {
    usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX)
}

/// The largest, if there are several; 0 if there is none that is a number.
fn content_length(headers: &HeaderMap) -> usize {
    let lengths = headers.get_all(CONTENT_LENGTH).iter();
    let lengths = lengths.filter_map(|value| match value.to_str().ok()?.trim().parse::<usize>() {
        Ok(length) => Some(length),
        Err(error) => (*error.kind() == IntErrorKind::PosOverflow).then_some(usize::MAX),
    });
    lengths.max().unwrap_or(0)
}
