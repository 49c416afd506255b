//! The gateway between real peers: official SDKs and the official conformance runner in front, official and own servers behind.
//!
//! The peers are installed on first use, pinned, by `tests/peers/install.sh`. Where Node or Python is missing, the tests that need it say so
//! and pass; with `CI` set they fail.
#![cfg(unix)]

mod clients;
mod conformance;
#[path = "../support/fixture.rs"]
mod fixture;
mod harness;
