//! Follows an exchange from `call` to its end: what traces and metrics have in common.
//!
//! An [`Observer`] is made for one call, and hears of each item and, exactly once, of the [`End`]. It is what tells
//! [`Trace`](crate::trace::Trace) from [`Metrics`](crate::metrics::Metrics); a layer of one's own (an audit, an access log) is written against
//! it as well, and then serves streams and HTTP bodies alike.
//!
//! | what happens | what the observer hears |
//! | --- | --- |
//! | the last item is out, known by what the reply tells of its end | [`End::Ok`], also if nobody polls for the end |
//! | a body is dropped when as much is out as was announced | [`End::Ok`]; until then it is observed, as trailers may follow |
//! | the call, or an item, is an error | [`ObserveError::failed`] |
//! | the future or the reply is dropped before | [`End::Cancelled`] |
//! | `call`, the future or the reply panics, or panics while it is dropped | [`End::Panicked`], and the panic goes on |
//!
//! After that the reply goes on unobserved, if it goes on. Without an observer nothing is done at all. Over HTTP, nothing is announced by an
//! answer that ends with its head, as one to `HEAD` or of the status 204 or 304: a server drops its body unread, and that is its end.
//!
//! # Example
//!
//! An observer that writes down how calls end:
//!
//! ```
//! # use std::{future::ready, io, sync::mpsc};
//! # use tower::{Service, service_fn};
//! # use tower_transport_layers::observe::{self, End, ObserveError, ObserveItem, Observer};
//! # use tower_transport_layers::reply::Streams;
//! # type Reply = futures_util::stream::Empty<Result<u32, io::Error>>;
//! struct Log(mpsc::Sender<String>);
//!
//! impl Observer for Log {
//!     type Entered<'a> = ();
//!     fn enter(&self) {}
//!     fn ended(self, end: End) {
//!         self.0.send(format!("{end:?}")).unwrap();
//!     }
//! }
//!
//! impl<T, K> ObserveItem<T, K> for Log {
//!     fn item(&mut self, _: &T) {}
//! }
//!
//! impl<E: std::fmt::Display> ObserveError<E> for Log {
//!     fn failed(self, error: &E) {
//!         self.0.send(error.to_string()).unwrap();
//!     }
//! }
//!
//! # tokio_test::block_on(async {
//! let (log, read) = mpsc::channel();
//! let mut inner = service_fn(|()| ready(Err::<Reply, _>(io::Error::other("refused"))));
//! // In a layer of one's own, this is what its `call` does.
//! let future = observe::call::<_, _, _, Streams>(&mut inner, (), Some(Log(log.clone())));
//! drop(future);
//! let future = observe::call::<_, _, _, Streams>(&mut inner, (), Some(Log(log)));
//! assert!(future.await.is_err());
//! assert_eq!(read.iter().collect::<Vec<_>>(), ["Cancelled", "refused"]);
//! # });
//! ```

mod future;
mod kinds;
mod observer;
mod stream;
mod watch;
mod weight;

pub use future::{ResponseFuture, call};
pub use kinds::{Kinds, kind_of};
pub use observer::{End, ObserveError, ObserveItem, Observer};
pub use stream::Observed;
pub use weight::Weight;
