//! Runs the binary and speaks to it.

mod client;
mod gateway;
mod processes;

pub(crate) use client::Answer;
pub(crate) use gateway::{BIN, Gateway, run, within};
pub(crate) use processes::{Marker, signal};
