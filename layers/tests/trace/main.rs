//! Spans of exchanges, as a subscriber of the test's own sees them.

#[path = "../../../tests/support/counting.rs"]
mod counting;
mod ends;
mod levels;
mod payload;
#[path = "../support/script.rs"]
mod script;
mod service;
mod span;
mod support;
