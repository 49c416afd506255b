//! What is lent, and comes back.

use crate::support::{BLOCK, address, message, pool};
use std::thread;
use tower_transport_layers::buffer_pool::{Block, Buffer, BufferPool, BufferPoolLayer, Gather, PooledConnections};

#[test]
fn sizes_that_make_no_pool_are_an_error_that_names_them() {
    for (block, blocks) in [
        (0, 1),
        (63, 1),
        (64, 0),
        (64, 65_537),
        (usize::MAX / 2, 2),
        (usize::MAX, 65_536),
    ] {
        let error = BufferPool::new(block, blocks).unwrap_err();
        assert_eq!((error.block(), error.blocks()), (block, blocks));
        assert!(error.to_string().contains(&format!("{blocks} blocks of {block} bytes")));
    }
    let pool = BufferPool::new(64, 65_536).unwrap();
    assert_eq!(pool.max_bytes(), 64 * 65_536);
}

#[test]
fn nothing_is_allocated_before_it_is_needed() {
    let pool = pool(4);
    let mut buffer = pool.buffer();
    assert_eq!(buffer.split(), "");
    buffer.extend_from_slice(b"");
    drop(buffer);
    assert_eq!(pool.stats(), Default::default());
}

#[test]
fn a_block_is_used_again_once_its_last_message_is_dropped() {
    let pool = pool(1);
    let first = message(&pool, 600);
    let start = address(&first);
    let second = message(&pool, 400);
    assert_eq!(address(&second), start + 600);
    drop(first);
    // The second still holds it.
    assert_ne!(address(&message(&pool, 600)), start);
    drop(second);
    assert_eq!(address(&message(&pool, 600)), start);
    let stats = pool.stats();
    assert_eq!((stats.blocks, stats.held, stats.held_bytes), (1, 1, BLOCK));
}

#[test]
fn a_buffer_begins_its_block_anew_when_nothing_of_it_is_left() {
    let pool = pool(1);
    let mut buffer = pool.buffer();
    for _ in 0..10 {
        buffer.extend_from_slice(&[b'x'; 600]);
        assert_eq!(buffer.split().len(), 600);
    }
    assert_eq!(pool.stats().misses, 1);
}

#[test]
fn a_message_without_bytes_holds_no_block() {
    let pool = pool(1);
    let mut buffer = pool.buffer();
    buffer.extend_from_slice(b"sent");
    drop(buffer.split());
    buffer.extend_from_slice(b"taken back");
    buffer.clear();
    let empty = buffer.split();
    drop(buffer);
    assert_eq!(pool.block().map(|block| block.room()), Some(BLOCK));
    assert_eq!(empty, "");
}

#[test]
fn a_message_dropped_on_another_thread_gives_its_block_back() {
    let pool = pool(1);
    let first = message(&pool, BLOCK);
    let start = address(&first);
    thread::spawn(move || drop(first)).join().unwrap();
    assert_eq!(address(&message(&pool, BLOCK)), start);
    assert_eq!(pool.stats().misses, 1);
}

#[test]
fn clones_are_one_pool() {
    let pool = pool(1);
    let other = pool.clone();
    drop(message(&other, 10));
    drop(message(&pool, 10));
    assert_eq!(pool.stats().misses, 1);
    assert_eq!(pool.stats(), other.stats());
}

#[test]
fn what_is_shared_may_go_to_any_thread() {
    fn check<T: Send + Sync + Unpin + 'static>() {}
    check::<BufferPool>();
    check::<Buffer>();
    check::<Block>();
    check::<Gather>();
    check::<BufferPoolLayer>();
    check::<PooledConnections<()>>();
}
