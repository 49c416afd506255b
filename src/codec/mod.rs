//! Framing: where one message ends and the next begins.
//!
//! This room turns bytes into frames and back. It knows nothing of what a frame holds, may use `bytes` and `memchr`, and must not
//! touch any other room.
