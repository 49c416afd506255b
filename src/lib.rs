//! JSON-message transports as [`tower::Service`]s, for MCP and whatever else speaks JSON-RPC.
//!
//! # An exchange
//!
//! A call carries one message in. What comes back is a stream of items that ends with the final response. Dropping it cancels. That is an
//! [`Exchange`](exchange::Exchange), and every transport, every handler and every stack of layers over one is an exchange: so any
//! transport goes over any other, with any layers between.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), tower_transport::BoxError> {
//! use std::time::Duration;
//! use tower::ServiceBuilder;
//! use tower_transport::exchange::{ExchangeExt, unary};
//! use tower_transport::message::{Id, Message};
//!
//! // A handler, of which a transport would make a server ...
//! let echo = unary(|request: Message| async move { Message::response(&Id::null(), &request.method()) });
//!
//! // ... and a stack over it, as over any transport.
//! let mut stack = ServiceBuilder::new().timeout(Duration::from_secs(10)).service(echo);
//! let answer = stack.request(Message::request(&Id::number(7), "tools/list", &())?).await?;
//! assert_eq!(answer.payload(), Some(r#""tools/list""#));
//! assert_eq!(answer.id(), Some(Id::number(7)));
//! # Ok(())
//! # }
//! ```
//!
//! # Rooms
//!
//! Each module says in its docs what it promises and what is bounded. Arrows run one way: `stdio` uses `process` and `mux`; `mux` uses `codec` and
//! `protocol`; `stdio`, `mux` and `http` use [`exchange`]; that and `protocol` use [`message`]. Layers, in [`layers`], know none of them.
//!
//! # Features
//!
//! | feature | what it brings |
//! | --- | --- |
//! | `mux` | any duplex of bytes as exchanges: `codec`, `protocol`, `mux` |
//! | `process` | a child process and its whole tree |
//! | `stdio` (default) | a child's pipes, and our own stdin and stdout, as exchanges |
//! | `http-server` | streamable HTTP, the serving side |
//! | `policies` | policies for tower's own `retry` and `balance` over exchanges |
//! | `layers` | all of [`layers`], `policies` among them; without it there are timeout, in-flight, message size, buffer pool, catch panic, drain |
//! | `full` | all of these |
//! | `cli` | the `tower-transport` binary, the gateway |
//!
//! [`tower::Service`]: tower_service::Service
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "mux")]
pub mod codec;
pub mod exchange;
#[cfg(feature = "http-server")]
pub mod http;
pub mod message;
#[cfg(feature = "mux")]
pub mod mux;
#[cfg(feature = "process")]
pub mod process;
#[cfg(feature = "mux")]
pub mod protocol;
#[cfg(feature = "stdio")]
pub mod stdio;

#[doc(no_inline)]
pub use tower_transport_layers as layers;
pub use tower_transport_layers::BoxError;

/// The README's code, so that it compiles.
#[cfg(all(doctest, feature = "stdio", feature = "http-server"))]
#[doc = include_str!("../README.md")]
struct Readme;
