//! The five layers of a safe stack over real peers, each with its limit hit: a child process, a mounted HTTP server, an HTTP client.
#![cfg(unix)]
#![allow(missing_docs)]

mod child;
mod client;
mod server;
mod support;
