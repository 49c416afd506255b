use crate::WireSize;
use crate::announced::announced;
use crate::reply::{Bodies, Streams};
use bytes::Buf;
use http_body::{Body, Frame};

/// What a request or an item weighs, for what is counted and shown. `K` is inferred.
///
/// Implemented for all that has a [`WireSize`] over streams, and over HTTP for requests and for the frames of bodies.
#[diagnostic::on_unimplemented(
    message = "it is not known how many bytes `{Self}` has",
    note = "over streams, the request and the items must implement `WireSize`",
    note = "over HTTP, the request must be an `http::Request<B>` where `B: http_body::Body`"
)]
pub trait Weight<K> {
    /// The bytes, without framing. `None` if that is not known yet, as of a chunked body.
    fn weight(&self) -> Option<u64>;
}

impl<T: WireSize> Weight<Streams> for T {
    fn weight(&self) -> Option<u64> {
        Some(self.wire_size() as u64)
    }
}

/// What the body tells of its length, or else `Content-Length`: what the peer claims.
impl<B: Body> Weight<Bodies> for http::Request<B> {
    fn weight(&self) -> Option<u64> {
        announced(self)
    }
}

/// Data counts, trailers don't.
impl<D: Buf> Weight<Bodies> for Frame<D> {
    fn weight(&self) -> Option<u64> {
        Some(self.data_ref().map_or(0, Buf::remaining) as u64)
    }
}
