//! Fails calls whose messages are too large, each alone.
//!
//! # What is bounded
//!
//! Bytes per message, each direction on its own, and, if [asked for](MaxMessageSizeLayer::max_items), items per reply. A message at the limit
//! passes. What it means depends on what the layer stands over, which the compiler infers:
//!
//! | over | request | response |
//! | --- | --- | --- |
//! | a stream | its [`WireSize`](crate::WireSize), before the inner service is called; also that of each answer through an item of the reply | the `WireSize` of each item |
//! | HTTP | `Content-Length` and the body's `size_hint` before the inner service is called, then the body's data as it is read | likewise, before the caller gets the head; not for `text/event-stream` |
//! | a connector | the [frame](MaxFrame) that the transport below sends | the frame that it stores |
//!
//! An HTTP body is one message, so all its data counts together, in whatever pieces it comes, chunked or not. Trailers do not count, and
//! neither do frames: where a body is cut into frames is up to the network. A response that is `text/event-stream` has no end by nature, so its
//! body passes unlimited, and what reads it must bound each event; whoever expects no such response checks its type before reading it.
//!
//! On a stream of messages the message is there already when it is measured, so the layer is about policy. The cap on memory is the frame
//! cap: over a connector the layer asks the transport for it with a [`MaxFrame`] in the extensions of the [`Target`](crate::Target), before the
//! connection is made. Of two layers, one above the other, the tighter holds.
//!
//! # Failure
//!
//! A request over the limit fails in the call future with [`TooLarge`], and nothing else: the connection and its other calls go on. An item over
//! the limit is dropped and fails its own reply, as does one item too many, with [`TooManyItems`]; the inner stream is dropped at once, which
//! cancels it, and the reply then ends. A body over the limit fails the read that finds it; it never ends early as if it were whole.
//!
//! # Backpressure
//!
//! Ready when the inner service is. A refused call leaves the inner service readied, and the next call makes use of it.
//!
//! # Cancellation
//!
//! Dropping the future or the reply drops what is inside.
//!
//! # Where it belongs
//!
//! On the message stack next to the transport, inside of an in-flight limit. So it is inside of a retry as well, whose rules have to know
//! that what is too large stays so ([`Fate::Hopeless`](crate::policies::Fate::Hopeless)). Over HTTP, where it bounds what comes out of
//! compression: outside of what decompresses responses, but inside of what decompresses requests, or a small request unfolds to any size
//! behind it. Inside of what answers for errors, as with `413`. On the connection stack anywhere over the transport.
//!
//! # Example
//!
//! ```
//! # use std::convert::Infallible;
//! # use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//! use tower_transport_layers::WireSize;
//! use tower_transport_layers::max_message_size::{Direction, MaxMessageSizeLayer, TooLarge};
//!
//! struct Text(String);
//!
//! impl WireSize for Text {
//!     fn wire_size(&self) -> usize {
//!         self.0.len()
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let mut service = ServiceBuilder::new()
//!     .layer(MaxMessageSizeLayer::new(4))
//!     .service(service_fn(|text: Text| async { Ok::<_, Infallible>(futures_util::stream::iter([Ok::<_, Infallible>(text)])) }));
//!
//! let call = service.ready().await.unwrap().call(Text("abcde".into()));
//! let error = call.await.err().unwrap();
//! assert_eq!(error.downcast_ref::<TooLarge>(), Some(&TooLarge::new(Direction::Request, 4, 5)));
//! assert_eq!(error.to_string(), "request too large: 5 bytes, the limit is 4; send less, or raise the limit");
//!
//! assert!(service.ready().await.unwrap().call(Text("abcd".into())).await.is_ok());
//! # }
//! ```
//!
//! Limits of their own each way, and by the request; over HTTP the inner service reads a [`Limited`] body:
//!
//! ```
//! # use std::convert::Infallible;
//! # use http::{Request, Response};
//! # use http_body_util::{BodyExt, Full, StreamBody};
//! # use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//! use tower_transport_layers::max_message_size::{Limited, Limits, MaxMessageSizeLayer, TooLarge};
//! use tower_transport_layers::{BoxError, cause_ref};
//! # use bytes::Bytes;
//! # type Chunked = StreamBody<futures_util::stream::Iter<std::vec::IntoIter<Result<http_body::Frame<Bytes>, Infallible>>>>;
//! # fn chunked(count: usize) -> Chunked {
//! #     let chunks: Vec<_> = (0..count).map(|_| Ok(http_body::Frame::data(Bytes::from_static(&[b'x'; 1024])))).collect();
//! #     StreamBody::new(futures_util::stream::iter(chunks))
//! # }
//!
//! async fn length(request: Request<Limited<Chunked>>) -> Result<Response<Full<Bytes>>, BoxError> {
//!     let body = request.into_body().collect().await?.to_bytes();
//!     Ok(Response::new(Full::from(body.len().to_string())))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let limits = MaxMessageSizeLayer::new(4 << 20).request(8 << 10).limits_by(|request: &Request<Chunked>, limits: Limits| {
//!     match request.uri().path() {
//!         "/upload" => limits.with_request(Some(1 << 20)),
//!         _ => limits,
//!     }
//! });
//! let mut service = ServiceBuilder::new().layer(limits).service(service_fn(length));
//!
//! let request = Request::post("/upload").body(chunked(64)).unwrap();
//! let response = service.ready().await.unwrap().call(request).await.unwrap();
//! assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "65536");
//!
//! let request = Request::post("/call").body(chunked(64)).unwrap();
//! let error = service.ready().await.unwrap().call(request).await.err().unwrap();
//! let error = cause_ref::<TooLarge>(error.as_ref()).unwrap();
//! assert_eq!((error.limit(), error.size(), error.is_cut()), (8 << 10, 9 << 10, true));
//! # }
//! ```
//!
//! Over a connector, the transport finds the cap when it is built:
//!
//! ```
//! # use std::convert::Infallible;
//! # use http::Extensions;
//! # use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//! use tower_transport_layers::Target;
//! use tower_transport_layers::max_message_size::{MaxFrame, MaxMessageSizeLayer};
//!
//! struct Address {
//!     extensions: Extensions,
//! }
//!
//! impl Target for Address {
//!     fn extensions_mut(&mut self) -> &mut Extensions {
//!         &mut self.extensions
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let mut connector = ServiceBuilder::new()
//!     .layer(MaxMessageSizeLayer::new(4 << 20))
//!     .service(service_fn(|address: Address| async move {
//!         assert_eq!(MaxFrame::of(&address.extensions).unwrap().received(), Some(4 << 20));
//!         Ok::<_, Infallible>(service_fn(|_: ()| async { Ok::<_, Infallible>(()) }))
//!     }));
//! let address = Address { extensions: Extensions::new() };
//! let mut connection = connector.ready().await.unwrap().call(address).await.unwrap();
//! # let _answer: () = connection.ready().await.unwrap().call(()).await.unwrap();
//! # }
//! ```
//!
//! # Differs from `tower_http::limit`
//!
//! `RequestBodyLimit` limits requests alone, answers for itself with `413`, and its error has no numbers. Here the call fails with an error
//! that has them, which an outer layer turns into a response, and responses are limited as well.

mod admit;
mod announced;
mod deliver;
mod error;
mod future;
mod layer;
mod limited;
mod limits;
mod max_frame;
mod policy;
mod service;

pub use admit::{Admit, Admitted};
pub use deliver::Deliver;
pub use error::{Direction, TooLarge, TooManyItems};
pub use future::ResponseFuture;
pub use layer::MaxMessageSizeLayer;
pub use limited::Limited;
pub use limits::Limits;
pub use max_frame::MaxFrame;
pub use policy::{By, Policy};
pub use service::MaxMessageSize;
