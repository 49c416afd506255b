//! Any bytes: `Message` against `serde_json`, by the very check that the property test in `tests/message_oracle.rs` runs.
#![no_main]

#[path = "../check.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
