//! The pool: what is lent comes back, stays whole, and stays within its bounds.

mod block;
mod buffer;
mod gather;
mod layer;
mod lending;
mod support;
