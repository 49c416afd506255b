use super::reject::Rejection;
use crate::message::code;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName};
use http::{HeaderMap, StatusCode};

pub(super) const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
pub(super) const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
pub(super) const METHOD: HeaderName = HeaderName::from_static("mcp-method");
pub(super) const NAME: HeaderName = HeaderName::from_static("mcp-name");

/// The revision that is served without sessions.
pub(super) const MODERN: &str = "2026-07-28";
/// The revisions that are served in sessions.
pub(super) const LEGACY: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";

/// A POST has JSON, and takes JSON as well as an event stream.
pub(super) fn check_post(headers: &HeaderMap) -> Result<(), Rejection> {
    let is_json = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| media_type(value).eq_ignore_ascii_case(JSON));
    if !is_json {
        return Err(Rejection::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            code::INVALID_REQUEST,
            "Content-Type must be application/json",
        ));
    }
    if accepts(headers, JSON) && accepts(headers, EVENTS) {
        return Ok(());
    }
    Err(not_acceptable(
        "Accept must name application/json and text/event-stream",
    ))
}

/// A GET takes an event stream.
pub(super) fn check_get(headers: &HeaderMap) -> Result<(), Rejection> {
    if accepts(headers, EVENTS) {
        return Ok(());
    }
    Err(not_acceptable("Accept must name text/event-stream"))
}

fn not_acceptable(text: &'static str) -> Rejection {
    Rejection::new(StatusCode::NOT_ACCEPTABLE, code::INVALID_REQUEST, text)
}

/// Whether the type may be sent. As RFC 9110 12.5.1 has it, who says nothing accepts all.
fn accepts(headers: &HeaderMap, wanted: &str) -> bool {
    let mut values = headers.get_all(ACCEPT).iter().peekable();
    if values.peek().is_none() {
        return true;
    }
    let (kind, _) = wanted.split_once('/').unwrap_or((wanted, ""));
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|range| {
            let range = media_type(range);
            let whole_kind = range
                .strip_suffix("/*")
                .is_some_and(|range| range == "*" || range.eq_ignore_ascii_case(kind));
            whole_kind || range.eq_ignore_ascii_case(wanted)
        })
}

/// Without parameters such as a charset or a weight.
fn media_type(value: &str) -> &str {
    value.split_once(';').map_or(value, |(kind, _)| kind).trim()
}
