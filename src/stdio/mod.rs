//! Pipes as exchanges: a child's, and our own stdin and stdout.
//!
//! This room puts a [`Mux`](crate::mux::Mux) over the pipes of a [`process`](crate::process), or over our own. It may use both of these
//! rooms and what `mux` uses, and must not touch HTTP.

mod child;
mod own;
mod spawner;

pub use child::{Child, ChildEnded};
pub use own::{ServeError, Stdin, Stdout, connect, serve, serve_with, stdin, stdout};
pub use spawner::Spawner;
