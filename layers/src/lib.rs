//! Tower layers for services that answer with a stream.
//!
//! The crate depends on no transport. A layer is generic over the request and over the reply, so it serves the exchanges of
//! `tower-transport`, HTTP services, and any other service whose response is a stream.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "buffer-pool")]
pub mod buffer_pool;
#[cfg(feature = "catch-panic")]
pub mod catch_panic;
#[cfg(feature = "contract")]
pub mod contract;
#[cfg(feature = "drain")]
pub mod drain;
#[cfg(feature = "in-flight")]
pub mod in_flight;
#[cfg(feature = "max-message-size")]
pub mod max_message_size;
#[cfg(feature = "metrics")]
pub mod metrics;
#[cfg(any(feature = "metrics", feature = "trace"))]
pub mod observe;
#[cfg(feature = "policies")]
pub mod policies;
pub mod reply;
#[cfg(feature = "timeout")]
pub mod timeout;
#[cfg(feature = "trace")]
pub mod trace;

mod cause;
mod traits;

pub use cause::{cause_ref, is_caused_by};
pub use traits::{Describe, Target, WireSize};

/// A type-erased error, the same as tower's.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The README's code, so that it compiles.
#[cfg(all(doctest, feature = "contract"))]
#[doc = include_str!("../README.md")]
struct Readme;
