//! Drains: admission, the wait, interruption, and every way out of the count.

mod count;
mod interruption;
mod readiness;
#[path = "../support/script.rs"]
mod script;
mod service;
mod support;
mod wait;
