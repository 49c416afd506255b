//! Counts and times exchanges, on the [`metrics`](https://docs.rs/metrics) facade.
//!
//! # What is measured
//!
//! | name | type, unit | what |
//! | --- | --- | --- |
//! | `exchange_in_flight` | gauge, calls | from `call` to the last item, the error, or the drop of the future or the reply |
//! | `exchange_calls_total` | counter, calls | calls that ended, by `outcome`: `ok`, `error`, `cancelled` (dropped before its end), `panicked` |
//! | `exchange_errors_total` | counter, calls | calls that ended with an error, by `kind`: see [`Kinds`](crate::observe::Kinds) |
//! | `exchange_duration_seconds` | histogram, seconds | from `call` to the end, whatever the outcome |
//! | `exchange_first_item_seconds` | histogram, seconds | from `call` until the first item is handed out; nothing for a call without items |
//! | `exchange_request_bytes_total` | counter, bytes | [`WireSize`](crate::WireSize); over HTTP the bytes that are announced, 0 if none are |
//! | `exchange_reply_bytes_total` | counter, bytes | sizes of the items; over HTTP the data of the frames |
//! | `exchange_items_total` | counter, items | items handed out; over HTTP frames |
//!
//! `exchange` is the [`prefix`](MetricsLayer::prefix). All of them carry the [labels](MetricsLayer::label) that the layer is given. Counters grow
//! while a reply goes on. Each time includes that of the reader, as an item is handed out when somebody polls for it.
//!
//! **Bytes of requests are announced, over HTTP**, by the body or else by `Content-Length`: that is what the peer claims before a byte of it is
//! there. A chunked body, which announces nothing, counts as 0, and one that breaks off as a whole. What is read is not counted, as the layer
//! would have to wrap the body for that: the service inside would see another type of request, and axum would box every body. So one request
//! adds no more than a [cap](MetricsLayer::request_bytes_cap). Bytes of replies are those that went out.
//!
//! **The number of series is bounded.** A peer can send any method, so a method is a label only by a function or a list that the user gives
//! ([`methods`](MetricsLayer::methods), [`one_of`](MetricsLayer::one_of)), and then all of the above carry `method`: at most 64 and `"other"`,
//! with at most 32 kinds of errors and `"other"` each.
//!
//! Handles are made once for a layer, its clones and all services that it makes, when `layer()` is first called: those of a method that is not
//! on a list, and those of a kind of error, when it is first seen. A call looks nothing up in the recorder, takes no lock, and allocates nothing.
//!
//! # Backpressure
//!
//! Ready when the inner service is. Time spent in `poll_ready` is not counted.
//!
//! # Cancellation
//!
//! Dropping the future or the reply drops what is inside, takes the call off the gauge, and counts it as `cancelled`.
//!
//! # Where it belongs
//!
//! Outermost, beside [`trace`](crate::trace), so that it sees what the other layers refuse and end. Inside of a layer that turns errors into
//! replies, or all outcomes are `ok`. Inside of a buffer or a retry it counts attempts.
//!
//! # Example
//!
//! ```
//! # use std::{convert::Infallible, future::ready};
//! # use http_body_util::{BodyExt, Full};
//! # use metrics_util::debugging::{DebugValue, DebuggingRecorder};
//! # use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//! # use tower_transport_layers::metrics::MetricsLayer;
//! let recorder = DebuggingRecorder::new();
//! # metrics::with_local_recorder(&recorder, || tokio_test::block_on(async {
//! let mut service = ServiceBuilder::new()
//!     .layer(MetricsLayer::new())
//!     .service(service_fn(|_: http::Request<Full<&[u8]>>| {
//!         ready(Ok::<_, Infallible>(http::Response::new(Full::new(&b"pong"[..]))))
//!     }));
//!
//! let request = http::Request::get("/ping").body(Full::default()).unwrap();
//! let response = service.ready().await.unwrap().call(request).await.unwrap();
//! response.into_body().collect().await.unwrap();
//! # }));
//!
//! let counted = recorder.snapshotter().snapshot().into_vec();
//! let bytes = counted.iter().find(|(key, ..)| key.key().name() == "exchange_reply_bytes_total").unwrap();
//! assert_eq!(bytes.3, DebugValue::Counter(4));
//! ```
//!
//! With labels, for one edge of several:
//!
//! ```
//! use tower_transport_layers::BoxError;
//! use tower_transport_layers::metrics::MetricsLayer;
//! use tower_transport_layers::observe::kind_of;
//!
//! # #[derive(Debug)] struct Upstream;
//! # impl std::fmt::Display for Upstream { fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { Ok(()) } }
//! # impl std::error::Error for Upstream {}
//! let layer: MetricsLayer<_, _> = MetricsLayer::new()
//!     .prefix("gateway")
//!     .label("edge", "http")
//!     .one_of(&["initialize", "tools/list", "tools/call"])
//!     .kinds(|error: &BoxError| match error.downcast_ref::<Upstream>() {
//!         Some(_) => "upstream",
//!         None => kind_of(&**error),
//!     });
//! # let _: tower_transport_layers::metrics::Metrics<(), _, _> = tower::Layer::layer(&layer, ());
//! ```
//!
//! # Differs from tower-http's `metrics`
//!
//! That counts requests in flight, and leaves it to the caller to publish the number.

mod exchange;
mod family;
mod handles;
mod layer;
mod methods;
mod service;

pub use crate::observe::{Observed, ResponseFuture};
pub use exchange::Exchange;
pub use layer::MetricsLayer;
pub use methods::{Methods, OneOf};
pub use service::Metrics;
