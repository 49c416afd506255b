//! A bounded pool of memory for messages, shared by connections and tasks.
//!
//! A [`BufferPool`] has blocks of one size. Messages are written into a block one after the other, by way of a [`Buffer`], by
//! [`to_message`](BufferPool::to_message) or by [`gather`](BufferPool::gather), and leave as [`Bytes`] that refer to it. A block is
//! free again when the last of them is dropped, on whichever thread. At steady state a message costs no allocation.
//!
//! # What is bounded
//!
//! The count of blocks, and with it their bytes: a pool never owns more than `blocks` x `block` bytes, lent ones counted, nor less than it ever
//! needed. A block never grows. A message over the size of a block gets a buffer of its own, which leaves with it and is cut to its size.
//!
//! A kept message of 200 bytes keeps its block from being used again. However many are kept, that costs at most all the blocks: when every block
//! is held, each further message gets a buffer of its own, cut to its size, until a block is free. Five blocks are looked at for each, in turn,
//! so among many that are held a free one is not found at once. What a pool and all messages that were ever made with it hold is at most
//! `blocks` x `block` + the bytes of the messages that are kept, and some 64 bytes for each of both. What is kept for long should be
//! [`detach`]ed; then it costs its own bytes alone, and the pool stays whole.
//!
//! # Backpressure
//!
//! None: a pool never waits and never refuses. Without a free block it costs what an allocator costs, and [`PoolStats::misses`] rises. The layer
//! is ready when the connector is.
//!
//! # Cancellation
//!
//! Whatever is dropped with a [`Buffer`] in it (a future, a panicking task) gives the room back.
//!
//! # Where it belongs
//!
//! [`BufferPoolLayer`] stands over a connector, anywhere: it puts the pool into the extensions of each [`Target`](crate::Target), where the
//! transport finds it when it is made. Of two such layers the inner one is heard, as it is nearer to the transport and may be sized for it; it also
//! replaces a pool that the target brought along. Over a service of messages it would do nothing, so it asks for a `Target`: a first value in a
//! call's extensions costs more allocations than the pool saves.
//!
//! # Example
//!
//! ```
//! # use std::convert::Infallible;
//! # use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
//! # use tower_transport_layers::Target;
//! use tower_transport_layers::buffer_pool::{BufferPool, BufferPoolLayer};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # struct Address(http::Extensions);
//! # impl Target for Address { fn extensions_mut(&mut self) -> &mut http::Extensions { &mut self.0 } }
//! # let address = Address(http::Extensions::new());
//! let pool = BufferPool::new(64 * 1024, 64)?;
//! let mut connector = ServiceBuilder::new()
//!     .layer(BufferPoolLayer::new(pool.clone()))
//!     .service(service_fn(|target: Address| async move {
//!         // A transport takes it from here.
//!         let pool: Option<BufferPool> = target.0.get().cloned();
//!         Ok::<_, Infallible>(pool)
//!     }));
//!
//! let handed_down = connector.ready().await?.call(address).await?.unwrap();
//! let message = handed_down.to_message(&["hello", "world"])?;
//! assert_eq!(message, r#"["hello","world"]"#);
//! assert_eq!(pool.stats().blocks, 1);
//! # Ok(())
//! # }
//! ```
//!
//! A task that writes many messages holds a buffer:
//!
//! ```
//! use std::io::Write;
//! use tower_transport_layers::buffer_pool::{BufferPool, detach};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let pool = BufferPool::new(1024, 2)?;
//! let mut buffer = pool.buffer();
//! for number in 0..1000 {
//!     write!(buffer, "message {number}")?;
//!     let message = buffer.split();
//!     assert_eq!(message, format!("message {number}"));
//! }
//! assert_eq!(pool.stats().misses, 1);
//!
//! buffer.extend_from_slice(b"kept");
//! let kept = detach(&buffer.split());
//!
//! buffer.extend_from_slice(&[b'x'; 5000]);
//! assert_eq!(buffer.split().len(), 5000);
//! assert_eq!(pool.stats().oversized, 1);
//!
//! drop(buffer);
//! assert_eq!(pool.stats().held_bytes, 1024);
//! assert_eq!(kept, "kept");
//! # Ok(())
//! # }
//! ```
//!
//! # Why so
//!
//! Pooling buys flat memory and no allocations more than it buys nanoseconds. CPU time for each message of 200 bytes, written, split off,
//! held until 64 later ones were and dropped (the least of nine runs on a shared virtual machine, an Intel Xeon with two CPUs and glibc's
//! allocator; 1,024 held instead of 64 in brackets):
//!
//! | how | ns | allocations |
//! | --- | ---: | ---: |
//! | a [`Buffer`] that is held | 35 (39) | 0 |
//! | a `BytesMut` for each task, reclaimed or replaced when it is full | 35 (35) | 0.006 |
//! | `BytesMut::with_capacity` for each message | 34 (37) | 2 |
//! | `Bytes::from_owner` for each message, over a pooled `Vec` | 67 (70) | 1 |
//! | a [`Buffer`] for each message | 91 (95) | 0 |
//! | of that, the look at the pool: two queues without a lock, as here | 56 (55) | 0 |
//! | one such queue of blocks in turn | 73 (108) | 0.02 (0.32) |
//! | one mutex over both lists | 62 (62) | 0 |
//! | one mutex over one list, last in first out | 62 (99) | 0 (0.06) |
//!
//! With two threads at it all the time, in wall-clock time, the queues and the mutex cost the same, about 270 ns, and a buffer that is held as
//! much as a `BytesMut` for each task, 100 ns. One list is too few: blocks that all are in part used are all used up at once, and the ones still
//! held stand before the free ones. With as many lines in either case, the queues were taken: a thread that lost its CPU is waited for only if
//! that was within the few instructions of a push or a pop. A JSON value of 190 bytes takes 225 ns into a buffer that is held, 279 by
//! `to_message`, 256 by `serde_json::to_vec` (3 allocations).

mod block;
mod buffer;
mod error;
mod gather;
mod layer;
mod pool;
mod service;
mod stats;

pub use block::Block;
pub use buffer::Buffer;
pub use error::{InvalidSize, TooLarge};
pub use gather::{Gather, Gathering};
pub use layer::BufferPoolLayer;
pub use pool::BufferPool;
pub use service::PooledConnections;
pub use stats::PoolStats;

use bytes::Bytes;

/// An exact copy of `bytes` that shares nothing.
///
/// A message of 200 bytes keeps its whole block alive. Whoever keeps messages beyond the work they cause keeps copies instead.
pub fn detach(bytes: &Bytes) -> Bytes {
    Bytes::copy_from_slice(bytes)
}
