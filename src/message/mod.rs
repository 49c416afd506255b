//! One JSON-RPC message: the frame's own bytes, and an envelope found by one scan.
//!
//! This room knows what a JSON-RPC envelope is and nothing of transports. It may use `bytes` and `serde_json`, and must not touch
//! any other room.

mod build;
mod error;
mod id;
mod lookup;
#[allow(clippy::module_inception)]
mod message;

pub use build::{ErrorObject, code};
pub use error::{DecodeError, ParseError, Reason};
pub use id::{Id, InvalidId};
pub use lookup::Ambiguous;
pub use message::{Kind, Limits, Message};
