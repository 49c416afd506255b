//! The headers of 2026-07-28 that mirror the body, so that intermediaries need not read it. A server that reads both compares them.

use super::dispatch::request_id;
use super::headers::{METHOD, MODERN, NAME, PROTOCOL_VERSION};
use super::reject::Rejection;
use crate::exchange::respond::cut;
use crate::message::{Ambiguous, Id, Kind, Message, code};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::HeaderName;
use http::{HeaderMap, StatusCode};
use std::borrow::Cow;
use std::ops::Range;

const HEADER_MISMATCH: i64 = -32020;
const UNSUPPORTED_VERSION: i64 = -32022;

/// Methods of the revisions before, which 2026-07-28 took away.
const REMOVED: [&[u8]; 5] = [
    b"initialize",
    b"ping",
    b"logging/setLevel",
    b"resources/subscribe",
    b"resources/unsubscribe",
];

/// What a body says of itself, as far as this edge goes by it. Raw JSON.
#[derive(Debug, Default)]
pub(super) struct Meta<'a> {
    version: Option<&'a [u8]>,
    capabilities: Option<&'a [u8]>,
    /// What the `Mcp-Name` header mirrors.
    name: Option<&'a [u8]>,
}

const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

impl Meta<'_> {
    /// Reads the params in one walk, as a look at a large message takes its time.
    pub(super) fn of<'a>(message: &'a Message, headers: &HeaderMap) -> Result<Meta<'a>, Rejection> {
        let asks = matches!(message.kind(), Kind::Request | Kind::Notification);
        // What says the revision in its header says it in its body, too, or is refused.
        if !asks || !is_modern_header(headers) && !message.mentions("_meta") {
            return Ok(Meta::default());
        }
        let (version, capabilities) = (&["_meta", VERSION][..], &["_meta", CAPABILITIES][..]);
        let [version, capabilities, name] = match name_member(message) {
            Some(member) => message.find_all([version, capabilities, &[member]]),
            None => message
                .find_all([version, capabilities])
                .map(|[version, capabilities]| [version, capabilities, None]),
        }
        .map_err(|why: Ambiguous| refused(message, why.to_string()))?;
        Ok(Meta {
            version: raw(message, version),
            capabilities: raw(message, capabilities).filter(|raw| *raw != b"null"),
            name: raw(message, name),
        })
    }

    /// The protocol version. Only 2026-07-28 and later say one.
    pub(super) fn version(&self) -> Option<Cow<'_, [u8]>> {
        self.version.and_then(unquote)
    }
}

/// The member of the params that the `Mcp-Name` header mirrors.
fn name_member(message: &Message) -> Option<&'static str> {
    match message.method_bytes().as_deref() {
        Some(b"tools/call" | b"prompts/get") => Some("name"),
        Some(b"resources/read") => Some("uri"),
        _ => None,
    }
}

/// Whether the headers alone say 2026-07-28.
pub(super) fn is_modern_header(headers: &HeaderMap) -> bool {
    headers.get(PROTOCOL_VERSION).is_some_and(|value| value == MODERN)
}

/// Checks a request or notification of 2026-07-28 against its headers, and for what the revision asks of every body.
pub(super) fn check(message: &Message, meta: &Meta<'_>, version: &[u8], headers: &HeaderMap) -> Result<(), Rejection> {
    compare(message, headers, &PROTOCOL_VERSION, version)?;
    if version != MODERN.as_bytes() {
        return Err(unsupported(&request_id(message), &String::from_utf8_lossy(version)));
    }
    let method = message.method_bytes().unwrap_or_default();
    compare(message, headers, &METHOD, &method)?;
    if message.kind() == Kind::Request {
        if meta.capabilities.is_none() {
            return Err(missing(&request_id(message), CAPABILITIES));
        }
        if REMOVED.contains(&&*method) {
            return Err(Rejection::of(
                StatusCode::NOT_FOUND,
                &request_id(message),
                code::METHOD_NOT_FOUND,
                format!("{} is no method of {MODERN}", String::from_utf8_lossy(&method)),
            ));
        }
    }
    match meta.name.and_then(unquote) {
        Some(name) => compare(message, headers, &NAME, &name),
        // No such method, or a body without a name, which is for the exchange to refuse.
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
            requested: &cut(requested),
        },
    )
}

fn compare(message: &Message, headers: &HeaderMap, header: &HeaderName, wanted: &[u8]) -> Result<(), Rejection> {
    let mismatch = |what: &str| {
        Rejection::of(
            StatusCode::BAD_REQUEST,
            &request_id(message),
            HEADER_MISMATCH,
            format!("the {header} header {what}"),
        )
    };
    let mut values = headers.get_all(header).iter();
    let value = values.next().ok_or_else(|| mismatch("is missing"))?;
    if values.next().is_some() {
        return Err(mismatch("stands there more than once"));
    }
    let value = Some(value.as_bytes())
        .filter(|value| value.is_ascii())
        .and_then(|value| decode(value.trim_ascii()))
        .ok_or_else(|| mismatch("is malformed"))?;
    if *value == *wanted {
        return Ok(());
    }
    Err(mismatch("differs from the body"))
}

/// A header's value without its encoding, or nothing when that is malformed.
fn decode(value: &[u8]) -> Option<Cow<'_, [u8]>> {
    match value
        .strip_prefix(b"=?base64?")
        .and_then(|rest| rest.strip_suffix(b"?="))
    {
        // RFC 4648 section 4, with padding and strict, so that one text has one encoding.
        Some(encoded) => STANDARD.decode(encoded).ok().map(Cow::Owned),
        None => Some(Cow::Borrowed(value)),
    }
}

/// The string at a path of the payload, unescaped. What is no string is not there.
pub(super) fn text_at(message: &Message, path: &[&str]) -> Result<Option<String>, Rejection> {
    let found = message
        .find(path)
        .map_err(|ambiguous| refused(message, ambiguous.to_string()))?;
    Ok(raw(message, found).and_then(|raw| serde_json::from_slice(raw).ok()))
}

/// The text of a JSON string. That it is one in UTF-8 was checked with the whole message.
fn unquote(raw: &[u8]) -> Option<Cow<'_, [u8]>> {
    let inner = raw.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if inner.contains(&b'\\') {
        let text: String = serde_json::from_slice(raw).ok()?;
        return Some(Cow::Owned(text.into_bytes()));
    }
    Some(Cow::Borrowed(inner))
}

fn raw(message: &Message, found: Option<Range<usize>>) -> Option<&[u8]> {
    message.payload_bytes()?.get(found?)
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
                decode(format!("=?base64?{encoded}?=").as_bytes()).as_deref(),
                Some(text.as_bytes()),
                "{encoded}"
            );
        }
        for encoded in [
            "Zg=", "Zg", "Z===", "====", "Zm9v====", "Zg==Zg==", "Zh==", "Zm9=", "Zm-_", "Zm 9", "Zm9v\n",
        ] {
            assert_eq!(decode(format!("=?base64?{encoded}?=").as_bytes()), None, "{encoded}");
        }
    }

    #[test]
    fn only_the_whole_marker_in_lower_case_is_an_encoding() {
        assert_eq!(decode(b"=?base64?Zm9v?=").as_deref(), Some(&b"foo"[..]));
        assert_eq!(decode(b"=?base64?Zm9?="), None);
        assert_eq!(decode(b"=?BASE64?Zm9v?=").as_deref(), Some(&b"=?BASE64?Zm9v?="[..]));
        assert_eq!(decode(b"plain").as_deref(), Some(&b"plain"[..]));
    }
}
