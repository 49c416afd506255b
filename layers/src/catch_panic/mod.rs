//! Turns panics of a service, of its calls and of its replies into errors.
//!
//! # What is caught
//!
//! | panic in | who gets the [`Panicked`] | what becomes of the rest |
//! | --- | --- | --- |
//! | `poll_ready` | `poll_ready`, for good | the service is dropped, and this clone of it is dead |
//! | `call` | that call | the service goes on, and is polled for readiness before the next call |
//! | the call future | that call | the future is dropped, and not polled again |
//! | the reply | its next item, and then it ends | the stream or body is dropped, and not polled again |
//! | a drop of any of them | nobody | it ends there |
//! | `size_hint`, `is_end_stream` | nobody | nothing is said of the end |
//!
//! The error says where the panic was and what it said, up to 256 bytes. That is for a log and not for a peer: it may quote the code, or what
//! another peer sent. The panic hook, which by default prints to stderr, has run before, also for what nobody is told.
//!
//! A panic in `call` costs one call and not the service: what a peer sends may set it off, and a peer must not be able to take a service down.
//! The inner service may be left in a state that it did not mean to be in, though never an unsafe one; it gets ready anew before it is called
//! again, and if it panics again, so does only that call. A panic in `poll_ready` is not about any call. It comes from the service's own
//! machinery, which would be polled again in whatever state that left it, so it is final, as every error of `poll_ready`: whoever can
//! build the service anew (a supervisor, an edge that makes one for each connection) gets to know. Other clones are not touched. Whether state that
//! they share is sound is for that state to say, as a poisoned `Mutex` does.
//!
//! A drop is caught also while the thread unwinds from another panic, where it would abort the process. What can't be caught: anything in a
//! binary built with `panic = "abort"`, a panic in a destructor while the inner value itself unwinds, and an abort.
//!
//! # Backpressure
//!
//! Ready when the inner service is.
//!
//! # Cancellation
//!
//! Dropping the future, the reply or the service drops what is inside, and catches its panic.
//!
//! # Where it belongs
//!
//! Inside of trace and metrics, for which a panic then is an error with a kind, and outside of the other layers, whose own panics it catches
//! too: what they hold is given back by a drop, also while a thread unwinds. What is to see an error and no unwinding, as a retry does, stands
//! outside of it; then it is directly around the service that is not trusted, and a second one may stand further out.
//!
//! # Example
//!
//! ```
//! # use std::convert::Infallible;
//! # use futures_util::stream::Empty;
//! # use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//! # use tower_transport_layers::catch_panic::{CatchPanicLayer, Panicked, Place};
//! # std::panic::set_hook(Box::new(|_| {}));
//! # tokio_test::block_on(async {
//! let mut service = ServiceBuilder::new()
//!     .layer(CatchPanicLayer::new())
//!     .service(service_fn(|divisor: u32| async move {
//!         assert!(100 / divisor > 0);
//!         Ok::<Empty<Result<u32, Infallible>>, Infallible>(futures_util::stream::empty())
//!     }));
//!
//! let error = service.ready().await.unwrap().call(0).await.unwrap_err();
//! let panicked = error.downcast_ref::<Panicked>().unwrap();
//! assert_eq!(panicked.place(), Place::Future);
//! assert_eq!(panicked.message(), Some("attempt to divide by zero"));
//!
//! // The next call is a call as any other.
//! assert!(service.ready().await.unwrap().call(7).await.is_ok());
//! # });
//! ```
//!
//! A panic in `poll_ready` is final:
//!
//! ```
//! # use std::{convert::Infallible, future::Ready, task::{Context, Poll}};
//! # use futures_util::stream::Empty;
//! # use tower::{Service, ServiceExt};
//! # use tower_transport_layers::catch_panic::{CatchPanic, Panicked, Place};
//! # std::panic::set_hook(Box::new(|_| {}));
//! # tokio_test::block_on(async {
//! struct Broken;
//!
//! impl Service<()> for Broken {
//! #     type Response = Empty<Result<u32, Infallible>>;
//! #     type Error = Infallible;
//! #     type Future = Ready<Result<Self::Response, Infallible>>;
//!     fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
//!         panic!("no such pool")
//!     }
//! #     fn call(&mut self, _: ()) -> Self::Future { unreachable!() }
//! }
//!
//! let mut service: CatchPanic<_> = CatchPanic::new(Broken);
//! let error = service.ready().await.err().unwrap();
//! assert_eq!(error.downcast_ref::<Panicked>().unwrap().place(), Place::Ready);
//! assert!(service.get_ref().is_none());
//! # });
//! ```
//!
//! # Differs from tower-http's `catch_panic`
//!
//! That answers a panic in `call` or in the future with a response, and lets one in `poll_ready` or in the body through.

mod catch;
mod error;
mod future;
mod layer;
mod service;
mod stream;

pub use error::{Panicked, Place};
pub use future::ResponseFuture;
pub use layer::CatchPanicLayer;
pub use service::CatchPanic;
pub use stream::Caught;
