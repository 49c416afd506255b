//! Limits the bytes of requests in flight, to the last item of their replies.
//!
//! # What is bounded
//!
//! The sum of the [`WireSize`](crate::WireSize)s of all requests in flight, in bytes: from `call` until the last item of the reply is out,
//! the call or its reply fails, or either is dropped. Replies are not measured. A request without bytes takes nothing and is always let in.
//!
//! Over HTTP a request has no `WireSize`, and what it weighs is for the user to say: what it [announces](InFlightBytesLayer::announced), or
//! what a [closure](InFlightBytesLayer::weigh) makes of it. It is taken before a byte of the body is read, and given back with the reply and
//! not with the body. A peer that announces much and sends nothing holds as much of the limit, until something ends its call: a timeout has
//! to.
//!
//! The limit is shared as that of [`InFlightLayer`](super::InFlightLayer) is, and a [`Policy`](super::Policy) says which calls count.
//!
//! | | over the limit | when the line is full |
//! | --- | --- | --- |
//! | [`InFlightBytesLayer::new`] | the call is refused at once with [`BytesOverloaded`] | |
//! | [`wait`](InFlightBytesLayer::wait) | the call waits in its future, first come, first served | refused with [`BytesOverloaded`] |
//!
//! A request that is larger than the whole limit is refused with [`NeverFits`] in both. Nobody overtakes, so a large call that waits holds
//! up the small ones behind it; otherwise it would wait for ever.
//!
//! It is the semaphore of calls, with as many permits as there are bytes.
//!
//! # Backpressure
//!
//! Ready when the inner service is, since the size of a request is not known before `call`.
//!
//! A call that waits takes with it the inner service that was readied for it, and leaves a clone behind, so it holds what that has
//! reserved. Calls are let in in the order of `call`, whatever the order in which they are polled. But one that waited reaches the inner
//! service only when it is polled after that, so a call behind it may be there first. Where the order on the wire matters, refuse.
//!
//! # Cancellation
//!
//! As in [`in_flight`](super): every drop gives back what was held, a call that is dropped in line leaves it, and what it had been handed
//! goes on to the next. If it was large, those behind it are let in as far as they fit now.
//!
//! # Where it belongs
//!
//! Inside of a timeout, which so covers the waiting, and inside of a [limit of calls](super::InFlightLayer), which bounds the many small
//! ones. What is larger than a single message may be had better be refused outside of it, by a maximum message size.
//!
//! # Example
//!
//! ```
//! # use std::{convert::Infallible, future::pending, num::NonZeroUsize, pin::Pin, task::{Context, Poll}};
//! # use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//! # use tower_transport_layers::WireSize;
//! # use tower_transport_layers::in_flight::bytes::{BytesOverloaded, InFlightBytesLayer, NeverFits};
//! # struct Never;
//! # impl futures_core::Stream for Never {
//! #     type Item = Result<u32, Infallible>;
//! #     fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> { Poll::Pending }
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! struct Text(&'static str);
//!
//! impl WireSize for Text {
//!     fn wire_size(&self) -> usize {
//!         self.0.len()
//!     }
//! }
//!
//! let layer = InFlightBytesLayer::new(NonZeroUsize::new(10).unwrap());
//! let handle = layer.handle();
//! let mut service = ServiceBuilder::new()
//!     .layer(layer)
//!     .service(service_fn(|_: Text| async { Ok::<_, Infallible>(Never) }));
//!
//! let reply = service.ready().await.unwrap().call(Text("seven..")).await.unwrap();
//! assert_eq!(handle.in_flight(), 7);
//!
//! let error = service.ready().await.unwrap().call(Text("four")).await.unwrap_err();
//! assert_eq!(*error.downcast_ref::<BytesOverloaded>().unwrap(), BytesOverloaded::new(10, 7, 4, None));
//!
//! let error = service.ready().await.unwrap().call(Text("more than ten")).await.unwrap_err();
//! assert!(error.is::<NeverFits>());
//!
//! drop(reply);
//! assert_eq!(handle.in_flight(), 0);
//! # }
//! ```
//!
//! Calls that don't fit wait for the bytes of others:
//!
//! ```
//! # use std::num::NonZeroUsize;
//! use tower_transport_layers::in_flight::bytes::{InFlightBytesLayer, Wait};
//!
//! # fn some(n: usize) -> NonZeroUsize { NonZeroUsize::new(n).unwrap() }
//! let layer: InFlightBytesLayer<Wait> = InFlightBytesLayer::new(some(64 << 20)).wait(some(256));
//! assert_eq!(layer.handle().waiting(), 0);
//! ```
//!
//! In axum, at most 64 MiB of bodies at a time, however many requests these are. A chunked one counts as much as it may have:
//!
//! ```
//! # #[cfg(feature = "max-message-size")] {
//! # use std::num::NonZeroUsize;
//! use axum::{Router, body::{Body, Bytes}, error_handling::HandleErrorLayer, http::{Request, StatusCode}, routing::post};
//! use tower::{ServiceBuilder, ServiceExt};
//! use tower_transport_layers::{BoxError, is_caused_by};
//! use tower_transport_layers::in_flight::bytes::{BytesOverloaded, InFlightBytesLayer};
//! use tower_transport_layers::max_message_size::MaxMessageSizeLayer;
//!
//! const BODY: usize = 4 << 20;
//!
//! async fn answer(error: BoxError) -> (StatusCode, String) {
//!     match is_caused_by::<BytesOverloaded>(&*error) {
//!         true => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
//!         false => (StatusCode::PAYLOAD_TOO_LARGE, error.to_string()),
//!     }
//! }
//!
//! let bytes = InFlightBytesLayer::new(NonZeroUsize::new(64 << 20).unwrap()).announced(BODY);
//! let handle = bytes.handle();
//! let app = Router::new().route("/", post(move |body: Bytes| async move { format!("{} of {}", body.len(), handle.in_flight()) })).layer(
//!     ServiceBuilder::new()
//!         .layer(HandleErrorLayer::new(answer))
//!         .layer(bytes)
//!         .layer(MaxMessageSizeLayer::new(BODY)),
//! );
//! # tokio_test::block_on(async {
//! let request = Request::post("/").body(Body::from("12345678")).unwrap();
//! let response = app.clone().oneshot(request).await.unwrap();
//! assert_eq!(axum::body::to_bytes(response.into_body(), 100).await.unwrap(), "8 of 8");
//!
//! let request = Request::post("/").header("content-length", 65 << 20).body(Body::from_stream(tokio_stream())).unwrap();
//! assert_eq!(app.oneshot(request).await.unwrap().status(), StatusCode::PAYLOAD_TOO_LARGE);
//! # });
//! # fn tokio_stream() -> futures_util::stream::Pending<Result<Bytes, BoxError>> { futures_util::stream::pending() }
//! # }
//! ```

mod error;
mod future;
mod layer;
mod mode;
mod service;
mod weigh;

pub use error::{BytesOverloaded, NeverFits};
pub use future::WaitFuture;
pub use layer::InFlightBytesLayer;
pub use mode::{Refuse, Wait};
pub use service::InFlightBytes;
pub use weigh::{Announced, Weigh};
