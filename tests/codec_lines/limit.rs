//! Frames over the limit.

use crate::support::{Chunks, Endless, MAX, frames_of, read_all, skipped, too_long, whole};
use tokio_test::{assert_pending, assert_ready_ok, io::Builder, task};
use tower_transport::codec::{Frame, FrameReader, Lines};

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
