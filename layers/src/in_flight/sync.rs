//! What the semaphore is made of. `tests/loom_semaphore.rs` puts loom's types in their place.

pub(super) use std::sync::atomic::AtomicUsize;
pub(super) use std::sync::{Mutex, MutexGuard};
