//! What differs by protocol over the same duplex of JSON-RPC messages.
//!
//! How a cancel is said, which tokens tie a message to a request, and what repeats a request's id inside a payload. Each side of a
//! connection mints its own ids and tokens, so several clients that share one peer never meet each other's.
//!
//! This room may use `message`, and must not touch any transport.

mod json_rpc;
mod mcp;

pub use json_rpc::JsonRpc;
pub use mcp::Mcp;

use crate::message::{Ambiguous, Message};
use std::fmt;
use std::ops::Range;

/// What the multiplexer must know of a protocol. All ranges are into [`Message::payload`].
pub trait Protocol: fmt::Debug + Send + Sync + 'static {
    /// The token by which a request of ours asks for notifications, if it carries one.
    ///
    /// The multiplexer writes a token of its own in its place, and restores it in what comes back.
    ///
    /// # Errors
    ///
    /// [`Ambiguous`] when two parsers may read two tokens. The call fails.
    fn token(&self, request: &Message) -> Result<Option<Range<usize>>, Ambiguous>;

    /// The request's id where a final response repeats it inside its payload, for requests of this method.
    ///
    /// `None` for methods that never do, so that their responses are not searched.
    fn echo(&self, method: &str) -> Option<&'static [&'static str]>;

    /// Whether a request of this method may be cancelled.
    fn may_cancel(&self, method: &str) -> bool;

    /// The notification that cancels the request that was sent with the id `wire`.
    fn cancel(&self, wire: u32) -> Message;

    /// What a notification or a request of the peer belongs to.
    fn route(&self, message: &Message) -> Route;
}

/// What a notification or a request of the peer belongs to.
#[derive(Debug)]
pub enum Route {
    /// The peer gives up the request whose id stands there: one of its own, or, where it ends a subscription, one of ours.
    Cancel(Range<usize>),
    /// To the request of ours whose token stands there.
    Token(Range<usize>),
    /// To the request of ours whose id stands there.
    Id(Range<usize>),
    /// To a request of ours, but the message does not say which.
    Related,
    /// To none.
    Stray,
    /// The edge answers it by itself, when nobody else does.
    Answer(Message),
    /// It names its request twice: nobody can say which one is meant.
    Ambiguous(Ambiguous),
}
