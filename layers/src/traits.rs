use http::Extensions;
use std::borrow::Cow;

/// What a message weighs on the wire.
///
/// Layers that limit sizes go by it, so they need no knowledge of the message's format.
pub trait WireSize {
    /// The bytes that this message takes on the wire, without framing.
    fn wire_size(&self) -> usize;

    /// Caps what may be answered through this message, in bytes.
    ///
    /// A message that carries a way to answer (a peer's request with its responder) refuses answers over `max` from then on. All
    /// others ignore the call.
    fn limit_answer(&mut self, max: usize) {
        let _ = max;
    }
}

/// What a connector is given: where to connect to, and what the layers above ask of the transport.
///
/// On the connection stack a layer configures the transport below it through a typed value in these extensions, which the
/// transport reads when it is built.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what a connector is given",
    label = "not a `Target`",
    note = "a layer that configures a transport stands over what makes it, as over `stdio::Spawner`, and not over the service of its messages"
)]
pub trait Target {
    /// The values that the layers left for the transport.
    fn extensions_mut(&mut self) -> &mut Extensions;
}

/// What a request is called in traces and metrics.
#[diagnostic::on_unimplemented(
    message = "it is not known what `{Self}` is called in traces and metrics",
    label = "not a `Describe`",
    note = "implement `tower_transport_layers::Describe` for the request; every `http::Request` has it"
)]
pub trait Describe {
    /// What is asked for: a method, or a verb and a path. It comes from the peer, so it may be anything.
    fn method(&self) -> Cow<'_, str>;

    /// What tells this request from others of its method, as text; `None` for what has no id.
    fn id(&self) -> Option<Cow<'_, str>> {
        None
    }
}

impl<B> Describe for http::Request<B> {
    fn method(&self) -> Cow<'_, str> {
        Cow::Owned(format!("{} {}", http::Request::method(self), self.uri().path()))
    }
}
