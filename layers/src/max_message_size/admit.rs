use super::announced::announced_request;
use super::{Direction, Limited, Limits, MaxFrame, TooLarge};
use crate::reply::{Bodies, Connections, Streams};
use crate::{Target, WireSize};
use http_body::Body;

/// A request that can be held to a limit, before the inner service sees it and while it reads it.
///
/// Implemented for what has a [`WireSize`], for every [`http::Request`] with a body, and for what is a [`Target`]. `K` tells them apart, and
/// is inferred; only over a type that is two of these it has to be named.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a request whose size this layer can limit",
    label = "neither a `WireSize`, nor an HTTP request, nor a `Target`",
    note = "implement `tower_transport_layers::WireSize` for a message, or `tower_transport_layers::Target` for what a connector is given",
    note = "the service below must answer accordingly: with a stream, with an `http::Response`, or with a service"
)]
pub trait Admit<K>: Sized {
    /// What the inner service gets.
    type Inner: Admitted<K, Outer = Self>;

    /// Lets the request through, or refuses it.
    ///
    /// # Errors
    ///
    /// When the request is known to be over its limit.
    fn admit(self, limits: Limits) -> Result<Self::Inner, TooLarge>;
}

/// What a service behind the layer is given.
///
/// The other way round than [`Admit`], so that the compiler finds out what the layer takes from what the inner service takes.
#[diagnostic::on_unimplemented(
    message = "a service that takes `{Self}` cannot stand below this layer",
    label = "neither a `WireSize`, nor an HTTP request with a `Limited` body, nor a `Target`",
    note = "an HTTP service below the layer takes an `http::Request<Limited<B>>`, or is generic over the body"
)]
pub trait Admitted<K> {
    /// What the layer takes.
    type Outer: Admit<K, Inner = Self>;
}

impl<T: WireSize> Admit<Streams> for T {
    type Inner = T;

    fn admit(self, limits: Limits) -> Result<T, TooLarge> {
        Direction::Request.check(limits, self.wire_size())?;
        Ok(self)
    }
}

impl<T: WireSize> Admitted<Streams> for T {
    type Outer = T;
}

impl<B: Body> Admit<Bodies> for http::Request<B> {
    type Inner = http::Request<Limited<B>>;

    fn admit(self, limits: Limits) -> Result<Self::Inner, TooLarge> {
        Direction::Request.check(limits, announced_request(&self))?;
        Ok(self.map(|body| Limited::new(body, Direction::Request, limits)))
    }
}

impl<B: Body> Admitted<Bodies> for http::Request<Limited<B>> {
    type Outer = http::Request<B>;
}

impl<T: Target> Admit<Connections> for T {
    type Inner = T;

    fn admit(mut self, limits: Limits) -> Result<T, TooLarge> {
        let extensions = self.extensions_mut();
        let asked = MaxFrame::of(extensions).map_or(limits.into(), |other| other.tighten(limits.into()));
        extensions.insert(asked);
        Ok(self)
    }
}

impl<T: Target> Admitted<Connections> for T {
    type Outer = T;
}
