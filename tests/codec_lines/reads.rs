//! When it reads.

use crate::support::{Chunks, MAX, whole};
use std::io;
use tokio_test::{assert_pending, io::Builder, task};
use tower_transport::codec::{FrameReader, Lines};

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
