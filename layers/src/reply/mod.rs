//! What a service may answer with, so that a layer can follow the answer to its end.
//!
//! A layer of this crate is one type for every kind of service. What it stands over is told apart by a marker that the compiler infers, so
//! nobody writes it in a stack. It is written where a layer stands by itself, in a field or behind an `impl Layer`: `TimeoutLayer` is that
//! over streams, `TimeoutLayer<(), Bodies>` that over HTTP.
//!
//! | marker | the service answers with |
//! | --- | --- |
//! | [`Streams`] | a [`Stream`](futures_core::Stream) of results: an exchange, a subscription, any call that is answered piece by piece |
//! | [`Bodies`] | an [`http::Response`] whose body is an [`http_body::Body`] |
//! | [`Connections`] | anything: it is a connector, whose request is a [`Target`](crate::Target) |
//!
//! [`Reply`] takes the stream out of a response and puts another one in its place; [`Series`] is that stream, item by item. A layer that is
//! written against these two works over streams and over HTTP alike. [`Held`] is the wrapper that most of them need: it holds something
//! (a permit, a span, a count) until the last item is out.
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

mod held;
mod kind;
mod series;

pub use held::Held;
pub use kind::{Bodies, Connections, Streams};
pub use series::{Reply, Series};
