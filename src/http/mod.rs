//! Streamable HTTP, the transport of the Model Context Protocol.
pub mod server;
pub use server::*;
