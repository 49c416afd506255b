//! JSON-message transports as tower services.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "mux")]
pub mod codec;
pub mod exchange;
#[cfg(feature = "http-server")]
pub mod http;
pub mod message;
#[cfg(feature = "mux")]
pub mod mux;
#[cfg(feature = "process")]
pub mod process;
#[cfg(feature = "mux")]
pub mod protocol;
#[cfg(feature = "stdio")]
pub mod stdio;

#[doc(no_inline)]
pub use tower_transport_layers as layers;
pub use tower_transport_layers::BoxError;
