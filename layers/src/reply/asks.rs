use super::{Bodies, Streams};
use http::Method;

/// What a request says of the reply to it, where the reply itself does not.
///
/// Implemented for every request over streams, and over HTTP for every [`http::Request`]. `K` is inferred.
#[diagnostic::on_unimplemented(
    message = "it is not known what `{Self}` says of the reply to it",
    note = "over HTTP, the request must be an `http::Request<B>`, or implement `Asks<Bodies>` itself"
)]
pub trait Asks<K> {
    /// Whether the items of the reply are wanted. Of the answer to `HEAD` only the head is sent, and the body is dropped unread.
    fn wants_items(&self) -> bool {
        true
    }
}

impl<T> Asks<Streams> for T {}

impl<B> Asks<Bodies> for http::Request<B> {
    fn wants_items(&self) -> bool {
        self.method() != Method::HEAD
    }
}
