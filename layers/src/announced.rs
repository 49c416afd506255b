//! What an HTTP request says of the length of its body before that is there.

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http_body::Body;
use std::num::IntErrorKind;

/// The bytes of data to come: what the body knows, or else what `Content-Length` claims. `None` of a chunked body.
///
/// Where a request is chunked and has a `Content-Length` as well, that says nothing, by RFC 9112. Not all servers take it out.
pub(crate) fn announced<B: Body>(request: &http::Request<B>) -> Option<u64> {
    request.body().size_hint().exact().or_else(|| {
        if request.headers().contains_key(TRANSFER_ENCODING) {
            return None;
        }
        let claimed = request.headers().get(CONTENT_LENGTH)?.to_str().ok()?;
        match claimed.parse() {
            Ok(length) => Some(length),
            Err(error) => (*error.kind() == IntErrorKind::PosOverflow).then_some(u64::MAX),
        }
    })
}
