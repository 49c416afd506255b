//! What a service may answer with, so that a layer can follow the answer to its end.
//!
//! A layer of this crate is one type for every kind of service. What it stands over is told apart by a marker that the compiler infers, so
//! nobody writes it in a stack. It is written where a layer stands by itself, in a field, a constant, what a function returns, or behind an
//! `impl Layer`: `TimeoutLayer` is that over streams, `TimeoutLayer<(), Bodies>` that over HTTP. A function may leave it open:
//!
//! ```
//! # #[cfg(feature = "timeout")] {
//! # use std::time::Duration;
//! # use tower_transport_layers::{reply::Bodies, timeout::TimeoutLayer};
//! fn limits<K>() -> TimeoutLayer<(), K> {
//!     TimeoutLayer::new().idle(Duration::from_secs(60))
//! }
//!
//! const OVER_HTTP: TimeoutLayer<(), Bodies> = TimeoutLayer::new().first_item(Duration::from_secs(10));
//! # let _: TimeoutLayer = limits();
//! # let _ = OVER_HTTP;
//! # }
//! ```
//!
//! A layer whose services share something (an in-flight limit, metrics, a drain) can't be a constant: each use of that would be another limit.
//!
//! | marker | the service answers with |
//! | --- | --- |
//! | [`Streams`] | a [`Stream`](futures_core::Stream) of results: an exchange, a subscription, any call that is answered piece by piece |
//! | [`Bodies`] | an [`http::Response`] whose body is an [`http_body::Body`] |
//! | [`Connections`] | anything: it is a connector, whose request is a [`Target`](crate::Target) |
//!
//! [`Reply`] takes the stream out of a response and puts another one in its place; [`Series`] is that stream, item by item. A layer that is
//! written against these two works over streams and over HTTP alike; [`Asks`] tells it whether anybody will read that stream. [`Held`] is the
//! wrapper that most of them need: it holds something (a permit, a span, a count) until the last item is out.
//!
//! # If a stack does not compile
//!
//! Where a layer does not fit the service below it, the compiler says at the first call that there is no method `call` (or `ready`), and no
//! more. A function that asks for the service gets the reason:
//!
//! ```
//! # #[cfg(feature = "timeout")] {
//! # use std::{convert::Infallible, future::ready};
//! # use tower::{Service, ServiceBuilder, service_fn};
//! # use tower_transport_layers::timeout::TimeoutLayer;
//! fn check<S: Service<R>, R>(_: &S) {}
//!
//! # let inner = service_fn(|_: String| ready(Ok::<_, Infallible>(futures_util::stream::iter([Ok::<_, Infallible>(1)]))));
//! let stack = ServiceBuilder::new().layer(TimeoutLayer::new()).service(inner);
//! check::<_, String>(&stack);
//! # }
//! ```
//!
//! # Example
//!
//! How long a guard is held:
//!
//! ```
//! # use std::{convert::Infallible, pin::Pin, sync::Arc, task::{Context, Poll}};
//! # use futures_core::Stream;
//! # use tower_transport_layers::reply::Held;
//! # struct Once(Option<u32>);
//! # impl Stream for Once {
//! #     type Item = Result<u32, Infallible>;
//! #     fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> { Poll::Ready(self.0.take().map(Ok)) }
//! #     fn size_hint(&self) -> (usize, Option<usize>) { let left = usize::from(self.0.is_some()); (left, Some(left)) }
//! # }
//! # tokio_test::block_on(async {
//! let permit = Arc::new(());
//! let mut reply = Box::pin(Held::new(Once(Some(7)), permit.clone()));
//! assert_eq!(Arc::strong_count(&permit), 2);
//!
//! assert_eq!(std::future::poll_fn(|cx| reply.as_mut().poll_next(cx)).await, Some(Ok(7)));
//! // The last item is out, so the permit is back, although the drained reply is still here.
//! assert_eq!(Arc::strong_count(&permit), 1);
//! # });
//! ```

mod asks;
mod held;
mod kind;
mod series;

pub use asks::Asks;
pub use held::Held;
pub use kind::{Bodies, Connections, Streams};
pub use series::{Reply, Series};
