//! A child process and its whole tree.
//!
//! This room spawns, watches, stops and reaps. It knows nothing of messages, and must not touch any other room.
