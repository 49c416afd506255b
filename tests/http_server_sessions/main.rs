//! 2025-03-26 to 2025-11-25: sessions.

mod calls;
mod cancels;
mod deaths;
mod headers;
#[path = "../http_server_support/mod.rs"]
mod http_server_support;
mod opening;
mod streams;
mod support;
