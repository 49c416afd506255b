//! What tower's own layers mean over services that answer with a stream, and the policies that some of them want.
//!
//! A service here resolves its call future with the first item, or with the head of the reply; the rest comes as a stream. Tower's layers
//! see the call future alone. Some of them are right as they are, some want a policy of this room, and some are better left out:
//!
//! | tower's | over a service that streams | use |
//! | --- | --- | --- |
//! | `retry` | sees what failed before the first item, nothing after it | with [`RetryPolicy`] |
//! | `load`, `balance` | count a call as over at its first item | with [`CompleteOnLastItem`], behind a `buffer` |
//! | `buffer` | queues calls, not items; its worker waits for no reply | in front of what is not `Clone` |
//! | `rate_limit` | counts calls, however long each streams | behind a `buffer` |
//! | `load_shed` | refuses at once what is not ready | over what can't wait; else see below |
//! | `timeout` | bounds the first item alone | [`TimeoutLayer`](crate::timeout) |
//! | `concurrency_limit` | gives its permit back at the first item | [`InFlightLayer`](crate::in_flight) |
//! | `hedge` | runs a request twice, whether or not it may run twice | nothing |
//! | `spawn_ready`, `util`, `map_*`, `BoxCloneSyncService` | as over any service | as they are |
//!
//! # Retry
//!
//! Nothing is sent twice once an item was delivered: the call future has resolved by then, and tower's `retry` looks no further. Before
//! that [`RetryPolicy`] goes by what the [`RetryRules`] say about a failure: what was never sent is sent again, what may have run only if
//! its request is idempotent, and what is hopeless not at all. Between attempts it waits with a capped exponential [`Backoff`]; a budget
//! bounds the retries of all calls together.
//!
//! *Backpressure:* a retry readies a clone of the inner service first, inside the call future, and so waits as any call does.
//! *Cancellation:* dropping the call future drops the attempt or the wait. *Where:* inside a timeout whose limits are for all attempts
//! together, outside one whose limits are for each; outside an in-flight limit, so that a call that only waits for its next attempt holds
//! no permit; and outside of what may give it another instance (`balance`, a supervisor): over one dead connection a retry finds it just as
//! dead. Calls that are retried lose their place in the order in which calls reach the wire.
//!
//! ```
//! # use std::{convert::Infallible, num::NonZeroU32, sync::Arc, sync::atomic::{AtomicU32, Ordering}, time::Duration};
//! # use futures_util::stream;
//! # use tower::{BoxError, Service, ServiceBuilder, ServiceExt, retry::budget::TpsBudget, service_fn};
//! use tower_transport_layers::policies::{Backoff, Fate, RetryPolicy, RetryRules};
//!
//! #[derive(Clone)]
//! struct Rules;
//!
//! impl RetryRules<String, std::io::Error> for Rules {
//!     fn copy(&self, request: &String) -> Option<String> {
//!         Some(request.clone())
//!     }
//!
//!     fn is_idempotent(&self, request: &String) -> bool {
//!         request.starts_with("read ")
//!     }
//!
//!     fn fate(&self, error: &std::io::Error) -> Fate {
//!         match error.kind() {
//!             std::io::ErrorKind::ConnectionRefused => Fate::NeverSent,
//!             std::io::ErrorKind::InvalidInput => Fate::Hopeless,
//!             _ => Fate::MayHaveRun,
//!         }
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), BoxError> {
//! let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
//! let budget = TpsBudget::new(Duration::from_secs(10), 1, 0.2);
//! let policy = RetryPolicy::new(NonZeroU32::new(3).unwrap(), backoff, Rules).budget(Arc::new(budget));
//!
//! let calls = Arc::new(AtomicU32::new(0));
//! # let counter = calls.clone();
//! // Breaks the connection on its first call, after the request was sent.
//! let flaky = service_fn(move |_: String| {
//!     let first = counter.fetch_add(1, Ordering::Relaxed) == 0;
//!     async move {
//!         match first {
//!             true => Err(std::io::ErrorKind::ConnectionReset.into()),
//!             false => Ok(stream::iter([Ok::<_, Infallible>("an item")])),
//!         }
//!     }
//! });
//! let mut service = ServiceBuilder::new().retry(policy).service(flaky);
//!
//! service.ready().await?.call("read it".into()).await?;
//! assert_eq!(calls.load(Ordering::Relaxed), 2);
//!
//! // What may have run, and must not run twice, is left to the caller.
//! calls.store(0, Ordering::Relaxed);
//! service.ready().await?.call("write it".into()).await.unwrap_err();
//! assert_eq!(calls.load(Ordering::Relaxed), 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Balance and load
//!
//! [`CompleteOnLastItem`] makes [`PendingRequests`](tower::load::PendingRequests) and [`PeakEwma`](tower::load::PeakEwma) count a call
//! until its last item is out, an error or a drop. `balance` is not `Clone`, so it stands behind a `buffer` where clones are made of it.
//!
//! ```
//! # use std::convert::Infallible;
//! # use futures_util::stream;
//! # use tower::{BoxError, Service, ServiceBuilder, ServiceExt, balance::p2c::Balance, discover::ServiceList, service_fn};
//! # use tower::load::{Load, PendingRequests};
//! use tower_transport_layers::policies::CompleteOnLastItem;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! # let instance = || service_fn(|_: &'static str| async { Ok::<_, Infallible>(stream::iter(["an item", "another"].map(Ok::<_, Infallible>))) });
//! let instances = [instance(), instance()].map(|instance| PendingRequests::new(instance, CompleteOnLastItem::new()));
//! let mut service = ServiceBuilder::new()
//!     .buffer(64)
//!     .service(Balance::new(ServiceList::new(instances)));
//! # fn is_clone<S: Clone>(_: &S) {}
//! # is_clone(&service);
//! let reply = service.ready().await?.call("go").await?;
//!
//! // Until its last item is out, a reply counts.
//! let mut counted = PendingRequests::new(instance(), CompleteOnLastItem::new());
//! let reply = counted.ready().await?.call("go").await?;
//! let while_streaming = counted.load();
//! drop(reply);
//! assert!(counted.load() < while_streaming);
//! # Ok(())
//! # }
//! ```
//!
//! # Buffer
//!
//! Its bound is how many calls may wait in its queue, each with its request in memory, on top of what runs. Choose the calls that the
//! service takes in the time that a caller would rather wait than be refused; past 1 or 2 times the in-flight limit below it, a longer
//! queue only makes everybody wait longer. Callers then wait in `poll_ready`, in order.
//!
//! An error from the inner `poll_ready` kills the buffer for good, and every call with it. So what passes (one failed connect, a child that
//! is being restarted) must be an error of the call or a `poll_ready` that waits, never an error of `poll_ready`.
//!
//! The worker readies the service for one call at a time, in order: what waits for a permit holds up all behind it. An in-flight limit
//! belongs outside of the buffer, or refuses. The buffer's own time in the queue counts for a timeout outside of it, not for one inside.
//!
//! # Rate limit
//!
//! It counts calls as they are made, so a limit of 10 a second lets any number of long streams pile up: put an in-flight limit beside it.
//! It is not `Clone`, as its count is its own, so it stands behind a buffer; below `axum::serve`, which makes a clone for each connection,
//! the buffer is what makes it one limit for all.
//!
//! ```
//! # use std::{convert::Infallible, time::Duration};
//! # use futures_util::stream;
//! # use tower::{BoxError, Service, ServiceBuilder, ServiceExt, service_fn};
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), BoxError> {
//! # let inner = service_fn(|_: ()| async { Ok::<_, Infallible>(stream::iter([Ok::<_, Infallible>("an item")])) });
//! let service = ServiceBuilder::new()
//!     .buffer(16)
//!     .rate_limit(10, Duration::from_secs(1))
//!     .service(inner);
//! let started = tokio::time::Instant::now();
//! for _ in 0..11 {
//!     service.clone().oneshot(()).await?;
//! }
//! assert!(started.elapsed() >= Duration::from_secs(1));
//! # Ok(())
//! # }
//! ```
//!
//! # Load shed
//!
//! It takes a `poll_ready` that is pending for overload. Over a limit that waits, it parks a waiter in that limit's line for the call that
//! it refused; a permit that comes free goes to that waiter, for a call that nobody makes, until the service is used again or dropped. And
//! whatever else is pending counts as overload too: a service that yields, to be fair to the other tasks of its thread, is refused although
//! it has room. An in-flight limit that refuses ([`InFlightLayer`](crate::in_flight)) parks nobody, and names its limit. Where `load_shed`
//! is used all the same, make a clone for each call, and drop it with the refusal.

mod backoff;
mod load;
mod retry;
mod rules;

pub use backoff::Backoff;
pub use load::CompleteOnLastItem;
pub use retry::RetryPolicy;
pub use rules::{Fate, RetryRules};
