use super::reject::Rejection;
use crate::message::code;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue, StatusCode};

pub(super) const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
pub(super) const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
pub(super) const METHOD: HeaderName = HeaderName::from_static("mcp-method");
pub(super) const NAME: HeaderName = HeaderName::from_static("mcp-name");

/// The revision that is served without sessions.
pub(super) const MODERN: &str = "2026-07-28";
/// The revisions that are served in sessions.
pub(super) const LEGACY: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

const JSON: &[u8] = b"application/json";
const EVENTS: &[u8] = b"text/event-stream";
/// As nearly all clients write it, which need not be taken apart.
const BOTH: &str = "application/json, text/event-stream";

/// A POST has JSON, and takes JSON as well as an event stream.
pub(super) fn check_post(headers: &HeaderMap) -> Result<(), Rejection> {
    let is_json = headers
        .get(CONTENT_TYPE)
        .map(HeaderValue::as_bytes)
        .is_some_and(|value| value == JSON || media_type(value).eq_ignore_ascii_case(JSON));
    if !is_json {
        return Err(Rejection::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            code::INVALID_REQUEST,
            "Content-Type must be application/json",
        ));
    }
    let both = headers.get(ACCEPT).is_some_and(|value| value == BOTH);
    if both || accepts(headers, [JSON, EVENTS]) {
        return Ok(());
    }
    Err(not_acceptable(
        "Accept must name application/json and text/event-stream",
    ))
}

/// A GET takes an event stream.
pub(super) fn check_get(headers: &HeaderMap) -> Result<(), Rejection> {
    if accepts(headers, [EVENTS]) {
        return Ok(());
    }
    Err(not_acceptable("Accept must name text/event-stream"))
}

fn not_acceptable(text: &'static str) -> Rejection {
    Rejection::new(StatusCode::NOT_ACCEPTABLE, code::INVALID_REQUEST, text)
}

/// Whether each of the types may be sent. As RFC 9110 12.5.1 has it, who says nothing accepts all.
fn accepts<const N: usize>(headers: &HeaderMap, wanted: [&[u8]; N]) -> bool {
    let mut values = headers.get_all(ACCEPT).iter().peekable();
    if values.peek().is_none() {
        return true;
    }
    let mut accepted = [false; N];
    for range in values.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')) {
        let range = media_type(range);
        for (accepted, wanted) in accepted.iter_mut().zip(wanted) {
            *accepted |= matches(range, wanted);
        }
    }
    accepted == [true; N]
}

/// Whether a type is in a range: is named by it, or is of its kind.
fn matches(range: &[u8], wanted: &[u8]) -> bool {
    match range.strip_suffix(b"*") {
        Some(b"*/") => true,
        Some(kind) => {
            kind.ends_with(b"/")
                && wanted
                    .get(..kind.len())
                    .is_some_and(|own| own.eq_ignore_ascii_case(kind))
        }
        None => range.eq_ignore_ascii_case(wanted),
    }
}

/// Without parameters such as a charset or a weight.
fn media_type(value: &[u8]) -> &[u8] {
    let end = memchr::memchr(b';', value);
    value[..end.unwrap_or(value.len())].trim_ascii()
}
