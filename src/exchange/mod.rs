//! The contract: one call with its reply.
//!
//! A [`Call`] carries one message in. What comes back is a stream of [`Item`]s that ends with the final response. Dropping the
//! call's future, or the reply before its end, cancels. Every transport, every handler and every stack over one is an
//! [`Exchange`], by a blanket implementation: nobody implements it.
//!
//! # Laws
//!
//! 1. A request's reply yields notifications and peer requests in the order in which the peer sent them, then exactly one response
//!    with the caller's id, then ends; or, at any point, one error, and ends.
//! 2. A notification's reply is empty, or an error.
//! 3. Dropping the call future, or the reply before its end, cancels: the peer is told in its own protocol, at most once, never for
//!    what was not yet written, and never for what the protocol forbids to cancel.
//! 4. `poll_ready` reserves at most one slot; a clone holds none, and dropping a readied service gives it back. An error from
//!    `poll_ready` means dead for good.
//! 5. Calls made on one connection reach its wire in the order in which they were made, notifications included.
//! 6. Ids exist only at the wire. Inside, correlation is ownership: reply to request, [`Responder`] to peer request.
//! 7. Late, unknown and duplicate responses are counted and dropped. One frame that can't be read costs one frame.
//! 8. Nothing that a peer sends can grow memory without bound, and nothing that a slow reader leaves unread can stop another
//!    exchange: who does not read, fails.
//! 9. No lock is held across an `await`; no task outlives its owner; no answer, cancel or control message waits behind a permit.
//!
//! # The first item
//!
//! The call future resolves with the first item on every transport: with the response itself when nothing comes before it, at once
//! for a notification (it was accepted) and for [`Input::Listen`] (it is open). So stock tower keeps its meaning: `timeout` bounds
//! the wait for the first item, `concurrency_limit` holds its permit through a unary call, `retry` sees what failed before anything
//! was delivered.
//!
//! # Room
//!
//! This room may use `message` and the layers crate, and must not touch any transport. One file, the table of causes in `respond`, names the
//! transports' errors.

mod boxed;
mod call;
mod ext;
mod handler;
mod item;
mod patience;
mod peer;
mod reply;
#[cfg(feature = "policies")]
mod resend;
pub mod respond;
mod responder;
mod service;
mod unary;

pub use boxed::{BoxCloneExchange, BoxExchange, BoxReply, BoxedFuture};
pub use call::{Call, Input};
pub use ext::{ExchangeExt, NoResponse, Notify, Request};
pub use handler::{HandlerFn, HandlerFuture, HandlerItems, handler_fn};
pub use item::Item;
pub use patience::Patience;
pub use peer::{Peer, PeerGone};
pub use reply::Reply;
#[cfg(feature = "policies")]
pub use resend::{Idempotent, Resend};
pub use responder::{Asker, Gone, Refusal, Responder};
pub use service::{Exchange, ServiceFn, service_fn};
#[cfg(feature = "policies")]
pub use tower_transport_layers::policies::CompleteOnLastItem;
pub use unary::{Unary, UnaryFuture, unary};
