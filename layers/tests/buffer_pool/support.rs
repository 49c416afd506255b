//! A pool of small blocks.

use bytes::Bytes;
use tower_transport_layers::buffer_pool::BufferPool;

pub(crate) const BLOCK: usize = 1024;

pub(crate) fn pool(blocks: usize) -> BufferPool {
    BufferPool::new(BLOCK, blocks).unwrap()
}

pub(crate) fn message(pool: &BufferPool, len: usize) -> Bytes {
    let mut buffer = pool.buffer();
    buffer.extend_from_slice(&vec![b'x'; len]);
    buffer.split()
}

/// Where the bytes lie.
pub(crate) fn address(bytes: &[u8]) -> usize {
    bytes.as_ptr().addr()
}
