//! The inner service of the suite, and what the suite holds of it.

mod control;
mod future;
mod plan;
mod reply;
mod service;
mod turns;

pub(super) use control::{Control, Counts, Gate};
pub use future::ProbeFuture;
pub(super) use plan::{Head, Plan, Step};
pub use reply::ProbeReply;
pub use service::{Probe, ProbeError};
