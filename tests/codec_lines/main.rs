//! Newline framing over the block ring: what comes out, whatever way it came in.
#![cfg(feature = "mux")]

mod frames;
mod framing;
mod limit;
mod reads;
mod ring;
mod splits;
mod support;
mod writing;
