//! The mux by its named behaviours: two of them against each other, or one against a peer that is scripted line by line.
//!
//! Time is paused. So a wait that would never end fails at once, and "nothing more is written" is a time that passes without a line.
#![cfg(feature = "mux")]

mod calls;
mod cancels;
mod ends;
mod flow;
mod frames;
mod listen;
mod order;
mod pool;
mod readiness;
mod responder;
mod serve;
mod sizes;
mod support;
mod tokens;
mod wakes;
