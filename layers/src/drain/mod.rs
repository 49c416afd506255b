//! Lets work come to its end before a shutdown: no more calls are let in, those that run are waited for, and those that take too long are ended.
//!
//! # What is bounded
//!
//! The time that a shutdown waits for calls in flight. A call is in flight from `call` to the last item of its reply, to an error, or to the
//! drop of the future or the reply. A [`DrainHandle`]
//!
//! - [stops](DrainHandle::stop) admission: from then on, and for good, each call is refused with [`Draining`] and never reaches the service;
//! - [drains](DrainHandle::drain): stops, and waits until nothing is in flight or a time has passed, and then tells how many are [`Left`];
//! - [interrupts](DrainHandle::interrupt): fails those that are left with [`Interrupted`]. Subscriptions end in no other way.
//!
//! All services that a layer makes, and those of its clones, are drained together. There is one count, in one word with the flags: a call that
//! is let in is one that the drain waits for. A call takes no lock as long as what it waits for is there when it is polled. One that has to wait
//! leaves its waker where an interruption finds it, under a lock that it shares with an eighth of the others, once and not for each poll.
//!
//! # Backpressure
//!
//! Ready when the inner service is. While it drains it is always ready, to refuse: an edge such as an HTTP server owes each request an answer,
//! and an error of `poll_ready` would be none. Callers that wait for readiness when it begins are woken.
//!
//! # Cancellation
//!
//! Dropping the future or the reply drops what is inside, and then it is counted no more. An interruption does the same, when the future
//! or the reply is next polled, and it is woken for that; what is there by then is handed out if nothing follows it. Dropping a drain only stops the
//! waiting. Dropping the handles changes nothing.
//!
//! # Where it belongs
//!
//! Outside of all that queues (a buffer, an in-flight limit, a retry), so that what has been accepted is finished, and inside of the layer that
//! turns errors into replies, so that a refusal is an answer. A listener stops accepting first; hyper's own graceful shutdown then waits for
//! connections, which end when their calls do.
//!
//! # Example
//!
//! ```
//! # use std::{convert::Infallible, future::ready, time::Duration};
//! # use futures_util::{StreamExt, stream};
//! # use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//! # use tower_transport_layers::drain::{DrainLayer, Draining};
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! let (layer, handle) = DrainLayer::pair();
//! let mut service = ServiceBuilder::new()
//!     .layer(layer)
//!     .service(service_fn(|_: ()| ready(Ok::<_, Infallible>(stream::iter([Ok::<_, Infallible>(1), Ok(2)])))));
//!
//! let mut reply = service.ready().await.unwrap().call(()).await.unwrap();
//! let drained = tokio::spawn(handle.drain(Duration::from_secs(30)));
//! assert_eq!(handle.in_flight(), 1);
//!
//! // No more calls are let in, and the one that runs comes to its end.
//! let refused = service.ready().await.unwrap().call(()).await.unwrap_err();
//! assert!(refused.is::<Draining>());
//! assert_eq!(reply.next().await.unwrap().unwrap(), 1);
//! assert_eq!(reply.next().await.unwrap().unwrap(), 2);
//! assert!(drained.await.unwrap().is_ok());
//! # }
//! ```
//!
//! A reply without end is interrupted:
//!
//! ```
//! # use std::{convert::Infallible, future::ready, time::Duration};
//! # use futures_util::{StreamExt, stream::poll_fn};
//! # use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//! # use tower_transport_layers::drain::{DrainLayer, Interrupted};
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! # let (layer, handle) = DrainLayer::pair();
//! # let mut service = ServiceBuilder::new()
//! #     .layer(layer)
//! #     .service(service_fn(|_: ()| ready(Ok::<_, Infallible>(poll_fn(|_| std::task::Poll::<Option<Result<u32, Infallible>>>::Pending)))));
//! let mut subscription = service.ready().await.unwrap().call(()).await.unwrap();
//! let reader = tokio::spawn(async move { subscription.next().await });
//!
//! if let Err(left) = handle.drain(Duration::from_secs(30)).await {
//!     assert_eq!(left.calls(), 1);
//!     handle.interrupt();
//!     // Those who read get to know at once.
//!     handle.drain(Duration::from_secs(1)).await.unwrap();
//! }
//! let error = reader.await.unwrap().unwrap().unwrap_err();
//! assert!(error.is::<Interrupted>());
//! # }
//! ```

mod error;
mod future;
mod gate;
mod handle;
mod layer;
mod service;
mod sleepers;
mod stream;

pub use error::{Draining, Interrupted, Left};
pub use future::ResponseFuture;
pub use handle::DrainHandle;
pub use layer::DrainLayer;
pub use service::Drain;
pub use stream::Drained;
