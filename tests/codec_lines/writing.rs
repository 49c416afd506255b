//! The way out.

use bytes::BytesMut;
use tower_transport::codec::{Framing, Lines};

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
