//! Limits the calls in flight, to the last item of their replies.
//!
//! # What is bounded
//!
//! Calls: from `poll_ready` where callers wait, or else from `call`, until the last item of the reply is out, the call or its reply fails,
//! or either is dropped. A reply that streams counts for as long as it streams, and a drained one that somebody keeps does not; the last
//! item is known by the `size_hint` (or `is_end_stream`) that it leaves behind. [`bytes`] has a sibling that bounds the bytes of requests
//! in flight.
//!
//! There is one limit per layer, shared by all its clones and all services that it makes. What becomes of a call over it is for each layer
//! over the limit to say:
//!
//! | | over the limit | when the line is full |
//! | --- | --- | --- |
//! | [`InFlightLayer::new`] | the call is refused at once with [`Overloaded`], and nobody is parked | |
//! | [`wait`](InFlightLayer::wait) | the caller waits in `poll_ready`, first come, first served | the call is refused with [`Overloaded`] |
//!
//! A permit that is given back while somebody waits is handed to the first in line, who is woken once. Nobody overtakes: as long as
//! somebody waits, newcomers stand in line or are refused.
//!
//! A [`Policy`], usually a closure, says which calls count. Those that never end by nature (one that listens, a subscription) would hold
//! their permits for ever: they are exempt, or are counted apart, against a limit of their own that refuses.
//!
//! Admission is one compare-and-swap, and giving back is one subtraction, on one word that has its cache line to itself; a mutex is taken
//! only while somebody waits. Limits beyond 2^62 (2^30 on 32 bits) are taken for that.
//!
//! # Backpressure
//!
//! Where calls are refused, ready when the inner service is; being refused leaves that readiness, and what it has reserved, for the next
//! call.
//!
//! Where callers wait, ready when there is a permit and the inner service is ready, or when the line is full: `call` then refuses, however
//! busy the inner service is, unless a permit has come free by then. The permit is reserved first. So who waits for it holds nothing of the
//! inner service, and never more than the limit wait for the inner service itself, while the line bounds those behind them. It also means
//! that a service counts as soon as it has its permit, also if it then waits for the inner service, until it is called or dropped: don't
//! keep one idle that has been polled for readiness. A clone holds nothing.
//!
//! # Cancellation
//!
//! Dropping the service, the future or the reply gives the permit back, after what is inside has been dropped. A waiter that is dropped
//! leaves the line; if it had been handed a permit, that goes on to the next. A panic of the inner service gives the permit back as it
//! unwinds.
//!
//! # Where it belongs
//!
//! Inside of a timeout, which can only end what is admitted, and outside of what costs most per call: whatever is over the limit is refused
//! before it is paid for. Outside of a retry it counts a call once, however often it is tried; inside of one it counts attempts, and a call
//! gives its permit back between them. Not under tower's `load_shed` when it waits: that parks waiters who take permits and do nothing with
//! them. Layers that refuse need none.
//!
//! An answer that a peer waits for must not need a permit, or a full window of calls waits for it for ever. What a peer can't go on without
//! must be exempt, or go around this layer.
//!
//! Where callers wait, even an exempt call waits for a permit: `poll_ready` can't know what will be called. It gives the permit back in
//! `call`, at once; and when the line is full it goes through without, if the inner service is ready. But if calls in flight end only after
//! a later exempt call, refuse instead (there an exempt call never needs a permit), or steer such calls around the layer. In [`bytes`],
//! waiting is in the call's future, and an exempt call never waits.
//!
//! # Example
//!
//! ```
//! # use std::{convert::Infallible, future::ready, num::NonZeroUsize, pin::Pin, task::{Context, Poll}};
//! # use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//! # use tower_transport_layers::in_flight::{InFlightLayer, Overloaded};
//! # struct Once(Option<u32>);
//! # impl futures_core::Stream for Once {
//! #     type Item = Result<u32, Infallible>;
//! #     fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> { Poll::Ready(self.0.take().map(Ok)) }
//! #     fn size_hint(&self) -> (usize, Option<usize>) { let left = usize::from(self.0.is_some()); (left, Some(left)) }
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let mut service = ServiceBuilder::new()
//!     .layer(InFlightLayer::new(NonZeroUsize::new(1).unwrap()))
//!     .service(service_fn(|n: u32| ready(Ok::<_, Infallible>(Once(Some(n))))));
//!
//! let mut reply = Box::pin(service.ready().await.unwrap().call(7).await.unwrap());
//!
//! // The reply is there, and has not been read: the call is in flight.
//! let error = service.ready().await.unwrap().call(8).await.unwrap_err();
//! assert_eq!(error.downcast_ref::<Overloaded>().unwrap().limit(), 1);
//!
//! assert_eq!(std::future::poll_fn(|cx| futures_core::Stream::poll_next(reply.as_mut(), cx)).await, Some(Ok(7)));
//! assert!(service.ready().await.unwrap().call(8).await.is_ok());
//! # }
//! ```
//!
//! Callers wait, those that listen are exempt, subscriptions are counted apart, and a handle shows how full it is:
//!
//! ```
//! # use std::num::NonZeroUsize;
//! use tower_transport_layers::in_flight::{Class, InFlightLayer};
//!
//! # enum Request { Listen, Subscribe, Work }
//! # fn some(n: usize) -> NonZeroUsize { NonZeroUsize::new(n).unwrap() }
//! let layer: InFlightLayer<_> = InFlightLayer::new(some(64))
//!     .wait(some(256))
//!     .count(|request: &Request| match request {
//!         Request::Listen => Class::Exempt,
//!         Request::Subscribe => Class::Apart,
//!         Request::Work => Class::Counted,
//!     })
//!     .apart(some(1000));
//!
//! let handle = layer.handle();
//! assert_eq!((handle.in_flight(), handle.waiting(), handle.limit()), (0, 0, 64));
//! assert_eq!(layer.apart_handle().unwrap().limit(), 1000);
//! ```
//!
//! A limit of zero, under which nothing is ever ready, can't be written:
//!
//! ```compile_fail,E0308
//! # use tower_transport_layers::in_flight::InFlightLayer;
//! let layer: InFlightLayer = InFlightLayer::new(0);
//! ```
//!
//! # Differs from `tower::limit::concurrency`
//!
//! Tower's `ConcurrencyLimit` gives its permit back when the call future is dropped, which is at the head of a reply that streams. Its
//! layer makes a limit per service, so a stack that is made per connection limits nothing (`GlobalConcurrencyLimitLayer` shares one). It
//! can't refuse, its line has no bound, and zero is a limit.

pub mod bytes;

mod counting;
mod error;
mod future;
mod handle;
mod layer;
mod limiter;
mod line;
mod permit;
mod policy;
mod semaphore;
mod service;
mod sync;

// Where the semaphore looks for it, also as a part of the loom tests.
use crate::waking;

pub use error::Overloaded;
pub use future::ResponseFuture;
pub use handle::Handle;
pub use layer::InFlightLayer;
pub use permit::{Amount, One, Permit};
pub use policy::{Class, Policy};
pub use service::InFlight;
