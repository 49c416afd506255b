//! The ring of blocks.

use crate::support::{Chunks, MAX, read_all, whole};
use bytes::{Bytes, BytesMut};
use std::collections::VecDeque;
use tower_transport::codec::{BlockRing, Frame, FrameReader, Framing, Lines, RingOptions, Step, detach};
use tower_transport::layers::buffer_pool::BufferPool;

#[test]
fn a_long_line_in_small_reads_is_searched_once() {
    let mut lines = Lines::new();
    let mut line = vec![b'x'; 10_000];
    for end in (100..=line.len()).step_by(100) {
        assert_eq!(lines.next_step(&line[..end], line.len()).unwrap(), Step::More);
        // A newline put where it has looked goes unseen: the proof that it doesn't look there again.
        line[end - 1] = b'\n';
    }
}

// PITFALLS 30
#[tokio::test]
async fn kept_frames_cost_no_more_blocks_than_the_ring_may_own() {
    let input: String = (0..3000).map(|n| format!("message {n}\n")).collect();
    let ring = BlockRing::new(RingOptions::new().block(256).min_read(32).blocks(4));
    let mut reader = FrameReader::with_ring(Chunks::new(input, [300]), Lines::new(), MAX, ring);
    let frames = read_all(&mut reader, 64).await;
    assert_eq!(frames.len(), 3000);
    assert!(
        frames
            .iter()
            .enumerate()
            .all(|(n, frame)| *frame == whole(&format!("message {n}")))
    );
    let stats = reader.stats();
    assert_eq!(stats.blocks, 4);
    assert!(stats.copied > 2000, "{stats:?}");
}

#[tokio::test]
async fn frames_are_no_longer_copied_once_blocks_are_free_again() {
    let input: String = (0..3000).map(|n| format!("message {n}\n")).collect();
    let ring = BlockRing::new(RingOptions::new().block(256).min_read(32).blocks(4));
    let mut reader = FrameReader::with_ring(Chunks::new(input, [300]), Lines::new(), MAX, ring);
    let mut frames = Vec::new();
    while reader.stats().copied == 0 {
        reader.frames(&mut frames, 1).await.unwrap();
    }
    let mut copied_last = 0;
    frames.clear();
    while reader.frames(&mut frames, 1).await.unwrap() > 0 {
        frames.clear();
        copied_last = reader.stats().copied;
    }
    assert!(copied_last < 30, "{:?}", reader.stats());
    assert_eq!(reader.stats().blocks, 4);
}

#[tokio::test]
async fn a_ring_of_one_block_copies_every_frame() {
    let ring = BlockRing::new(RingOptions::new().blocks(0));
    let mut reader = FrameReader::with_ring(Chunks::new("one\ntwo\n", [3]), Lines::new(), MAX, ring);
    assert_eq!(read_all(&mut reader, 8).await, ["one", "two"].map(whole));
    assert_eq!((reader.stats().copied, reader.stats().blocks), (2, 1));
}

// PITFALLS 30
#[tokio::test]
async fn kept_frames_of_a_pooled_ring_cost_no_more_blocks_than_the_pool_may_own_and_one() {
    let input: String = (0..3000).map(|n| format!("message {n}\n")).collect();
    let pool = BufferPool::new(256, 3).unwrap();
    let ring = BlockRing::pooled(pool.clone(), RingOptions::new().min_read(32));
    let mut reader = FrameReader::with_ring(Chunks::new(input, [300]), Lines::new(), MAX, ring);
    let mut frames = Vec::new();
    while frames.len() < 2000 {
        reader.frames(&mut frames, 64).await.unwrap();
    }
    assert!(
        (0..)
            .zip(&frames)
            .all(|(n, frame)| *frame == whole(&format!("message {n}")))
    );
    // All blocks of the pool are back in it, with frames on them; the ring has one of its own.
    assert_eq!((pool.stats().blocks, pool.stats().held), (3, 3));
    let copied = reader.stats().copied;
    assert!((1500..2000).contains(&copied), "{copied}");
    assert_eq!(reader.stats().blocks, 1);
    // Once they are free, it uses them again.
    let mut seen = frames.len();
    frames.clear();
    loop {
        let found = reader.frames(&mut frames, 1).await.unwrap();
        if found == 0 {
            break;
        }
        assert_eq!(frames.pop(), Some(whole(&format!("message {seen}"))));
        seen += found;
    }
    assert!(reader.stats().copied < copied + 60, "{:?}", reader.stats());
    assert_eq!(reader.stats().blocks, 0);
    drop(reader);
    assert_eq!((seen, pool.stats().blocks, pool.stats().held), (3000, 3, 3));
}

#[tokio::test]
async fn readers_that_share_a_pool_read_what_they_are_sent() {
    let pool = BufferPool::new(64, 2).unwrap();
    let mut readers = ["left", "right", "middle"].map(|name| {
        let input: String = (0..500).map(|n| format!("{name} {n}\n")).collect();
        let ring = BlockRing::pooled(pool.clone(), RingOptions::new().min_read(1));
        let reader = FrameReader::with_ring(Chunks::new(input, [1, 50, 7, 120]), Lines::new(), MAX, ring);
        (name, reader, 0)
    });
    let mut held = VecDeque::new();
    for _ in 0..500 {
        for (name, reader, seen) in &mut readers {
            let mut frames = Vec::new();
            assert_eq!(reader.frames(&mut frames, 1).await.unwrap(), 1);
            held.push_back((frames.remove(0), format!("{name} {seen}")));
            *seen += 1;
        }
        if held.len() > 20 {
            for (frame, text) in held.drain(..17) {
                assert_eq!(frame, whole(&text));
            }
        }
    }
    drop(readers);
    held.clear();
    assert_eq!((pool.stats().blocks, pool.stats().held), (2, 2));
    let (one, two) = (pool.block().unwrap(), pool.block().unwrap());
    assert_eq!((one.room(), two.room()), (64, 64));
}

#[test]
fn a_detached_frame_shares_nothing() {
    let block = Bytes::from(vec![b'x'; 64]);
    let copy = detach(&block.slice(..3));
    assert!(block.is_unique());
    assert_eq!(copy, "xxx");
}

/// The test that the ring's design was measured with: lines of any size, reads of any size, some frames held.
#[tokio::test]
async fn random_lines_in_random_reads_with_frames_held_are_all_equal() {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % below as u64).unwrap()
    };
    let mut input = BytesMut::new();
    let mut lines = Vec::new();
    for n in 0..4000 {
        let size = match random(200) {
            0 => random(900_000),
            1..20 => random(70_000),
            _ => random(400),
        };
        let byte = b'a' + u8::try_from(n % 26).unwrap();
        let start = input.len();
        input.resize(start + size + 1, byte);
        lines.push(start..start + size + 1);
        input.extend_from_slice(b"\n");
    }
    let input = input.freeze();
    let sizes: Vec<_> = (0..997).map(|_| 1 + random(70_000)).collect();
    let mut reader = FrameReader::new(Chunks::new(input.clone(), sizes), Lines::new(), 1 << 20);
    let (mut held, mut frames, mut seen) = (VecDeque::new(), Vec::new(), 0);
    while reader.frames(&mut frames, 64).await.unwrap() > 0 {
        for frame in frames.drain(..) {
            let Frame::Whole(frame) = frame else {
                panic!("{frame:?}")
            };
            held.push_back((frame, lines[seen].clone()));
            seen += 1;
            if held.len() > 64 {
                let (frame, line) = held.pop_front().unwrap();
                assert!(frame == input[line]);
            }
        }
    }
    assert!(held.into_iter().all(|(frame, line)| frame == input[line]));
    assert_eq!(seen, lines.len());
    assert!(reader.stats().blocks <= 8, "{:?}", reader.stats());
}
