use crate::WireSize;
use crate::announced::announced;
use http_body::Body;

/// What a request weighs, in bytes. See the [module docs](super) for an example.
///
/// Implemented for closures `Fn(&Request) -> usize`. `()` goes by the request's [`WireSize`].
#[diagnostic::on_unimplemented(
    message = "it is not known how many bytes `{Request}` has",
    note = "over streams, the request must implement `WireSize`",
    note = "over HTTP, tell the layer to weigh by what is announced, with `InFlightBytesLayer::announced`",
    note = "any other request is weighed by a closure, with `InFlightBytesLayer::weigh`"
)]
pub trait Weigh<Request> {
    /// The bytes that `request` takes of the limit.
    fn weigh(&self, request: &Request) -> usize;
}

/// Weighs an HTTP request by the length that its body or its `Content-Length` announces. See
/// [`InFlightBytesLayer::announced`](super::InFlightBytesLayer::announced).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announced {
    unknown: usize,
}

impl Announced {
    /// A body that announces no length weighs `unknown` bytes.
    pub const fn new(unknown: usize) -> Announced {
        Announced { unknown }
    }

    /// What a body weighs that announces no length, in bytes.
    pub const fn unknown(&self) -> usize {
        self.unknown
    }
}

impl<Request: WireSize> Weigh<Request> for () {
    fn weigh(&self, request: &Request) -> usize {
        request.wire_size()
    }
}

impl<F, Request> Weigh<Request> for F
where
    F: Fn(&Request) -> usize,
{
    fn weigh(&self, request: &Request) -> usize {
        self(request)
    }
}

impl<B: Body> Weigh<http::Request<B>> for Announced {
    fn weigh(&self, request: &http::Request<B>) -> usize {
        match announced(request) {
            Some(length) => usize::try_from(length).unwrap_or(usize::MAX),
            None => self.unknown,
        }
    }
}
