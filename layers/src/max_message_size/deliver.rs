use super::announced::{announced_response, is_event_stream};
use super::{Direction, Limited, Limits, TooLarge};
use crate::WireSize;
use crate::reply::{Bodies, Connections, Reply, Series, Streams};
use http_body::Body;

/// A response that can be held to a limit while it is read.
///
/// Implemented for every stream of results whose items have a [`WireSize`], for every [`http::Response`] with a body, and, as what a connector
/// answers with, for everything. `K` tells them apart, and is inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a reply whose size this layer can limit",
    label = "neither a stream of messages nor an HTTP response",
    note = "the service must answer with a `Stream<Item = Result<T, E>>` where `T: tower_transport_layers::WireSize`, or with an \
            `http::Response<B>` where `B: http_body::Body`"
)]
pub trait Deliver<K>: Sized {
    /// What the caller gets.
    type Capped;

    /// Lets the response through, held to its limits, or refuses it.
    ///
    /// # Errors
    ///
    /// When the response is known to be over its limit.
    fn deliver(self, limits: Limits) -> Result<Self::Capped, TooLarge>;
}

impl<R> Deliver<Streams> for R
where
    R: Reply<Streams>,
    <R::Stream as Series<Streams>>::Item: WireSize,
{
    type Capped = R::With<Limited<R::Stream>>;

    fn deliver(self, limits: Limits) -> Result<Self::Capped, TooLarge> {
        Ok(self.map_stream(|stream| Limited::new(stream, Direction::Response, limits)))
    }
}

impl<B: Body> Deliver<Bodies> for http::Response<B> {
    type Capped = http::Response<Limited<B>>;

    fn deliver(self, limits: Limits) -> Result<Self::Capped, TooLarge> {
        let limits = if is_event_stream(self.headers()) {
            limits.with_response(None)
        } else {
            limits
        };
        Direction::Response.check(limits, announced_response(&self, limits.is_bodiless()))?;
        Ok(self.map(|body| Limited::new(body, Direction::Response, limits)))
    }
}

impl<R> Deliver<Connections> for R {
    type Capped = R;

    fn deliver(self, _: Limits) -> Result<R, TooLarge> {
        Ok(self)
    }
}
