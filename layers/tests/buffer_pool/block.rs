//! Blocks that are read into.

use crate::support::{BLOCK, message, pool};
use bytes::{BufMut, BytesMut};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tower_transport_layers::buffer_pool::Block;

#[test]
fn a_block_is_filled_behind_and_taken_off_in_front_and_never_grows() {
    let pool = pool(2);
    let mut block = pool.block().unwrap();
    assert_eq!((block.room(), block.size(), block.is_pooled()), (BLOCK, BLOCK, true));
    block.room_mut().put_slice(&[b'a'; 900]);
    assert_eq!(block.room_mut().remaining_mut(), BLOCK - 900);
    block.extend_from_slice(b"tail");
    let taken = block.split_to(800);
    block.advance(100);
    assert_eq!(*block, *b"tail");
    assert!(!block.reclaim());
    drop(taken);
    assert!(block.reclaim());
    assert_eq!((block.room(), &*block), (BLOCK - 4, b"tail".as_slice()));
    let overflow = catch_unwind(AssertUnwindSafe(|| block.extend_from_slice(&[0; BLOCK - 3])));
    assert!(overflow.is_err());
    drop(block);
    // What was in it is gone, and it is whole.
    assert!(pool.block().unwrap().is_empty());
    assert_eq!((pool.stats().blocks, pool.stats().held), (1, 1));
}

// PITFALLS 30
#[test]
fn a_block_that_grew_or_was_replaced_is_not_kept() {
    let pool = pool(1);
    let spoil: [fn(&mut BytesMut); 5] = [
        |bytes| bytes.reserve(2 * BLOCK),
        |bytes| {
            bytes.put_bytes(0, BLOCK);
            let _part = bytes.split();
            bytes.put_bytes(0, 1);
            bytes.reserve(4 * BLOCK);
        },
        |bytes| *bytes = BytesMut::new(),
        |bytes| *bytes = BytesMut::with_capacity(2 * BLOCK),
        // As one that is shorter and lies where the block was, which is up to the allocator.
        |bytes| drop(bytes.split_off(BLOCK - 1)),
    ];
    for spoil in spoil {
        spoil(pool.block().unwrap().bytes_mut());
        assert_eq!((pool.stats().blocks, pool.stats().held), (0, 0));
    }
    let mut block = pool.block().unwrap();
    block.bytes_mut().put_bytes(0, BLOCK);
    let part = block.split_to(BLOCK);
    drop(block);
    assert_eq!((pool.stats().blocks, pool.stats().held), (1, 1));
    drop(part);
    assert_eq!(pool.block().unwrap().room(), BLOCK);
}

#[test]
fn blocks_are_lent_only_whole_and_only_as_many_as_there_are() {
    let pool = pool(2);
    let kept = message(&pool, 1);
    let block = pool.block().unwrap();
    assert_eq!(block.room(), BLOCK);
    assert!(pool.block().is_none());
    drop(kept);
    assert_eq!(pool.block().unwrap().room(), BLOCK);
    drop(block);
    let own = Block::own(300);
    assert_eq!((own.room(), own.is_pooled()), (300, false));
    drop(own);
    assert_eq!((pool.stats().blocks, pool.stats().held), (2, 2));
}
