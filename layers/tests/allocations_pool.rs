//! What messages of a pool cost in allocations and in memory, counted.
//!
//! A million messages each, as the issue asks, also in a debug build: that takes a few seconds.

use bytes::Bytes;
use crossbeam_queue::ArrayQueue;
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use tower_transport_layers::buffer_pool::{BufferPool, Gather, detach};

use self::counting::{allocations, live, peak, reset_peak};

#[path = "../../tests/support/counting.rs"]
mod counting;

const MESSAGES: usize = 1_000_000;
const SMALL: usize = 200;
const BLOCK: usize = 64 * 1024;
const BLOCKS: usize = 16;
/// What is kept for each block and each message beside its bytes: the words that `bytes` shares among the parts, and a handle's place.
const EACH: usize = 64;
const ALL_BLOCKS: usize = BLOCKS * (BLOCK + EACH);

fn pool() -> BufferPool {
    BufferPool::new(BLOCK, BLOCKS).unwrap()
}

fn small(pool: &BufferPool) -> Bytes {
    let mut buffer = pool.buffer();
    buffer.extend_from_slice(&[b'x'; SMALL]);
    buffer.split()
}

/// Makes `count` messages with the last `window` of them held.
fn run(window: usize, count: usize, mut make: impl FnMut() -> Bytes) -> u64 {
    let mut held = VecDeque::with_capacity(window);
    let before = allocations();
    for _ in 0..count {
        if held.len() == window {
            held.pop_front();
        }
        held.push_back(make());
    }
    allocations() - before
}

fn bytes(count: usize) -> isize {
    count.cast_signed()
}

#[test]
fn a_million_messages_cost_no_allocation_at_windows_of_1_64_and_1024() {
    for window in [1, 64, 1024] {
        let pool = pool();
        run(window, 20_000, || small(&pool));
        assert_eq!(run(window, MESSAGES, || small(&pool)), 0, "window {window}");
        // One block, or what the window pins and one more.
        assert!(pool.stats().blocks <= window * SMALL / BLOCK + 2, "{:?}", pool.stats());
    }
}

#[test]
fn a_million_messages_of_one_held_buffer_cost_no_allocation() {
    for window in [1, 64, 1024] {
        let pool = pool();
        let mut buffer = pool.buffer();
        let mut make = || {
            buffer.extend_from_slice(&[b'x'; SMALL]);
            buffer.split()
        };
        run(window, 20_000, &mut make);
        assert_eq!(run(window, MESSAGES, make), 0, "window {window}");
    }
}

/// Blocks that were filled side by side must not be used up all at once later.
#[test]
fn after_many_buffers_at_a_time_one_message_at_a_time_costs_no_allocation() {
    let pool = pool();
    let buffers: Vec<_> = (0..12).map(|_| pool.take(1)).collect();
    drop(buffers);
    run(1024, 20_000, || small(&pool));
    assert_eq!(run(1024, 200_000, || small(&pool)), 0);
    assert_eq!(pool.stats().blocks, 12);
}

#[test]
fn a_million_values_are_serialised_without_an_allocation() {
    #[derive(Serialize)]
    struct Value {
        id: u64,
        method: &'static str,
        params: [&'static str; 4],
    }
    let pool = pool();
    let mut id = 0;
    let mut make = || {
        id += 1;
        let params = ["the", "quick", "brown \"fox\"", "jumps over the lazy dog"];
        let method = "tools/call";
        pool.to_message(&Value { id, method, params }).unwrap()
    };
    run(64, 20_000, &mut make);
    assert_eq!(run(64, MESSAGES, make), 0);
}

#[test]
fn a_million_messages_dropped_on_another_thread_cost_no_allocation_on_either() {
    const WINDOW: usize = 1024;
    let pool = pool();
    // All blocks that are needed when the other thread is as late as it can be.
    run(WINDOW + 2, 20_000, || small(&pool));
    let queue = ArrayQueue::new(WINDOW);
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let before = allocations();
            for _ in 0..MESSAGES {
                let mut message = small(&pool);
                while let Err(back) = queue.push(message) {
                    message = back;
                    thread::yield_now();
                }
            }
            over.store(true, Ordering::Release);
            allocations() - before
        });
        let before = allocations();
        loop {
            let last = over.load(Ordering::Acquire);
            match queue.pop() {
                Some(message) => drop(message),
                None if last => break,
                None => thread::yield_now(),
            }
        }
        assert_eq!(allocations() - before, 0);
        assert_eq!(writing.join().unwrap(), 0);
    });
}

#[test]
fn bodies_in_two_frames_are_gathered_without_an_allocation() {
    let pool = pool();
    let frame = Bytes::from_static(&[b'x'; SMALL]);
    let make = || {
        let mut gather = Gather::new(&pool, 1 << 20);
        gather.push(frame.clone()).unwrap();
        gather.push(frame.clone()).unwrap();
        gather.finish()
    };
    run(64, 20_000, make);
    assert_eq!(run(64, 100_000, make), 0);
}

// PITFALLS 27
#[test]
fn an_announced_length_makes_no_more_room_than_256_kib_before_its_bytes_are_there() {
    let pool = pool();
    let base = live();
    reset_peak();
    let mut gather = Gather::new(&pool, 1 << 30);
    gather.expect(1 << 30).unwrap();
    for _ in 0..2 {
        gather.push(&b"x"[..]).unwrap();
    }
    assert!(peak() - base <= bytes(256 * 1024 + EACH), "peak {}", peak() - base);
    assert_eq!(gather.len(), 2);
}

#[test]
fn what_is_gathered_in_many_pieces_holds_no_more_than_the_limit_and_one_block() {
    const LIMIT: usize = 4 << 20;
    // Small ones, and such as double their way up to just below the limit, to grow once more.
    for piece in [1_000, 65_500] {
        let pool = pool();
        let piece = vec![b'x'; piece];
        let base = live();
        reset_peak();
        let mut gather = Gather::new(&pool, LIMIT);
        while gather.len() + piece.len() <= LIMIT {
            gather.push(&*piece).unwrap();
            let held = live() - base;
            assert!(held <= bytes(LIMIT + BLOCK + 2 * EACH), "{held} for {}", gather.len());
        }
        // While it grows for the last time it may be there twice.
        assert!(
            peak() - base <= bytes(2 * LIMIT + BLOCK + 2 * EACH),
            "peak {}",
            peak() - base
        );
        let len = gather.len();
        assert!(len > LIMIT - piece.len());
        assert_eq!(gather.finish().len(), len);
    }
}

// PITFALLS 30
#[test]
fn memory_is_back_to_its_base_after_a_message_of_the_maximum_size() {
    const LARGEST: usize = 4 << 20;
    let pool = pool();
    run(64, 10_000, || small(&pool));
    let base = live();
    reset_peak();
    let mut buffer = pool.buffer();
    for _ in 0..LARGEST / 1024 {
        buffer.extend_from_slice(&[b'x'; 1024]);
    }
    let message = buffer.split();
    drop(buffer);
    // It doubled its way up, so it was there once and a half at the worst, and is cut.
    assert!(
        peak() - base <= bytes(LARGEST + LARGEST / 2 + BLOCK),
        "peak {}",
        peak() - base
    );
    assert!(live() - base <= bytes(LARGEST + EACH), "with it {}", live() - base);
    drop(message);
    assert_eq!(live(), base);
    run(64, 10_000, || small(&pool));
    assert_eq!(live(), base);
    assert_eq!(pool.stats().oversized, 1);
}

// PITFALLS 30
#[test]
fn keeping_every_thousandth_message_costs_all_blocks_and_its_own_bytes_at_most() {
    let base = live();
    let pool = pool();
    let mut kept = Vec::with_capacity(1000);
    for number in 0..1000 * 1000 {
        let message = small(&pool);
        if number % 1000 == 0 {
            kept.push(message);
        }
        let bound = ALL_BLOCKS + kept.len() * (SMALL + EACH) + kept.capacity() * size_of::<Bytes>() + SMALL_CHANGE;
        assert!(
            live() - base <= bytes(bound),
            "{} bytes with {} kept",
            live() - base,
            kept.len()
        );
    }
    assert_eq!(pool.stats().blocks, BLOCKS);
    // The attack over, the pool is whole again.
    kept.clear();
    run(1, 20_000, || small(&pool));
    assert_eq!(run(1, 20_000, || small(&pool)), 0);
    drop((pool, kept));
    assert_eq!(live(), base);
}

/// The pool itself: its queues and counters.
const SMALL_CHANGE: usize = 4 * 1024;

// PITFALLS 30
#[test]
fn messages_that_are_kept_detached_cost_their_own_bytes_alone() {
    let base = live();
    let pool = pool();
    let mut kept = Vec::with_capacity(1000);
    for number in 0..1000 * 1000 {
        let message = small(&pool);
        if number % 1000 == 0 {
            kept.push(detach(&message));
        }
    }
    let own = kept.len() * SMALL + kept.capacity() * size_of::<Bytes>();
    assert!(
        live() - base <= bytes(BLOCK + EACH + own + SMALL_CHANGE),
        "{}",
        live() - base
    );
    assert_eq!(pool.stats().blocks, 1);
    assert_eq!(pool.stats().misses, 1);
}

#[test]
fn messages_outlive_the_pool_and_free_its_blocks() {
    let base = live();
    let pool = pool();
    let messages = [small(&pool), small(&pool)];
    let buffer = pool.take(100);
    drop(pool);
    drop(buffer);
    assert!(live() - base >= bytes(BLOCK));
    assert_eq!(messages[1], [b'x'; SMALL].as_slice());
    drop(messages);
    assert_eq!(live(), base);
}
