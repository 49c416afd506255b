//! Tower layers for services that answer with a stream.
//!
//! The crate depends on no transport. A layer is generic over the request and over the reply, so it serves the exchanges of
//! `tower-transport` and any other service whose response is a stream.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "timeout")]
pub mod timeout;

mod traits;

pub use traits::{Target, WireSize};

/// A type-erased error, the same as tower's.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
