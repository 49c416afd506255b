use super::{Bodies, Streams};
use futures_core::Stream;
use http::StatusCode;
use http::header::CONTENT_LENGTH;
use http_body::{Body, Frame};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A response whose stream can be replaced by another that wraps it.
///
/// Implemented for every stream of results, which is its own response, and for every [`http::Response`] with a body. `K` tells the two
/// apart, and is inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a reply that this layer can follow to its end",
    label = "neither a stream of results nor an HTTP response",
    note = "the service must answer with a `Stream<Item = Result<T, E>>` or with an `http::Response<B>` where `B: http_body::Body`",
    note = "a layer that is named without its last parameter, as in a field, stands over streams: over HTTP it is `TimeoutLayer<(), Bodies>`",
    note = "for a service that answers with one plain value, use the layers of `tower` itself"
)]
pub trait Reply<K>: Sized {
    /// What comes piece by piece: the stream, or the body.
    type Stream: Series<K>;
    /// The same response with another stream in it.
    type With<T>;

    /// Puts another stream in the place of this one.
    fn map_stream<T>(self, wrap: impl FnOnce(Self::Stream) -> T) -> Self::With<T>;

    /// What comes piece by piece.
    fn stream(&self) -> &Self::Stream;

    /// The bytes of data that will be sent, where that is known with the head: by `Content-Length`, by what the body tells of its size, or by a
    /// status that has no content. Whoever sends them need not ask for the end behind the last of them.
    fn announced(&self) -> Option<u64> {
        None
    }
}

/// The items of a reply, whatever carries them.
///
/// Implemented for every [`Stream`] of results, and for every [`Body`], whose items are its frames.
pub trait Series<K> {
    /// One piece.
    type Item;
    /// Why no more come.
    type Error;

    /// The next item; `None` at the end. As [`Stream::poll_next`] and [`Body::poll_frame`] have it.
    fn poll_item(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Self::Item, Self::Error>>>;

    /// Whether it is known that nothing follows: an upper bound of 0 in a `size_hint`, or `is_end_stream`.
    ///
    /// A guard is given back as soon as this is true, also when nobody polls for the end.
    fn is_over(&self) -> bool;
}

// What lacks is the reply that this layer can follow, and not `Stream` alone.
#[diagnostic::do_not_recommend]
impl<S, T, E> Reply<Streams> for S
where
    S: Stream<Item = Result<T, E>>,
{
    type Stream = S;
    type With<W> = W;

    fn map_stream<W>(self, wrap: impl FnOnce(S) -> W) -> W {
        wrap(self)
    }

    fn stream(&self) -> &S {
        self
    }
}

impl<S, T, E> Series<Streams> for S
where
    S: Stream<Item = Result<T, E>>,
{
    type Item = T;
    type Error = E;

    fn poll_item(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<T, E>>> {
        self.poll_next(cx)
    }

    fn is_over(&self) -> bool {
        self.size_hint().1 == Some(0)
    }
}

impl<B: Body> Reply<Bodies> for http::Response<B> {
    type Stream = B;
    type With<T> = http::Response<T>;

    fn map_stream<T>(self, wrap: impl FnOnce(B) -> T) -> http::Response<T> {
        self.map(wrap)
    }

    fn stream(&self) -> &B {
        self.body()
    }

    fn announced(&self) -> Option<u64> {
        if has_no_content(self.status()) {
            return Some(0);
        }
        match self.headers().get(CONTENT_LENGTH) {
            Some(length) => length.to_str().ok()?.parse().ok(),
            None => self.body().size_hint().exact(),
        }
    }
}

/// Whether an answer of this status ends with its head, whatever its headers and its body say.
fn has_no_content(status: StatusCode) -> bool {
    status.is_informational() || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

impl<B: Body> Series<Bodies> for B {
    type Item = Frame<B::Data>;
    type Error = B::Error;

    fn poll_item(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Self::Item, B::Error>>> {
        self.poll_frame(cx)
    }

    fn is_over(&self) -> bool {
        self.is_end_stream()
    }
}
