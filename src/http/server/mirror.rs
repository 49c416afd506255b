//! The headers of 2026-07-28 that mirror the body, so that intermediaries need not read it. A server that reads both compares them.

use super::dispatch::request_id;
use super::headers::{METHOD, MODERN, NAME, PROTOCOL_VERSION};
use super::reject::Rejection;
use crate::message::{Id, Kind, Message, code};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::HeaderName;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

const HEADER_MISMATCH: i64 = -32020;
const UNSUPPORTED_VERSION: i64 = -32022;

/// Methods of the revisions before, which 2026-07-28 took away.
const REMOVED: [&str; 5] = [
    "initialize",
    "ping",
    "logging/setLevel",
    "resources/subscribe",
    "resources/unsubscribe",
];

/// What a body of 2026-07-28 says of itself, as far as this edge goes by it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Meta<'a> {
    #[serde(borrow, rename = "io.modelcontextprotocol/protocolVersion")]
    version: Option<&'a RawValue>,
    #[serde(borrow, rename = "io.modelcontextprotocol/clientCapabilities")]
    capabilities: Option<&'a RawValue>,
}

impl Meta<'_> {
    /// Reads `params._meta`, which is looked for once: in a large message each look takes its time.
    pub(super) fn of(message: &Message) -> Result<Meta<'_>, Rejection> {
        let raw = match message.kind() {
            Kind::Request | Kind::Notification => find(message, &["_meta"])?,
            Kind::Response | Kind::Error => None,
        };
        match raw {
            // It is JSON already, so what is wrong with it is a member that stands twice.
            Some(raw) if raw.starts_with('{') => {
                serde_json::from_str(raw).map_err(|error| refused(message, format!("params._meta: {error}")))
            }
            _ => Ok(Meta::default()),
        }
    }

    /// The protocol version. Only 2026-07-28 and later say one.
    pub(super) fn version(&self) -> Option<Cow<'_, str>> {
        self.version.and_then(|raw| unquote(raw.get()))
    }
}

/// Whether the headers alone say 2026-07-28.
pub(super) fn is_modern_header(headers: &HeaderMap) -> bool {
    headers.get(PROTOCOL_VERSION).is_some_and(|value| value == MODERN)
}

/// Checks a request or notification of 2026-07-28 against its headers, and for what the revision asks of every body.
pub(super) fn check(message: &Message, meta: &Meta<'_>, version: &str, headers: &HeaderMap) -> Result<(), Rejection> {
    let id = message.id().unwrap_or_else(Id::null);
    compare(&id, headers, &PROTOCOL_VERSION, version)?;
    if version != MODERN {
        return Err(unsupported(&id, version));
    }
    let method = message.method().unwrap_or_default();
    compare(&id, headers, &METHOD, &method)?;
    if message.kind() == Kind::Request {
        if meta.capabilities.is_none() {
            return Err(missing(&id, "io.modelcontextprotocol/clientCapabilities"));
        }
        if REMOVED.contains(&&*method) {
            return Err(Rejection::of(
                StatusCode::NOT_FOUND,
                &id,
                code::METHOD_NOT_FOUND,
                format!("{method} is no method of {MODERN}"),
            ));
        }
    }
    let named = match &*method {
        "tools/call" | "prompts/get" => "name",
        "resources/read" => "uri",
        _ => return Ok(()),
    };
    match text_at(message, &[named])? {
        Some(value) => compare(&id, headers, &NAME, &value),
        // A body without a name is for the exchange to refuse.
        None => Ok(()),
    }
}

/// A body of 2026-07-28 lacks what every request has to say of itself.
pub(super) fn missing(id: &Id, field: &str) -> Rejection {
    Rejection::of(
        StatusCode::BAD_REQUEST,
        id,
        code::INVALID_PARAMS,
        format!("params._meta lacks {field:?}, which {MODERN} requires"),
    )
}

fn unsupported(id: &Id, requested: &str) -> Rejection {
    #[derive(serde::Serialize)]
    struct Versions<'a> {
        supported: [&'a str; 1],
        requested: &'a str,
    }
    Rejection::with_data(
        StatusCode::BAD_REQUEST,
        id,
        UNSUPPORTED_VERSION,
        "unsupported protocol version",
        &Versions {
            supported: [MODERN],
            requested,
        },
    )
}

fn compare(id: &Id, headers: &HeaderMap, header: &HeaderName, wanted: &str) -> Result<(), Rejection> {
    let mismatch = |what: &str| {
        Rejection::of(
            StatusCode::BAD_REQUEST,
            id,
            HEADER_MISMATCH,
            format!("the {header} header {what}"),
        )
    };
    let mut values = headers.get_all(header).iter();
    let value = values.next().ok_or_else(|| mismatch("is missing"))?;
    if values.next().is_some() {
        return Err(mismatch("stands there more than once"));
    }
    let value = value
        .to_str()
        .ok()
        .and_then(|value| decode(value.trim_matches([' ', '\t'])))
        .ok_or_else(|| mismatch("is malformed"))?;
    if *value == *wanted.as_bytes() {
        return Ok(());
    }
    Err(mismatch("differs from the body"))
}

/// A header's value without its encoding, or nothing when that is malformed.
fn decode(value: &str) -> Option<Cow<'_, [u8]>> {
    match value.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?=")) {
        // RFC 4648 section 4, with padding and strict, so that one text has one encoding.
        Some(encoded) => STANDARD.decode(encoded).ok().map(Cow::Owned),
        None => Some(Cow::Borrowed(value.as_bytes())),
    }
}

/// The string at a path of the payload, unescaped. What is no string is not there.
pub(super) fn text_at<'a>(message: &'a Message, path: &[&str]) -> Result<Option<Cow<'a, str>>, Rejection> {
    Ok(find(message, path)?.and_then(unquote))
}

fn unquote(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        return serde_json::from_str(raw).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

fn find<'a>(message: &'a Message, path: &[&str]) -> Result<Option<&'a str>, Rejection> {
    let found = message
        .find(path)
        .map_err(|ambiguous| refused(message, ambiguous.to_string()))?;
    Ok(found
        .zip(message.payload_bytes())
        .and_then(|(range, payload)| std::str::from_utf8(&payload[range]).ok()))
}

fn refused(message: &Message, why: String) -> Rejection {
    Rejection::of(
        StatusCode::BAD_REQUEST,
        &request_id(message),
        code::INVALID_REQUEST,
        why,
    )
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn a_value_has_one_encoding() {
        for (encoded, text) in [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("w6nDqA==", "éè")] {
            assert_eq!(
                decode(&format!("=?base64?{encoded}?=")).as_deref(),
                Some(text.as_bytes()),
                "{encoded}"
            );
        }
        for encoded in [
            "Zg=", "Zg", "Z===", "====", "Zm9v====", "Zg==Zg==", "Zh==", "Zm9=", "Zm-_", "Zm 9", "Zm9v\n",
        ] {
            assert_eq!(decode(&format!("=?base64?{encoded}?=")), None, "{encoded}");
        }
    }

    #[test]
    fn only_the_whole_marker_in_lower_case_is_an_encoding() {
        assert_eq!(decode("=?base64?Zm9v?=").as_deref(), Some(&b"foo"[..]));
        assert_eq!(decode("=?base64?Zm9?="), None);
        assert_eq!(decode("=?BASE64?Zm9v?=").as_deref(), Some(&b"=?BASE64?Zm9v?="[..]));
        assert_eq!(decode("plain").as_deref(), Some(&b"plain"[..]));
    }
}
