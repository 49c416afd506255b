//! Messages that are written into the memory of the pool.

use crate::support::{BLOCK, address, message, pool};
use serde::Serialize;
use serde::ser::{Error as _, Serializer};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tower_transport_layers::buffer_pool::detach;

#[test]
fn a_message_that_does_not_fit_into_what_is_left_moves_to_another_block() {
    let pool = pool(2);
    let mut buffer = pool.buffer();
    buffer.extend_from_slice(&[b'a'; 1000]);
    let first = buffer.split();
    for _ in 0..50 {
        write!(buffer, "b").unwrap();
    }
    let second = buffer.split();
    assert_eq!(first, [b'a'; 1000].as_slice());
    assert_eq!(second, [b'b'; 50].as_slice());
    assert_eq!(pool.stats().blocks, 2);
    assert_eq!(pool.stats().oversized, 0);
    // The buffer has one block, the other is back.
    assert_eq!(pool.stats().held, 1);
}

// PITFALLS 30
#[test]
fn a_message_over_a_block_leaves_alone_and_the_block_stays_as_it_was() {
    let pool = pool(1);
    let mut buffer = pool.buffer();
    buffer.extend_from_slice(b"small");
    let start = address(&buffer);
    buffer.extend_from_slice(&[b'x'; 10 * BLOCK]);
    let large = buffer.split();
    assert_eq!(large.len(), 10 * BLOCK + 5);
    assert_eq!(&large[..6], b"smallx");
    buffer.extend_from_slice(b"next");
    assert_eq!(address(&buffer), start);
    drop(buffer);
    let stats = pool.stats();
    assert_eq!((stats.oversized, stats.blocks, stats.held_bytes), (1, 1, BLOCK));
    assert_eq!(pool.take(BLOCK).split(), "");
}

#[test]
fn without_a_free_block_each_message_gets_a_buffer_of_its_own() {
    let pool = pool(2);
    let pinning = [message(&pool, BLOCK), message(&pool, BLOCK)];
    let before = pool.stats();
    let mut buffer = pool.buffer();
    for number in 0..10 {
        write!(buffer, "{number}").unwrap();
        assert_eq!(buffer.split(), number.to_string());
    }
    let after = pool.stats();
    assert_eq!(after.misses - before.misses, 10);
    assert_eq!((after.blocks, after.oversized), (2, 0));
    drop(pinning);
    buffer.extend_from_slice(b"pooled");
    assert_eq!(pool.stats().misses, after.misses);
    assert_eq!(pool.stats().held, 1);
}

/// Only one task writes, and nothing is kept: the block is free, though the message before leaves too little behind it.
#[test]
fn a_block_that_nothing_refers_to_is_begun_anew_after_a_message_that_did_not_fit_behind_another() {
    let pool = pool(1);
    let mut buffer = pool.buffer();
    buffer.extend_from_slice(&[b'x'; 200]);
    drop(buffer.split());
    for _ in 0..10 {
        // Piece by piece, as a serialiser writes.
        for _ in 0..9 {
            buffer.extend_from_slice(&[b'y'; 100]);
        }
        assert_eq!(buffer.split(), [b'y'; 900].as_slice());
    }
    // The block, and the first of them.
    assert_eq!(pool.stats().misses, 2);
}

#[test]
fn room_that_can_not_be_made_costs_neither_the_message_nor_the_block() {
    let pool = pool(1);
    let mut buffer = pool.buffer();
    buffer.extend_from_slice(b"in the making");
    let panicked = catch_unwind(AssertUnwindSafe(|| buffer.reserve(usize::MAX)));
    assert!(panicked.is_err());
    assert_eq!(buffer.split(), "in the making");
    drop(buffer);
    assert_eq!((pool.stats().blocks, pool.stats().held), (1, 1));
}

#[test]
fn what_is_taken_back_is_gone() {
    let pool = pool(1);
    let mut buffer = pool.buffer();
    buffer.extend_from_slice(b"abcdef");
    buffer.truncate(3);
    assert_eq!(*buffer, *b"abc");
    buffer.truncate(30);
    let start = address(&buffer);
    buffer.clear();
    assert!(buffer.is_empty());
    buffer.extend_from_slice(&[b'x'; 2 * BLOCK]);
    buffer.truncate(BLOCK);
    assert_eq!(buffer.len(), BLOCK);
    buffer.clear();
    assert!(buffer.is_empty());
    buffer.extend_from_slice(b"next");
    // What it grew to is gone as well.
    assert_eq!(address(&buffer), start);
    assert_eq!(buffer.split(), "next");
}

#[test]
fn a_buffer_gives_its_block_back_when_it_is_dropped_with_a_message_in_it() {
    let pool = pool(1);
    for len in [10, BLOCK, 3 * BLOCK] {
        let mut buffer = pool.take(1);
        buffer.extend_from_slice(&vec![b'x'; len]);
        assert_eq!(pool.stats().held, 0);
        drop(buffer);
        assert_eq!(pool.stats().held, 1, "{len}");
    }
    assert_eq!(pool.stats().misses, 1);
}

#[test]
fn a_panic_while_serialising_gives_the_block_back() {
    struct Panics;
    impl Serialize for Panics {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            panic!("in a value")
        }
    }
    let pool = pool(1);
    let panicked = catch_unwind(AssertUnwindSafe(|| pool.to_message(&("start", Panics))));
    assert!(panicked.is_err());
    assert_eq!(pool.to_message("next").unwrap(), "\"next\"");
    assert_eq!((pool.stats().misses, pool.stats().held), (1, 1));
}

#[test]
fn an_error_while_serialising_leaves_nothing_behind() {
    struct Fails;
    impl Serialize for Fails {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(S::Error::custom("no"))
        }
    }
    let pool = pool(1);
    assert!(pool.to_message(&("start", Fails)).is_err());
    assert_eq!(pool.to_message("next").unwrap(), "\"next\"");
    assert_eq!((pool.stats().misses, pool.stats().held), (1, 1));
}

// PITFALLS 30
#[test]
fn a_detached_message_holds_no_block() {
    let pool = pool(1);
    let start = {
        let message = message(&pool, BLOCK);
        let kept = detach(&message.slice(10..20));
        assert_eq!(kept, "xxxxxxxxxx");
        address(&message)
    };
    assert_eq!(address(&message(&pool, BLOCK)), start);
}
