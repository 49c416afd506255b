//! Framing: where one message ends and the next begins.
//!
//! A [`FrameReader`] reads a byte stream into a [`BlockRing`] and hands out whole frames as [`Bytes`](bytes::Bytes) that refer to the
//! blocks they were read into: no copy, and at steady state no allocation. What a frame looks like on the wire is a [`Framing`]:
//! [`Lines`] is one message per line, as MCP over stdio, ACP, and plain sockets have it.
//!
//! What is bounded, in bytes: one frame (`max_frame`, checked before more of it is stored), and the blocks of a ring
//! ([`RingOptions`], 8 of 64 KiB; or a [pool](BlockRing::pooled) that connections share). A frame over the limit is one [`TooLong`] among the good frames, at once, and one [`Skipped`]
//! at its end; the stream goes on behind it.
//! Backpressure is not reading: a reader reads only when it is polled and holds no frame that it has not handed out.
//!
//! ```
//! use std::task::{Context, Poll, Waker};
//! use tower_transport::codec::{Frame, FrameReader, Lines};
//!
//! let wire: &[u8] = b"{\"id\":1}\r\n\n{\"id\":2}";
//! let mut reader = FrameReader::new(wire, Lines::new(), 1024);
//! let mut frames = Vec::new();
//! let mut cx = Context::from_waker(Waker::noop());
//! while let Poll::Ready(Ok(1..)) = reader.poll_frames(&mut cx, &mut frames, 64) {}
//! let expected = [b"{\"id\":1}", b"{\"id\":2}"].map(|line| Frame::Whole(bytes::Bytes::from_static(line)));
//! assert_eq!(frames, expected);
//! ```
//!
//! This room turns bytes into frames and back. It knows nothing of what a frame holds, may use `bytes`, `memchr` and the layers crate's buffer pool,
//! and must not touch any other room.

mod frame;
mod framing;
mod lines;
mod options;
mod reader;
mod ring;

pub use self::frame::{Frame, Skipped, TooLong};
pub use self::framing::{Framing, Step};
pub use self::lines::Lines;
pub use self::options::{RingOptions, RingStats};
pub use self::reader::{DEFAULT_MAX_FRAME, FrameReader};
pub use self::ring::BlockRing;
#[doc(no_inline)]
pub use tower_transport_layers::buffer_pool::detach;
