use super::{parse, wire};
use bytes::{Bytes, BytesMut};
use tower_transport::message::{Id, Message};

#[test]
fn unknown_members_pass_through_untouched() {
    // PITFALLS 57
    let frame =
        r#"{"x-trace": [1, {"k" : "v"}],"jsonrpc":"2.0","id":1,"method":"m","_meta":{"a\u0062":1.0e0},"Z":null}"#;
    assert_eq!(wire(&parse(frame)), frame);
    assert_eq!(
        wire(&parse(frame).with_id(Id::number(22))),
        frame.replace("\"id\":1", "\"id\":22")
    );
}

#[test]
fn raw_line_breaks_become_spaces_on_one_line() {
    // PITFALLS 59
    let frame = "{\r\n  \"id\": 1,\n  \"method\": \"m\",\n  \"params\": [\n1,\"\\n\"]\n}";
    let message = parse(frame).with_id(Id::string("new"));
    let line = message.clone().on_one_line();
    assert_eq!(wire(&line), wire(&message).replace(['\r', '\n'], " "));
    assert_eq!(line.payload(), Some("[ 1,\"\\n\"]"));
    assert_eq!(line.method().as_deref(), Some("m"));

    let plain = parse("\n{\"id\":1,\"method\":\"m\"}\r\n");
    let before = plain.tail().as_ptr();
    assert_eq!(
        plain.on_one_line().tail().as_ptr(),
        before,
        "nothing to replace, nothing copied"
    );
    let spliced = parse(r#"{"method":"m","params":[1]}"#)
        .splice(1..2, b"{\n}")
        .on_one_line();
    assert_eq!(wire(&spliced), r#"{"method":"m","params":[{ }]}"#);
}

#[test]
fn a_new_id_copies_no_payload() {
    let frame = Bytes::from_static(br#"{"jsonrpc":"2.0","id":"long-lived","method":"m","params":{"id":3}}"#);
    let message = Message::parse(frame.clone()).unwrap();
    assert_eq!(message.segments(), [&frame[..], b"", b""]);
    assert_eq!(message.tail(), frame);

    let renamed = message.with_id(Id::number(7));
    let [before, id, after] = renamed.segments();
    assert_eq!(before, br#"{"jsonrpc":"2.0","id":"#);
    assert_eq!(id, b"7");
    assert_eq!(after, br#","method":"m","params":{"id":3}}"#);
    assert_eq!(after.as_ptr(), frame[frame.len() - after.len()..].as_ptr());
    assert_eq!(
        (renamed.tail().as_ptr(), renamed.tail().len()),
        (after.as_ptr(), after.len())
    );
    assert_eq!(renamed.id(), Some(Id::number(7)));
    assert_eq!(renamed.id_bytes(), Some(&b"7"[..]));
    assert_eq!(renamed.payload(), Some(r#"{"id":3}"#));
    assert_eq!(renamed.wire_len(), renamed.to_bytes().len());
    let mut out = BytesMut::from(&b"> "[..]);
    renamed.write_to(&mut out);
    assert_eq!(out, br#"> {"jsonrpc":"2.0","id":7,"method":"m","params":{"id":3}}"#[..]);

    let back = renamed.with_id(Id::string("long-lived"));
    assert_eq!(back.segments()[0].len(), frame.len(), "its own id again is one segment");
    assert_eq!(back.to_bytes().as_ptr(), frame.as_ptr());
}

#[test]
fn a_message_without_an_id_gets_none() {
    for frame in [r#"{"method":"m","params":{"id":1}}"#, r#"{"error":{}}"#] {
        let message = parse(frame).with_id(Id::number(7));
        assert_eq!(message.id(), None);
        assert_eq!(wire(&message), frame);
    }
}

#[test]
fn a_detached_message_leaves_its_block() {
    let block = Bytes::from(format!(r#"{{"id":1,"method":"m","params":[2]}}{}"#, " ".repeat(5000)));
    let message = Message::parse(block.slice(..40))
        .unwrap()
        .with_id(Id::number(9))
        .detach();
    assert!(block.is_unique());
    assert_eq!(wire(&message), r#"{"id":9,"method":"m","params":[2]}"#);
    assert_eq!(message.payload(), Some("[2]"));
}
