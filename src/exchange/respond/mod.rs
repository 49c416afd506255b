//! Answers for a request that failed: its error becomes a JSON-RPC error with the caller's id, by a table of causes.
//!
//! # What is answered for
//!
//! | fails | for a request | for a notification, for [`Input::Listen`](super::Input::Listen) |
//! | --- | --- | --- |
//! | `poll_ready` | passes: it is dead for good, and nobody has asked anything yet | passes |
//! | the call future | resolves with a reply that is the error response | passes: there is no id to answer to |
//! | the reply, at any point | the error response is its last item | passes, and ends the reply |
//! | the reply, by ending without a response | the error response is its last item | |
//!
//! So the errors of requests are gone, and those that are left are for whoever made the call: an edge that may still say it in another way
//! (HTTP answers a notification that failed with a status), or a client. The error types stay those of the inner service; one that is
//! `Infallible` stays so. Nothing is boxed or allocated for a call that succeeds, unless its id has more than 38 bytes.
//!
//! # The table
//!
//! Rules of [`RespondLayer::on`] come first, in the order in which they were added. Then the causes that this crate and its layers know,
//! with these members in the error's data:
//!
//! | cause | `kind` | `may_have_run` | `retryable` | and |
//! | --- | --- | --- | --- | --- |
//! | [`timeout::Elapsed`](crate::layers::timeout::Elapsed) | `timeout` | true | false | `phase`, `elapsed_ms` |
//! | the same, in [`ready()`](crate::layers::timeout::ready()) | `timeout` | false | true | `phase`, `elapsed_ms` |
//! | [`in_flight::Overloaded`](crate::layers::in_flight::Overloaded) | `overloaded` | false | true | `limit` |
//! | [`in_flight::bytes::BytesOverloaded`](crate::layers::in_flight::bytes::BytesOverloaded) | `overloaded` | false | true | `limit`, `size` |
//! | [`in_flight::bytes::NeverFits`](crate::layers::in_flight::bytes::NeverFits) | `too_large` | false | false | `limit`, `size` |
//! | [`max_message_size::TooLarge`](crate::layers::max_message_size::TooLarge): a request | `too_large` | false | false | `limit`, `size` |
//! | the same: a response | `too_large` | true | false | `limit`, `size` |
//! | [`max_message_size::TooManyItems`](crate::layers::max_message_size::TooManyItems) | `too_many_items` | true | false | `limit` |
//! | [`drain::Draining`](crate::layers::drain::Draining) | `draining` | false | true | |
//! | [`drain::Interrupted`](crate::layers::drain::Interrupted) | `interrupted` | true | false | |
//! | [`catch_panic::Panicked`](crate::layers::catch_panic::Panicked) | `panicked` | true | false | |
//! | the same, in `poll_ready` | `panicked` | false | false | |
//! | `mux::Error`: disconnected, never sent | `disconnected` | false | true | |
//! | `mux::Error`: disconnected, sent | `disconnected` | true | false | |
//! | `mux::Error`: request too large | `too_large` | false | false | `limit`, `size` |
//! | `mux::Error`: answer too large | `too_large` | true | false | `limit`, `size` |
//! | `mux::Error`: items left unread | `unread` | true | false | `limit`, `size` |
//! | `mux::Error`: cancelled by the peer | `ended_by_peer` | true | false | |
//! | `mux::Error`: any other | `refused` | false | false | |
//! | [`NoResponse`](super::NoResponse) | `no_response` | true | false | |
//! | anything else | `internal` | true | false | |
//!
//! Traces and metrics use the same words for what the layers fail with. To have them name a transport's errors as well, give them
//! [`kind_of`]: `MetricsLayer::new().kinds(|error: &BoxError| kind_of(&**error))`.
//!
//! All have the code -32603 and `"origin": "transport"`, so that none of them looks like an error of the peer's own. The codes from -32000
//! to -32099 are never used: they are the protocol's, or taken. Anything else is logged with all its causes, and its text is not sent,
//! unless [`show_causes`](RespondLayer::show_causes) is on; nor is what a panic says, or why a connection has ended, which may hold a
//! child's stderr. A text of more than 2 KiB is cut, as the answer for an error is held to no other limit.
//!
//! Over HTTP such an answer has the status of its code, 200 for -32603, as a call that failed is an answer like any other. A call that
//! never began (the server is not ready, or shuts down) is refused by the server itself, with 503, or in the event stream if that has begun
//! meanwhile. What an exchange died of never comes by here: the server logs it, and tells it only if it is allowed to.
//!
//! # Backpressure
//!
//! Ready when the inner service is.
//!
//! # Cancellation
//!
//! Dropping the future or the reply drops what is inside, which cancels. Before an answer is made for a call, what is inside has been
//! dropped already, so its permit is back and its peer told when the caller reads the answer. After the response the reply is over: nothing
//! that the inner one may still hold follows it.
//!
//! # Where it belongs
//!
//! Outermost, directly below the edge that the stack is mounted in. What is outside of it sees answers in the place of errors: a retry has
//! nothing to retry, and metrics count calls that failed as answered.
//!
//! # Example
//!
//! ```
//! # use std::{future::pending, time::Duration};
//! # use tower::ServiceBuilder;
//! # use tower_transport::BoxError;
//! use tower_transport::exchange::{ExchangeExt, respond::RespondLayer, unary};
//! use tower_transport::layers::timeout::TimeoutLayer;
//! use tower_transport::message::{ErrorObject, Id, Message};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), BoxError> {
//! let mut stack = ServiceBuilder::new()
//!     .layer(RespondLayer::new())
//!     .layer(TimeoutLayer::new().first_item(Duration::from_secs(10)))
//!     .service(unary(|_| async { pending::<Result<Message, BoxError>>().await }));
//!
//! let answer = stack.request(Message::request(&Id::number(7), "tools/call", &())?).await?;
//! assert_eq!(answer.id(), Some(Id::number(7)));
//! let error: ErrorObject = answer.decode()?;
//! assert_eq!(error.code, -32603);
//! assert_eq!(error.message, "no answer and no other item within 10s (first item timeout)");
//! let data = error.data.unwrap();
//! assert_eq!(
//!     data.get(),
//!     r#"{"origin":"transport","kind":"timeout","phase":"first_item","elapsed_ms":10000,"may_have_run":true,"retryable":false}"#
//! );
//! # Ok(())
//! # }
//! ```
//!
//! Rules for errors of one's own, and for those of other layers:
//!
//! ```
//! # use std::fmt;
//! # use tower::ServiceBuilder;
//! # use tower_transport::BoxError;
//! use tower_transport::exchange::{ExchangeExt, respond::{Fault, RespondLayer}, unary};
//! use tower_transport::message::{ErrorObject, Id, Message, code};
//!
//! #[derive(Debug)]
//! struct UnknownTool;
//! # impl fmt::Display for UnknownTool {
//! #     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str("unknown tool") }
//! # }
//! # impl std::error::Error for UnknownTool {}
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let mut stack = ServiceBuilder::new()
//!     .layer(
//!         RespondLayer::new()
//!             .on::<UnknownTool>(|_| Fault::new(code::INVALID_PARAMS, "there is no such tool").may_have_run(false))
//!             .on::<tower::load_shed::error::Overloaded>(|_| {
//!                 Fault::internal("overloaded, try again later").kind("overloaded").may_have_run(false).retryable(true)
//!             }),
//!     )
//!     .load_shed()
//!     .service(unary(|_| async { Err::<Message, _>(UnknownTool) }));
//!
//! let answer = stack.request(Message::request(&Id::number(7), "tools/call", &())?).await?;
//! assert_eq!(answer.decode::<ErrorObject>()?.code, -32602);
//! # Ok(())
//! # }
//! ```

mod causes;
mod chain;
mod fault;
mod future;
mod layer;
mod service;
mod stream;
mod table;
mod text;

#[cfg(any(feature = "mux", feature = "http-server"))]
pub(crate) use chain::chain;
pub use fault::{Fault, kind_of};
pub use future::ResponseFuture;
pub use layer::RespondLayer;
pub use service::Respond;
pub use stream::Responded;
#[cfg(feature = "http-server")]
pub(crate) use text::cut;
