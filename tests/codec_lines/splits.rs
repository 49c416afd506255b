//! Any split of any input.

use crate::support::{Chunks, MAX, small_ring, whole};
use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use std::task::{Context, Poll, Waker};
use tower_transport::codec::{Frame, FrameReader, Framing, Lines, Skipped};

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
