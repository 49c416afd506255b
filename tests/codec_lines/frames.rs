//! What a frame is.

use crate::support::{Chunks, MAX, frames_of, read_all, whole};
use tokio_test::io::Builder;
use tower_transport::codec::{FrameReader, Lines};

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
