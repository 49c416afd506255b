//! Any duplex of frames as exchanges, both ways at once.
//!
//! [`Mux`] turns a reader and a writer into a [`Connection`] (the exchange towards the peer) and a [`Driver`] (the future that does
//! the work). One type serves a child's pipes, our own stdin and stdout, Unix and TCP sockets.
//!
//! # How it works
//!
//! One driver future owns both halves, the read ring, the write buffer and the handlers. Each turn it writes what is queued, reads
//! one chunk of frames, completes their calls under one short lock and wakes the callers after it. Reader, writer and handlers
//! never await one another. The outgoing queue holds slot numbers, not messages, so what is dropped unwritten is never written,
//! and the table of slots bounds the queue.
//!
//! # What is bounded
//!
//! | what | bound |
//! | --- | --- |
//! | calls in flight, notifications that wait to be written | [`Mux::max_in_flight`] |
//! | the peer's requests that are handled or wait for their answer | [`Mux::max_in_flight`] |
//! | one message, either way | [`Mux::max_message_size`] |
//! | items that a caller leaves unread | [`Mux::max_unread`], [`Mux::max_unread_total`] |
//! | refusals and local answers that wait to be written | 1 MiB, then the reader pauses |
//! | a write that makes no progress | [`Mux::write_stall`], then the connection ends |
//!
//! # Room
//!
//! This room may use `codec`, `protocol`, `exchange` and `message`, and must not touch processes or HTTP.

mod after;
mod alarm;
mod asked;
mod connection;
mod driver;
mod end;
mod error;
mod handlers;
mod inbound;
mod items;
mod listener;
mod options;
mod outbound;
mod response;
mod serve;
mod shared;
mod slots;
mod stall;
mod state;
mod stats;
mod table;
mod waiters;
mod writer;

pub use connection::Connection;
pub use driver::Driver;
pub use end::End;
pub use error::{Disconnected, Error};
pub use items::Items;
pub use options::Mux;
pub use response::ResponseFuture;
pub use serve::Nobody;
pub use stats::Stats;
