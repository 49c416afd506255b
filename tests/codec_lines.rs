//! Newline framing over the block ring: what comes out, whatever way it came in.
#![cfg(feature = "mux")]

use std::{
    collections::VecDeque,
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use tokio::io::{AsyncRead, ReadBuf};
use tokio_test::{assert_pending, assert_ready_ok, io::Builder, task};
use tower_transport::codec::{
    BlockRing, Frame, FrameReader, Framing, Lines, RingOptions, Skipped, Step, TooLong, detach,
};
use tower_transport::layers::buffer_pool::BufferPool;

const MAX: usize = 16;

/// Hands out `data` in reads of the given sizes (repeated), then ends.
struct Chunks {
    data: Bytes,
    sizes: Vec<usize>,
    reads: usize,
}

impl Chunks {
    fn new(data: impl Into<Bytes>, sizes: impl Into<Vec<usize>>) -> Self {
        Self {
            data: data.into(),
            sizes: sizes.into(),
            reads: 0,
        }
    }
}

impl AsyncRead for Chunks {
    fn poll_read(mut self: Pin<&mut Self>, _cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let size = self.sizes[self.reads % self.sizes.len()];
        self.reads += 1;
        let size = size.min(self.data.len()).min(buf.remaining());
        buf.put_slice(&self.data.split_to(size));
        Poll::Ready(Ok(()))
    }
}

/// A line without a newline, faster than any reader. It ends, so that a reader that never gives way fails and does not hang.
struct Endless {
    reads: usize,
}

impl AsyncRead for Endless {
    fn poll_read(mut self: Pin<&mut Self>, _cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.reads += 1;
        if self.reads > 1000 {
            return Poll::Ready(Ok(()));
        }
        buf.initialize_unfilled().fill(b'x');
        buf.advance(buf.capacity());
        Poll::Ready(Ok(()))
    }
}

fn small_ring() -> BlockRing {
    BlockRing::new(RingOptions::new().block(64).min_read(1).blocks(3))
}

async fn read_all<R: AsyncRead + Unpin>(reader: &mut FrameReader<R>, max: usize) -> Vec<Frame> {
    let mut frames = Vec::new();
    while reader.frames(&mut frames, max).await.unwrap() > 0 {}
    frames
}

fn whole(line: &str) -> Frame {
    Frame::Whole(Bytes::copy_from_slice(line.as_bytes()))
}

fn too_long(at_least: usize, start: &str) -> Frame {
    Frame::TooLong(TooLong::new(MAX, at_least, start.as_bytes()))
}

fn skipped(size: usize, suffix: &str) -> Frame {
    Frame::Skipped(Skipped::new(size, suffix.to_owned()))
}

async fn frames_of(io: tokio_test::io::Mock) -> Vec<Frame> {
    read_all(&mut FrameReader::new(io, Lines::new(), MAX), 64).await
}

// === what a frame is ===

#[tokio::test]
async fn lf_and_crlf_end_a_line_and_the_last_line_needs_neither() {
    let io = Builder::new().read(b"one\ntwo\r\nthree").build();
    assert_eq!(frames_of(io).await, ["one", "two", "three"].map(whole));
}

#[tokio::test]
async fn a_carriage_return_before_the_end_of_the_stream_is_no_part_of_the_line() {
    let io = Builder::new().read(b"one\r").build();
    assert_eq!(frames_of(io).await, [whole("one")]);
}

#[tokio::test]
async fn blank_lines_are_skipped() {
    let io = Builder::new().read(b"\n\r\n \t\r\none\n\n\n  \ntwo\n \r\n ").build();
    assert_eq!(frames_of(io).await, ["one", "two"].map(whole));
}

#[tokio::test]
async fn a_line_keeps_its_outer_whitespace_and_a_lone_carriage_return() {
    let io = Builder::new().read(b" a\rb \n").build();
    assert_eq!(frames_of(io).await, [whole(" a\rb ")]);
}

// PITFALLS 22
#[tokio::test]
async fn a_character_split_over_two_reads_stays_whole() {
    let io = Builder::new().read(b"\xe2").read(b"\x82").read(b"\xac\n").build();
    assert_eq!(frames_of(io).await, [whole("€")]);
}

#[tokio::test]
async fn a_line_end_split_over_two_reads_is_one_line_end() {
    let io = Builder::new().read(b"one\r").read(b"\ntwo\n").build();
    assert_eq!(frames_of(io).await, ["one", "two"].map(whole));
}

#[tokio::test]
async fn the_end_of_the_stream_is_repeated_without_another_read() {
    let mut reader = FrameReader::new(Chunks::new("one", [64]), Lines::new(), MAX);
    assert_eq!(read_all(&mut reader, 64).await, [whole("one")]);
    let reads = reader.get_ref().reads;
    assert_eq!(reader.frames(&mut Vec::new(), 1).await.unwrap(), 0);
    assert_eq!(reader.get_ref().reads, reads);
}

// === when it reads ===

#[tokio::test]
async fn what_is_buffered_is_handed_out_before_another_read() {
    let mut reader = FrameReader::new(Chunks::new("1\n2\n3\n4\n5\n", [64]), Lines::new(), MAX);
    let mut frames = Vec::new();
    for (found, so_far) in [(2, 2), (2, 4), (1, 5)] {
        assert_eq!(reader.frames(&mut frames, 2).await.unwrap(), found);
        assert_eq!(frames.len(), so_far);
        assert_eq!(reader.get_ref().reads, 1);
    }
    assert_eq!(reader.frames(&mut frames, 2).await.unwrap(), 0);
}

#[tokio::test]
async fn a_maximum_of_no_frames_is_taken_as_one() {
    let mut reader = FrameReader::new(Chunks::new("1\n2\n", [64]), Lines::new(), MAX);
    assert_eq!(reader.frames(&mut Vec::new(), 0).await.unwrap(), 1);
}

// PITFALLS 21
#[tokio::test]
async fn a_dropped_read_loses_no_byte() {
    let (io, mut peer) = Builder::new().build_with_handle();
    let mut reader = FrameReader::new(io, Lines::new(), MAX);
    let mut frames = Vec::new();
    for part in [&b"on"[..], b"e\r", b"\ntwo\nth"] {
        let mut read = task::spawn(reader.frames(&mut frames, 1));
        assert_pending!(read.poll());
        peer.read(part);
        // All that has come is taken in, then the future goes away.
        let _ = read.poll();
    }
    peer.read(b"ree\n");
    drop(peer);
    while reader.frames(&mut frames, 1).await.unwrap() > 0 {}
    assert_eq!(frames, ["one", "two", "three"].map(whole));
}

#[tokio::test]
async fn frames_before_a_read_error_come_first_and_an_interrupted_read_is_repeated() {
    let interrupted = io::Error::from(io::ErrorKind::Interrupted);
    let reset = io::Error::from(io::ErrorKind::ConnectionReset);
    let io = Builder::new()
        .read_error(interrupted)
        .read(b"one\ntw")
        .read_error(reset)
        .build();
    let mut reader = FrameReader::new(io, Lines::new(), MAX);
    let mut frames = Vec::new();
    assert_eq!(reader.frames(&mut frames, 8).await.unwrap(), 1);
    let error = reader.frames(&mut frames, 8).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(frames, [whole("one")]);
}

// === frames over the limit ===

#[tokio::test]
async fn a_line_of_the_limit_is_good_and_its_line_end_does_not_count() {
    let line = "x".repeat(MAX);
    for (first, second) in [("", "\n"), ("", "\r\n"), ("\r", "\n")] {
        let io = Builder::new()
            .read(format!("{line}{first}").as_bytes())
            .read(second.as_bytes())
            .build();
        assert_eq!(frames_of(io).await, [whole(&line)]);
    }
}

// PITFALLS 29
#[tokio::test]
async fn a_line_too_long_withholds_no_good_line_that_came_with_it() {
    let long = "x".repeat(MAX + 1);
    let mut reader = FrameReader::new(Chunks::new(format!("a\n{long}\r\nb\nc\n"), [64]), Lines::new(), MAX);
    let mut frames = Vec::new();
    assert_eq!(reader.frames(&mut frames, 8).await.unwrap(), 5);
    assert_eq!(reader.get_ref().reads, 1);
    assert_eq!(
        frames,
        [
            whole("a"),
            too_long(MAX + 1, &long),
            skipped(MAX + 1, &long),
            whole("b"),
            whole("c")
        ]
    );
}

// PITFALLS 28
#[test]
fn a_line_too_long_is_reported_once_and_before_it_ends() {
    let (io, mut peer) = Builder::new().build_with_handle();
    let mut reader = FrameReader::new(io, Lines::new(), MAX);
    let mut frames = Vec::new();
    let mut step = task::spawn(());
    peer.read(b"{\"id\":7,\"result\":");
    let found = step.enter(|cx, _| reader.poll_frames(cx, &mut frames, 8));
    assert_eq!(assert_ready_ok!(found), 1);
    assert_eq!(frames, [too_long(MAX + 1, "{\"id\":7,\"result\":")]);

    peer.read(b"and so on").read(b"and on\r").read(b"\n").read(b"ok\n");
    for end in [skipped(32, "{\"id\":7,\"result\":and so onand on"), whole("ok")] {
        frames.clear();
        let found = step.enter(|cx, _| reader.poll_frames(cx, &mut frames, 8));
        assert_eq!(assert_ready_ok!(found), 1);
        assert_eq!(frames, [end]);
    }
}

// PITFALLS 28
#[tokio::test]
async fn the_start_of_a_line_too_long_is_kept_to_recover_its_id() {
    let line = format!("{{\"id\":7,\"result\":\"{}\"}}\n", "x".repeat(5000));
    let mut reader = FrameReader::new(Chunks::new(line.clone(), [100]), Lines::new(), 4000);
    let frames = read_all(&mut reader, 8).await;
    let [Frame::TooLong(error), Frame::Skipped(_)] = &frames[..] else {
        panic!("{frames:?}")
    };
    assert_eq!(error.prefix(), &line.as_bytes()[..1024]);
    assert_eq!((error.limit(), error.at_least()), (4000, 4100));
    assert_eq!(
        error.to_string(),
        "frame of at least 4100 bytes is over the limit of 4000 bytes: raise the limit or send less"
    );
}

// PITFALLS 28
#[tokio::test]
async fn the_end_of_a_line_too_long_is_kept_to_recover_an_id_that_comes_last() {
    let line = format!("{{\"result\":\"{}\",\"jsonrpc\":\"2.0\",\"id\":7}}", "x".repeat(5000));
    for read in [1, 100, 1023, 1025, 9000] {
        let mut reader = FrameReader::new(Chunks::new(line.clone() + "\r\nok\n", [read]), Lines::new(), 2000);
        let frames = read_all(&mut reader, 8).await;
        let [Frame::TooLong(_), Frame::Skipped(end), ok] = &frames[..] else {
            panic!("{frames:?}")
        };
        assert_eq!(end.suffix(), &line.as_bytes()[line.len() - 1024..]);
        assert_eq!(end.size(), line.len());
        assert_eq!(*ok, whole("ok"));
    }
}

#[tokio::test]
async fn a_line_too_long_without_an_end_is_reported_once() {
    let io = Builder::new().read(&[b'x'; MAX + 2]).read(b"more").build();
    assert_eq!(
        frames_of(io).await,
        [
            too_long(MAX + 2, &"x".repeat(MAX + 2)),
            skipped(MAX + 6, &("x".repeat(MAX + 2) + "more"))
        ]
    );
}

// PITFALLS 27
#[test]
fn a_line_without_end_takes_no_more_than_the_limit_and_keeps_no_thread_to_itself() {
    let limit = 100_000;
    let mut reader = FrameReader::new(Endless { reads: 0 }, Lines::new(), limit);
    let mut frames = Vec::new();
    let mut step = task::spawn(());
    assert_eq!(
        assert_ready_ok!(step.enter(|cx, _| reader.poll_frames(cx, &mut frames, 8))),
        1
    );
    let Frame::TooLong(error) = &frames[0] else {
        panic!("{frames:?}")
    };
    assert!(error.at_least() <= limit + 8 * 1024, "{error}");
    for _ in 0..4 {
        assert_pending!(step.enter(|cx, _| reader.poll_frames(cx, &mut frames, 8)));
        assert!(step.is_woken());
    }
    assert!(reader.get_ref().reads < 4 * 40);
    assert_eq!((frames.len(), reader.stats().blocks), (1, 1));
}

// === the ring ===

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

// === any split ===

/// What newline framing means, written for clarity: each line, and whether it is over the limit.
fn reference(input: &[u8]) -> Vec<(Bytes, bool)> {
    input
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| line.len() > MAX || !line.iter().all(u8::is_ascii_whitespace))
        .map(|line| (Bytes::copy_from_slice(line), line.len() > MAX))
        .collect()
}

fn wire() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => "[a-z€ü]{1,6}".prop_map(String::into_bytes),
        3 => Just(b"\n".to_vec()),
        2 => Just(b"\r\n".to_vec()),
        1 => Just(b"\r".to_vec()),
        1 => Just(b" \t".to_vec()),
        1 => (MAX - 2..MAX + 90).prop_map(|size| vec![b'x'; size]),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// Reads to the end of a source that is always ready. Pending is the reader giving way.
fn drain(reader: &mut FrameReader<Chunks>, frames: &mut Vec<Frame>, max: usize) {
    let mut cx = Context::from_waker(Waker::noop());
    while !matches!(reader.poll_frames(&mut cx, frames, max), Poll::Ready(Ok(0))) {}
}

proptest! {
    #[test]
    fn any_split_of_the_input_gives_the_same_frames(
        wire in wire(),
        sizes in proptest::collection::vec(1_usize..100, 1..20),
        max in 1_usize..5,
    ) {
        let expected = reference(&wire);
        let mut reader = FrameReader::with_ring(Chunks::new(wire, sizes), Lines::new(), MAX, small_ring());
        let mut frames = Vec::new();
        drain(&mut reader, &mut frames, max);
        let mut frames = frames.iter();
        for (line, is_too_long) in &expected {
            if *is_too_long {
                let Some(Frame::TooLong(error)) = frames.next() else { panic!("not reported: {line:?}") };
                prop_assert!(error.at_least() > MAX && error.at_least() <= line.len());
                prop_assert!(error.prefix().len() > MAX && line.starts_with(error.prefix()));
                prop_assert_eq!(frames.next(), Some(&Frame::Skipped(Skipped::new(line.len(), line.clone()))));
            } else {
                prop_assert_eq!(frames.next(), Some(&Frame::Whole(line.clone())));
            }
        }
        prop_assert_eq!(frames.next(), None);
    }

    #[test]
    fn what_is_written_is_read_back(messages in proptest::collection::vec("[a-z€\r\n]{0,14}[}]", 0..20)) {
        let mut wire = BytesMut::new();
        for message in &messages {
            let (start, end) = message.as_bytes().split_at(message.len() / 2);
            Lines::new().encode(&[start, end], &mut wire);
        }
        let expected: Vec<_> = messages.iter().map(|message| whole(&message.replace(['\r', '\n'], " "))).collect();
        let mut reader = FrameReader::new(Chunks::new(wire, [7]), Lines::new(), 64);
        let mut frames = Vec::new();
        drain(&mut reader, &mut frames, 64);
        prop_assert_eq!(frames, expected);
    }
}

// === writing ===

// PITFALLS 59
#[test]
fn raw_newlines_in_a_message_are_written_as_spaces() {
    let mut out = BytesMut::from("before\n");
    Lines::new().encode(
        &[b"{\r\n\t\"id\":", b"1", b",\n\"text\":\"\\n \xe2\x82\xac\"\n}\n"],
        &mut out,
    );
    assert_eq!(out, "before\n{  \t\"id\":1, \"text\":\"\\n €\" } \n");
}

#[test]
fn a_message_without_raw_newlines_needs_no_rewriting() {
    let lines = Lines::new();
    assert!(!lines.needs_rewrite("{\"text\":\"\\n €\"}".as_bytes()));
    assert!(lines.needs_rewrite(b"{\n}") && lines.needs_rewrite(b"{\r}"));
}

// === another framing behind the same trait ===

/// One byte of length before each frame; 0xff loses the framing.
#[derive(Debug, Default)]
struct Counted {
    left: Option<usize>,
    skipping: bool,
}

impl Framing for Counted {
    fn next_step(&mut self, buffered: &[u8], max: usize) -> io::Result<Step> {
        Ok(match (self.left, buffered.first()) {
            (None, Some(0xff)) => return Err(io::ErrorKind::InvalidData.into()),
            (None, Some(len)) => {
                self.left = Some(usize::from(*len));
                Step::Skip(1)
            }
            (Some(len), _) if !self.skipping && len > max => {
                self.skipping = true;
                Step::TooLong { at_least: len }
            }
            (Some(len), _) if len <= buffered.len() => {
                self.left = None;
                if std::mem::take(&mut self.skipping) {
                    Step::DropEnd { len, skip: 0 }
                } else {
                    Step::Frame { len, skip: 0 }
                }
            }
            (Some(len), Some(_)) if self.skipping => {
                self.left = Some(len - buffered.len());
                Step::Drop(buffered.len())
            }
            _ => Step::More,
        })
    }

    fn last_step(&mut self, _buffered: &[u8], _max: usize) -> io::Result<Step> {
        if self.left.is_some() {
            Err(io::ErrorKind::UnexpectedEof.into())
        } else {
            Ok(Step::More)
        }
    }

    fn head(&self, len: usize, out: &mut BytesMut) {
        out.extend_from_slice(&[u8::try_from(len).unwrap()]);
    }

    fn tail(&self) -> &'static [u8] {
        b""
    }

    fn needs_rewrite(&self, _part: &[u8]) -> bool {
        false
    }

    fn body(&self, part: &[u8], out: &mut BytesMut) {
        out.extend_from_slice(part);
    }
}

async fn counted(wire: &'static [u8], read: usize) -> (Vec<Frame>, io::Result<usize>) {
    let mut reader = FrameReader::with_ring(Chunks::new(wire, [read]), Counted::default(), MAX, small_ring());
    let mut frames = Vec::new();
    loop {
        match poll_fn(|cx| reader.poll_frames(cx, &mut frames, 8)).await {
            Ok(1..) => {}
            end => {
                let again = reader.frames(&mut Vec::new(), 8).await;
                assert_eq!(again.unwrap(), 0, "an ended reader stays so");
                return (frames, end);
            }
        }
    }
}

#[tokio::test]
async fn a_framing_with_announced_lengths_fits_behind_the_trait() {
    for read in [1, 2, 3, 64] {
        let (frames, end) = counted(b"\x03one\x12xxxxxxxxxxxxxxxxxx\x00\x03two", read).await;
        assert_eq!(end.unwrap(), 0);
        let Frame::TooLong(error) = &frames[1] else {
            panic!("{frames:?}")
        };
        assert_eq!(error.at_least(), 18);
        assert_eq!(frames[2], skipped(18, &"x".repeat(18)));
        assert_eq!([&frames[..1], &frames[3..]].concat(), ["one", "", "two"].map(whole));
    }
}

#[tokio::test]
async fn a_lost_framing_is_an_error_after_the_frames_before_it() {
    for (wire, kind) in [
        (&b"\x03one\xff..."[..], io::ErrorKind::InvalidData),
        (b"\x03one\x03tw", io::ErrorKind::UnexpectedEof),
        (b"\x03one\x03", io::ErrorKind::UnexpectedEof),
    ] {
        for read in [1, 64] {
            let (frames, end) = counted(wire, read).await;
            assert_eq!(frames, [whole("one")]);
            assert_eq!(end.unwrap_err().kind(), kind);
        }
    }
}
