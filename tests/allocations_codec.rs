//! What reading costs in allocations and in memory, counted.
#![cfg(feature = "mux")]

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    sync::Mutex,
    task::{Context, Poll, Waker},
    thread,
};

use tokio::io::{AsyncRead, ReadBuf};
use tower_transport::codec::{BlockRing, Frame, FrameReader, Lines, RingOptions, detach};
use tower_transport::layers::buffer_pool::BufferPool;

use self::counting::{allocations, live, peak, reset_peak};

#[path = "support/counting.rs"]
mod counting;

const LINE: usize = 200;
const BLOCK: isize = 64 * 1024;
const BLOCKS: isize = 8 * BLOCK;
/// Handles, vectors of handles, and the two words that `bytes` keeps per block.
const SMALL_CHANGE: isize = 8 * 1024;

/// Lines of one size without end, in reads of up to `read` bytes.
struct Source {
    line: Vec<u8>,
    at: usize,
    read: usize,
}

impl Source {
    fn new(line: usize, read: usize) -> Self {
        let mut line = vec![b'x'; line];
        *line.last_mut().unwrap() = b'\n';
        Self { line, at: 0, read }
    }
}

impl AsyncRead for Source {
    fn poll_read(mut self: Pin<&mut Self>, _cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut left = self.read.min(buf.remaining());
        while left > 0 {
            let part = &self.line[self.at..];
            let part = &part[..part.len().min(left)];
            buf.put_slice(part);
            left -= part.len();
            let next = (self.at + part.len()) % self.line.len();
            self.at = next;
        }
        Poll::Ready(Ok(()))
    }
}

fn read(reader: &mut FrameReader<Source>, frames: &mut Vec<Frame>) -> usize {
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        // Pending when a long line takes many reads, since the source is always ready.
        if let Poll::Ready(found) = reader.poll_frames(&mut cx, frames, 64) {
            return found.expect("the source has no errors");
        }
    }
}

fn reader(line: usize, read: usize) -> FrameReader<Source> {
    FrameReader::new(Source::new(line, read), Lines::new(), 4 << 20)
}

fn pooled(pool: &BufferPool, line: usize, read: usize) -> FrameReader<Source> {
    let ring = BlockRing::pooled(pool.clone(), RingOptions::new());
    FrameReader::with_ring(Source::new(line, read), Lines::new(), 4 << 20, ring)
}

/// Reads `count` frames with the last `window` of them held, and returns the allocations that took.
fn run(reader: &mut FrameReader<Source>, held: &mut VecDeque<Frame>, window: usize, count: usize) -> u64 {
    let mut frames = Vec::with_capacity(64);
    let before = allocations();
    let mut seen = 0;
    while seen < count {
        seen += read(reader, &mut frames);
        for frame in frames.drain(..) {
            if held.len() == window {
                held.pop_front();
            }
            held.push_back(frame);
        }
    }
    allocations() - before
}

#[test]
fn frames_cost_no_allocation_once_the_ring_is_warm() {
    for window in [1, 64, 1024] {
        for size in [LINE, 4096, 64 * 1024] {
            let mut reader = reader(LINE, size);
            let mut held = VecDeque::with_capacity(window);
            run(&mut reader, &mut held, window, 20_000);
            assert_eq!(
                run(&mut reader, &mut held, window, 200_000),
                0,
                "window {window}, reads of {size}"
            );
            assert_eq!(reader.stats().copied, 0);
        }
    }
}

#[test]
fn frames_of_two_readers_of_one_pool_cost_no_allocation_once_it_is_warm() {
    for window in [1, 64, 1024] {
        let pool = BufferPool::new(64 * 1024, 16).unwrap();
        let mut readers = [pooled(&pool, LINE, 4096), pooled(&pool, LINE, 64 * 1024)];
        let mut held = VecDeque::with_capacity(window);
        let mut run_both = |count: usize| {
            let mut allocations = 0;
            for _ in 0..count / 2000 {
                for reader in &mut readers {
                    allocations += run(reader, &mut held, window, 1000);
                }
            }
            allocations
        };
        // As long as it takes until both have happened to be late at once.
        run_both(200_000);
        assert_eq!(run_both(200_000), 0, "window {window}");
        assert!(readers.iter().all(|reader| reader.stats().copied == 0));
    }
}

#[test]
fn a_reader_for_which_the_pool_has_no_block_costs_an_allocation_for_each_frame_and_no_more() {
    let pool = BufferPool::new(64 * 1024, 1).unwrap();
    let _taken = pool.block().unwrap();
    let mut reader = pooled(&pool, LINE, 64 * 1024);
    let mut held = VecDeque::with_capacity(64);
    run(&mut reader, &mut held, 64, 1000);
    let before = reader.stats().copied;
    let allocations = run(&mut reader, &mut held, 64, 20_000);
    assert_eq!(allocations, reader.stats().copied - before);
    assert_eq!(reader.stats().blocks, 1);
}

#[test]
fn frames_dropped_on_another_thread_cost_no_allocation() {
    const WINDOW: usize = 1024;
    const COUNT: usize = 200_000;
    let mut reader = reader(LINE, 64 * 1024);
    // More than can be under way below, so that the ring owns all the blocks it will need.
    run(
        &mut reader,
        &mut VecDeque::with_capacity(WINDOW + 256),
        WINDOW + 256,
        20_000,
    );
    let queue = &Mutex::new(VecDeque::with_capacity(WINDOW));
    thread::scope(|scope| {
        let reading = scope.spawn(move || {
            let mut frames = Vec::with_capacity(64);
            let before = allocations();
            let mut sent = 0;
            while sent < COUNT {
                if frames.is_empty() {
                    read(&mut reader, &mut frames);
                }
                let mut queue = queue.lock().unwrap();
                let room = (WINDOW - queue.len()).min(frames.len());
                queue.extend(frames.drain(..room));
                drop(queue);
                sent += room;
                if room == 0 {
                    thread::yield_now();
                }
            }
            allocations() - before
        });
        let before = allocations();
        loop {
            let finished = reading.is_finished();
            let frame = queue.lock().unwrap().pop_front();
            match frame {
                Some(frame) => drop(frame),
                None if finished => break,
                None => thread::yield_now(),
            }
        }
        assert_eq!(allocations() - before, 0);
        assert_eq!(reading.join().unwrap(), 0);
    });
}

// PITFALLS 30
#[test]
fn memory_is_back_to_the_blocks_as_soon_as_the_largest_line_is_dropped() {
    const LARGEST: usize = 4 << 20;
    // The second size leaves a doubled buffer half empty.
    for size in [LARGEST, LARGEST / 2 + 100_000] {
        let base = live();
        let mut reader = reader(size + 1, 64 * 1024);
        let mut frames = Vec::with_capacity(64);
        reset_peak();
        let idle = live();
        assert_eq!(read(&mut reader, &mut frames), 1);
        assert!(matches!(&frames[0], Frame::Whole(line) if line.len() == size));
        assert!(
            peak() - idle <= LARGEST.cast_signed() + BLOCKS + SMALL_CHANGE,
            "peak {}",
            peak() - idle
        );
        // What is handed out is cut to its size.
        assert!(
            live() - idle <= size.cast_signed() + BLOCK + SMALL_CHANGE,
            "with the line {}",
            live() - idle
        );
        frames.clear();
        assert!(live() - idle <= BLOCK + SMALL_CHANGE, "without it {}", live() - idle);
        drop((reader, frames));
        assert_eq!(live(), base);
    }
}

#[test]
fn what_is_read_together_with_a_long_line_is_taken_from_a_block() {
    let mut source = Source::new(LINE, usize::MAX);
    source.line = [&[b'x'; 600_000], &b"\n"[..], &source.line.repeat(3000)].concat();
    let mut reader = FrameReader::new(source, Lines::new(), 4 << 20);
    let mut held = VecDeque::with_capacity(1);
    run(&mut reader, &mut held, 1, 3001);
    // Of the 3001 frames only the long one has a buffer of its own, which grows and is cut.
    assert!(run(&mut reader, &mut held, 1, 3001) < 16);
}

// PITFALLS 27, 30
#[test]
fn a_line_too_long_takes_no_more_than_the_limit_and_leaves_nothing() {
    let limit = 1 << 20;
    let mut reader = FrameReader::new(Source::new(64 << 20, 64 * 1024), Lines::new(), limit);
    let mut frames = Vec::with_capacity(64);
    reset_peak();
    let idle = live();
    assert_eq!(read(&mut reader, &mut frames), 1);
    assert!(matches!(&frames[0], Frame::TooLong(error) if error.at_least() <= limit + 64 * 1024));
    assert!(
        peak() - idle <= limit.cast_signed() + BLOCKS + SMALL_CHANGE,
        "peak {}",
        peak() - idle
    );
    assert!(live() - idle <= BLOCK + SMALL_CHANGE, "after it {}", live() - idle);
}

// PITFALLS 30
#[test]
fn keeping_every_thousandth_frame_costs_the_blocks_and_its_own_bytes() {
    let mut reader = reader(LINE, 64 * 1024);
    let mut frames = Vec::with_capacity(64);
    let mut kept = Vec::with_capacity(1000);
    let idle = live();
    let mut seen = 0;
    while kept.len() < 1000 {
        read(&mut reader, &mut frames);
        for frame in frames.drain(..) {
            seen += 1;
            if seen % 1000 == 0 && kept.len() < 1000 {
                kept.push(frame);
            }
        }
    }
    // A kept frame is at most its bytes and a handle; without the bound this is 20 MiB.
    let own = 1000 * (LINE.cast_signed() + 64);
    assert!(
        live() - idle <= BLOCKS + own + SMALL_CHANGE,
        "{} bytes kept",
        live() - idle
    );
    assert_eq!(reader.stats().blocks, 8);
}

// PITFALLS 30
#[test]
fn keeping_every_thousandth_frame_of_many_readers_costs_the_pool_a_block_each_and_its_own_bytes() {
    const READERS: usize = 4;
    let idle = live();
    let pool = BufferPool::new(64 * 1024, 8).unwrap();
    let mut readers = [(); READERS].map(|()| pooled(&pool, LINE, 64 * 1024));
    let mut frames = Vec::with_capacity(64);
    let mut kept = Vec::with_capacity(2000);
    let mut seen = 0;
    while kept.len() < 2000 {
        for reader in &mut readers {
            read(reader, &mut frames);
            for frame in frames.drain(..) {
                seen += 1;
                if seen % 1000 == 0 && kept.len() < 2000 {
                    kept.push(frame);
                }
            }
        }
    }
    let own = 2000 * (LINE.cast_signed() + 64);
    let bound = BLOCKS + READERS.cast_signed() * BLOCK + own + 2 * SMALL_CHANGE;
    assert!(live() - idle <= bound, "{} bytes kept", live() - idle);
    assert_eq!(pool.stats().blocks, 8);
    drop((readers, kept, frames, pool));
    assert_eq!(live(), idle);
}

// PITFALLS 30
#[test]
fn a_kept_frame_that_is_detached_pins_no_block() {
    let base = live();
    let mut reader = reader(LINE, 64 * 1024);
    let mut frames = Vec::new();
    read(&mut reader, &mut frames);
    let Frame::Whole(frame) = &frames[0] else {
        panic!("{frames:?}")
    };
    let kept = detach(frame);
    drop((reader, frames));
    assert_eq!(live() - base, kept.len().cast_signed());
}
