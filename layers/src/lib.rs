//! Tower layers for services that answer with a stream.
//!
//! The crate depends on no transport. A layer is generic over the request and over the reply, so it serves the exchanges of
//! `tower-transport`, HTTP services, and any other service whose response is a stream. [`reply`] says what that is, and is the kit for
//! layers of one's own; `contract` is the suite that checks them.
//!
//! # A whole stack, in order
//!
//! The first layer of a builder is the outermost: it sees a call first, and its reply last.
//!
//! ```
//! # #[cfg(feature = "full")] {
//! # use std::{convert::Infallible, future::ready, num::NonZeroUsize, time::Duration};
//! # use tower::{ServiceBuilder, service_fn};
//! # use tower_transport_layers::{Describe, WireSize};
//! # use tower_transport_layers::{catch_panic::CatchPanicLayer, drain::DrainLayer, in_flight::InFlightLayer, metrics::MetricsLayer};
//! # use tower_transport_layers::{max_message_size::MaxMessageSizeLayer, timeout::TimeoutLayer, trace::TraceLayer};
//! # #[derive(Clone)] struct Text;
//! # impl WireSize for Text { fn wire_size(&self) -> usize { 4 } }
//! # impl Describe for Text { fn method(&self) -> std::borrow::Cow<'_, str> { "text".into() } }
//! # let transport = service_fn(|_: Text| ready(Ok::<_, Infallible>(futures_util::stream::iter([Ok::<_, Infallible>(Text)]))));
//! let (drain, _handle) = DrainLayer::pair();
//! let stack = ServiceBuilder::new()
//!     .layer(TraceLayer::new())
//!     .layer(MetricsLayer::new())
//!     .layer(CatchPanicLayer::new())
//!     .layer(drain)
//!     .layer(TimeoutLayer::new().first_item(Duration::from_secs(10)).idle(Duration::from_secs(60)))
//!     .layer(InFlightLayer::new(NonZeroUsize::new(64).unwrap()))
//!     .layer(MaxMessageSizeLayer::new(4 << 20))
//!     .service(transport);
//! # fn check<S: tower::Service<Text>>(_: S) {} check(stack);
//! # }
//! ```
//!
//! | | where | why, and what goes wrong elsewhere |
//! | --- | --- | --- |
//! | 0 | what answers for errors, if any | Outside of all: `RespondLayer` of `tower-transport`, axum's `HandleErrorLayer`. Inside of trace and metrics, every call that fails is counted as `ok`. |
//! | 1 | trace, metrics | Outermost, so that they see what the others refuse. Inside of the in-flight limit, 1,000 calls of which 936 are refused look like 64 that went well. |
//! | 2 | catch panic | Inside of those two, for which a panic then is an error with a kind; outside of all that is to be undone by it. |
//! | 3 | drain | Counts a call with all that the layers below do for it. Inside of a retry, a call that sleeps between two attempts is not counted: the drain ends, and 100 ms later the call is refused. |
//! | 4 | timeout | Outside of whatever delays in its future. A call that waits 8 s in the line of an in-flight limit in bytes has 2 of its 10 s left; were the limit outside, it could wait for ever. |
//! | 5 | tower's retry, if any | Inside of the timeout, 3 attempts share the 10 s; outside, each has 10 s of its own, and the caller waits for 30 s and two delays. |
//! | 6 | in-flight limit | Inside of a retry it counts attempts, and a delay between two holds no permit. It counts for as long as the reply goes on: without the idle limit above, 64 calls of a silent peer would hold it for good. |
//! | 7 | message size | Next to the transport, whose own cap it completes. With 64 in flight at 4 MiB each way, their requests and the items that are being read hold at most 64 x 8 MiB = 512 MiB, whatever the peer sends. |
//!
//! What a call costs is in `benches/layers`. A limit is shared by all services that its layer makes, so a stack may be built anew for each
//! connection or request.
//!
//! Two layers stand over a connector, which makes services and is called once for each: `BufferPoolLayer`, and `MaxMessageSizeLayer` for the
//! cap on what a transport stores. Their order does not matter.
//!
//! # Over HTTP
//!
//! The same layers, in the same order, stand over a service of HTTP. Most of them fail with a [`BoxError`], and a server wants a response, so
//! the outermost layer makes one of the error. In axum that is `HandleErrorLayer`; without it the compiler misses `From<BoxError>` for
//! `Infallible`:
//!
//! ```
//! # #[cfg(feature = "full")] {
//! # use std::{num::NonZeroUsize, time::Duration};
//! use axum::{Router, error_handling::HandleErrorLayer, http::StatusCode, routing::get};
//! # use tower::{ServiceBuilder, ServiceExt};
//! use tower_transport_layers::{BoxError, is_caused_by};
//! use tower_transport_layers::in_flight::{InFlightLayer, Overloaded};
//! use tower_transport_layers::max_message_size::{MaxMessageSizeLayer, TooLarge};
//! use tower_transport_layers::timeout::{Elapsed, TimeoutLayer};
//! # use tower_transport_layers::trace::TraceLayer;
//!
//! async fn answer(error: BoxError) -> (StatusCode, String) {
//!     let status = match &*error {
//!         error if is_caused_by::<Elapsed>(error) => StatusCode::GATEWAY_TIMEOUT,
//!         error if is_caused_by::<Overloaded>(error) => StatusCode::SERVICE_UNAVAILABLE,
//!         error if is_caused_by::<TooLarge>(error) => StatusCode::PAYLOAD_TOO_LARGE,
//!         _ => StatusCode::INTERNAL_SERVER_ERROR,
//!     };
//!     (status, error.to_string())
//! }
//!
//! let app = Router::new().route("/", get(std::future::pending::<()>)).layer(
//!     ServiceBuilder::new()
//!         .layer(HandleErrorLayer::new(answer))
//!         .layer(TraceLayer::new())
//!         .layer(TimeoutLayer::new().first_item(Duration::from_secs(10)))
//!         .layer(InFlightLayer::new(NonZeroUsize::new(64).unwrap()))
//!         .layer(MaxMessageSizeLayer::new(4 << 20)),
//! );
//! # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
//! let request = axum::http::Request::get("/").body(axum::body::Body::empty()).unwrap();
//! let response = app.oneshot(request).await.unwrap();
//! assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
//! # });
//! # }
//! ```
//!
//! Such a response is possible until the head is out. What ends a reply later (silence, a total limit, a body that is too large) fails the
//! body, and the client sees that it broke off.
//!
//! # Features
//!
//! Each layer is a feature, named as its module with hyphens (`in-flight` has both limits), and so is `policies`; `full` is all of them.
//! Without any there are the traits and the [`reply`] kit. `builder` adds `ServiceBuilderExt`, and `contract` the suite, which is for tests
//! and not in `full`.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(any(
    feature = "drain",
    feature = "in-flight",
    feature = "max-message-size",
    feature = "metrics",
    feature = "timeout",
    feature = "trace",
))]
#[macro_use]
mod macros;

#[cfg(feature = "buffer-pool")]
pub mod buffer_pool;
#[cfg(feature = "catch-panic")]
pub mod catch_panic;
#[cfg(feature = "contract")]
pub mod contract;
#[cfg(feature = "drain")]
pub mod drain;
#[cfg(feature = "in-flight")]
pub mod in_flight;
#[cfg(feature = "max-message-size")]
pub mod max_message_size;
#[cfg(feature = "metrics")]
pub mod metrics;
#[cfg(any(feature = "metrics", feature = "trace"))]
pub mod observe;
#[cfg(feature = "policies")]
pub mod policies;
pub mod reply;
#[cfg(feature = "timeout")]
pub mod timeout;
#[cfg(feature = "trace")]
pub mod trace;

#[cfg(any(feature = "in-flight", feature = "metrics", feature = "trace"))]
mod announced;
#[cfg(feature = "builder")]
mod builder;
mod cause;
mod traits;
#[cfg(any(feature = "drain", feature = "in-flight"))]
mod waking;

#[cfg(feature = "builder")]
pub use builder::ServiceBuilderExt;
pub use cause::{cause_ref, is_caused_by};
pub use traits::{Describe, Target, WireSize};

/// A type-erased error, the same as tower's.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The README's code, so that it compiles.
#[cfg(all(doctest, feature = "contract", feature = "full"))]
#[doc = include_str!("../README.md")]
struct Readme;
