//! Puts a `tracing` span around each exchange, and writes into it how the exchange went.
//!
//! # What is measured
//!
//! The span is called `exchange`, its target is `tower_transport_layers::trace`, and its fields are
//!
//! | field | from | what |
//! | --- | --- | --- |
//! | `method`, `id` | the start | what [`Describe`](crate::Describe) says; no `id` if there is none |
//! | `request_bytes` | the start | [`WireSize`](crate::WireSize); over HTTP what the body or `Content-Length` announces, absent if neither does |
//! | `items`, `reply_bytes` | the end | the items handed out and their sizes; over HTTP the frames of the body and their data |
//! | `outcome` | the end | `ok`, `error`, `cancelled` (the future or the reply was dropped before its end), `panicked` |
//! | `kind` | the end, after an error | one word by a table of causes: see [`Kinds`](crate::observe::Kinds) |
//! | `error` | the end, after an error | its text, if that is [allowed](TraceLayer::show_errors) |
//! | `duration_seconds` | the end | from `call` to the last item, the error, or the drop |
//!
//! The end is also an event, within the span. Levels are set apart for the [span](TraceLayer::span_level), for its
//! [end](TraceLayer::end_level) and for a [failure](TraceLayer::failure_level). The span is entered while the inner service is called, and
//! while the future and the reply are polled and dropped, so what they log belongs to it.
//!
//! What a peer sends is neither trusted nor shown. A method and an id are cut after a [number of bytes](TraceLayer::name_cap), and characters
//! that act on a terminal, end a line or can't be seen are spelt out, as `\n` or `\u{1b}`. Payload is shown only by a [`Show`] that the user
//! writes and which leaves out what is secret; what it gives is cut and escaped as well. Without one, nothing that a request or an item holds
//! gets into a log, and neither does the text of an error, which may quote it.
//!
//! Where the span is disabled nothing is done at all: nothing is asked, formatted, allocated or timed. Where it is enabled, what is kept for
//! its end is one allocation, beside those of the subscriber.
//!
//! # Backpressure
//!
//! Ready when the inner service is.
//!
//! # Cancellation
//!
//! Dropping the future or the reply drops what is inside, within the span, and then the outcome is `cancelled`.
//!
//! # Where it belongs
//!
//! Outermost, so that it sees what the other layers refuse and end, and what they log is within its span. Inside of a layer that turns errors
//! into replies, or all outcomes are `ok`. A panic that is caught further in is an `error` of the kind `panicked`.
//!
//! # Example
//!
//! ```
//! # use std::{convert::Infallible, future::ready};
//! # use http_body_util::Full;
//! # use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//! # use tower_transport_layers::trace::TraceLayer;
//! # #[derive(Clone, Default)]
//! # struct Log(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);
//! # impl std::io::Write for Log {
//! #     fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> { self.0.lock().unwrap().write(bytes) }
//! #     fn flush(&mut self) -> std::io::Result<()> { Ok(()) }
//! # }
//! # let log = Log::default();
//! # let writer = log.clone();
//! # let subscriber = tracing_subscriber::fmt()
//! #     .with_max_level(tracing::Level::DEBUG).with_ansi(false).with_writer(move || writer.clone()).finish();
//! # tracing::subscriber::with_default(subscriber, || tokio_test::block_on(async {
//! let mut service = ServiceBuilder::new()
//!     .layer(TraceLayer::new())
//!     .service(service_fn(|_: http::Request<Full<&[u8]>>| {
//!         ready(Ok::<_, Infallible>(http::Response::new(Full::new(&b"pong"[..]))))
//!     }));
//!
//! let request = http::Request::get("/ping").body(Full::default()).unwrap();
//! let response = service.ready().await.unwrap().call(request).await.unwrap();
//! http_body_util::BodyExt::collect(response.into_body()).await.unwrap();
//! # }));
//! # let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
//! // exchange{method="GET /ping" request_bytes=0 items=1 reply_bytes=4 outcome="ok" duration_seconds=…}: exchange ended
//! # assert!(log.contains(r#"exchange{method="GET /ping" request_bytes=0 items=1 reply_bytes=4 outcome="ok" duration_seconds="#), "{log}");
//! ```
//!
//! Payload is shown, without what is secret in it; and all is shown that goes wrong, also under a filter of `warn`:
//!
//! ```
//! use tower_transport_layers::trace::{Show, TraceLayer};
//! use tracing::Level;
//!
//! # struct Login { user: String, password: String }
//! # struct Item;
//! #[derive(Clone)]
//! struct Redacted;
//!
//! impl Show<Login, Item> for Redacted {
//!     fn request(&self, login: &Login) -> Option<String> {
//!         Some(format!("user={} password=***", login.user))
//!     }
//! }
//!
//! let layer: TraceLayer<_> = TraceLayer::new()
//!     .span_level(Level::WARN)
//!     .failure_level(Level::WARN)
//!     .show_errors(true)
//!     .show(Redacted);
//! # fn shows<P: Show<Login, Item>>(_: &TraceLayer<P>) {}
//! # shows(&layer);
//! ```
//!
//! # Differs from tower-http's `trace`
//!
//! It serves streams as well as bodies, counts what goes through, and tells an exchange that was dropped from one that ended. tower-http's has a
//! callback for each step; here the one open place is [`Observer`](crate::observe::Observer), for a layer of one's own.

mod escape;
mod exchange;
mod layer;
mod level;
mod service;
mod settings;
mod show;

pub use crate::observe::{Observed, ResponseFuture};
pub use exchange::Exchange;
pub use layer::TraceLayer;
pub use service::Trace;
pub use show::Show;
