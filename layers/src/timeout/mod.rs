//! Ends calls that take too long, phase by phase.
//!
//! # What is bounded
//!
//! | phase | from | until |
//! | --- | --- | --- |
//! | [`first_item`](TimeoutLayer::first_item) | `call` | the call future resolves |
//! | [`idle`](TimeoutLayer::idle) | the first poll of the reply that finds nothing | the next item |
//! | [`total`](TimeoutLayer::total) | `call` | the last item |
//!
//! Any subset may be on; without any, the layer does nothing. However many are on, a call has at most one timer armed, and none as long as
//! what it waits for is there when it is polled. Where a service resolves with its first item, `first_item` is the time to the first byte
//! of meaning; elsewhere, as over HTTP, it is the time to the head of the reply. The idle clock runs only while somebody waits: a reader that
//! does not poll is not the peer's fault. Time spent in `poll_ready` is not counted, as no layer can time its own readiness: callers and edges
//! use [`ready()`].
//!
//! Over HTTP the items are the frames of the response's body. A peer that sends one byte at a time is never idle; only the limit in total ends
//! it. The request's body is not looked at: time that the inner service spends on reading it counts for `first_item`.
//!
//! A request may carry a [`Deadline`] of its own. It tightens `first_item` and `total` for that request, and never loosens them; where it is
//! what passes first, the error says so, with the time that the request had. It is found by the policy: [`FromExtensions`] looks into the
//! extensions of an HTTP request, and others say where theirs is. One that has passed already is as a limit of 0.
//!
//! A [`Policy`] also tightens, loosens or lifts the limits by the request (a call that listens may be silent for hours), and says which items
//! count as progress. For the latter alone a closure will do: [`TimeoutLayer::progress`].
//!
//! What is there is polled before the timer, so an answer that has come is never thrown away for having been read late, and a limit of 0 lets
//! through what is there at once. Only a reply that goes on and on past its total limit is ended although its next item is there; the last item
//! is known by the `size_hint` that it leaves behind, an upper bound of 0, or by `is_end_stream`.
//!
//! # Backpressure
//!
//! Ready when the inner service is.
//!
//! # Cancellation
//!
//! On expiry the inner future or stream is dropped at once, which cancels it, and the caller gets an [`Elapsed`] with the phase and the limit;
//! a stream then ends. Dropping the future or the stream drops what is inside and disarms the timer.
//!
//! # Where it belongs
//!
//! Outside of an in-flight limit, so that waiting for a permit inside `call` is within the time, and outside of a retry if the limits are for
//! all attempts together, inside if they are for each. Outside of a buffer, its worker's queue counts as well.
//!
//! # Example
//!
//! ```
//! # use std::{convert::Infallible, future::pending, pin::Pin, task::{Context, Poll}, time::Duration};
//! # use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//! # use tower_transport_layers::timeout::{Elapsed, Phase, TimeoutLayer};
//! # struct Never;
//! # impl futures_core::Stream for Never {
//! #     type Item = Result<u32, Infallible>;
//! #     fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> { Poll::Pending }
//! # }
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! let mut service = ServiceBuilder::new()
//!     .layer(TimeoutLayer::new().first_item(Duration::from_secs(10)).idle(Duration::from_secs(60)))
//!     .service(service_fn(|_: ()| async { pending::<Result<Never, Infallible>>().await }));
//!
//! let error = service.ready().await.unwrap().call(()).await.unwrap_err();
//! let elapsed = error.downcast_ref::<Elapsed>().unwrap();
//! assert_eq!(elapsed.phase(), Phase::FirstItem);
//! assert_eq!(elapsed.limit(), Duration::from_secs(10));
//! # }
//! ```
//!
//! Calls that listen are let be, and log lines are no progress:
//!
//! ```
//! use std::time::Duration;
//! use tower_transport_layers::timeout::{Clock, Limits, Policy, TimeoutLayer};
//!
//! # enum Request { Listen, Work }
//! # enum Item { Log, Progress, Answer }
//! #[derive(Clone)]
//! struct Rules;
//!
//! impl Policy<Request, Item> for Rules {
//!     fn limits(&self, request: &Request, limits: Limits) -> Limits {
//!         match request {
//!             Request::Listen => Limits::none(),
//!             Request::Work => limits,
//!         }
//!     }
//!
//!     fn after(&self, item: &Item) -> Clock {
//!         match item {
//!             Item::Log => Clock::Keep,
//!             Item::Progress | Item::Answer => Clock::Restart,
//!         }
//!     }
//! }
//!
//! let layer: TimeoutLayer<_> = TimeoutLayer::new().idle(Duration::from_secs(60)).policy(Rules);
//! assert_eq!(Rules.limits(&Request::Listen, layer.limits()), Limits::none());
//! ```
//!
//! Over HTTP, with a deadline that came with the request:
//!
//! ```
//! # use std::{convert::Infallible, future::pending, time::Duration};
//! # use http::{Request, Response};
//! # use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//! # use tower_transport_layers::timeout::{Deadline, Elapsed, FromExtensions, Phase, TimeoutLayer};
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! let mut service = ServiceBuilder::new()
//!     .layer(TimeoutLayer::new().total(Duration::from_secs(60)).policy(FromExtensions))
//!     .service(service_fn(|_: Request<String>| pending::<Result<Response<String>, Infallible>>()));
//!
//! let mut request = Request::new(String::new());
//! request.extensions_mut().insert(Deadline::within(Duration::from_secs(3)));
//! let error = service.ready().await.unwrap().call(request).await.unwrap_err();
//! assert_eq!(error.downcast_ref::<Elapsed>(), Some(&Elapsed::new(Phase::Deadline, Duration::from_secs(3))));
//! # }
//! ```
//!
//! # Differs from `tower::timeout` and `tower_http::timeout`
//!
//! Tower's `Timeout` bounds the call future alone, so a stream behind it is not bounded at all, and its error names neither phase nor limit.
//! It makes a timer for every call; this layer makes one when there is something to wait for.
//!
//! Of `tower-http`, `Timeout` answers with a status and bounds the head alone; here the caller gets an error, which an outer layer makes a
//! response of. `ResponseBodyTimeout` is the `idle` limit, but polls its timer first, so a slow reader loses a frame that is there.

mod clocks;
mod deadline;
mod error;
mod future;
mod layer;
mod limits;
mod nanos;
mod policy;
mod ready;
mod service;
mod spare;
mod stream;
mod timer;

pub use deadline::Deadline;
pub use error::{Elapsed, Phase};
pub use future::ResponseFuture;
pub use layer::TimeoutLayer;
pub use limits::Limits;
pub use policy::{Clock, FromExtensions, Policy, Progress};
pub use ready::ready;
pub use service::Timeout;
pub use stream::Timed;
