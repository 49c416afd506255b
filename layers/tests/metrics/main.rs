//! Metrics of exchanges, read back from a recorder that is the test's own.

mod bodies;
mod cost;
#[path = "../../../tests/support/counting.rs"]
mod counting;
mod counts;
mod ends;
mod labels;
#[path = "../support/script.rs"]
mod script;
mod service;
mod support;
