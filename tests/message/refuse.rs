use super::{parse, refusal};
use bytes::Bytes;
use tower_transport::message::{Kind, Limits, Message, Reason};

#[test]
fn every_refusal_names_its_reason_and_its_byte() {
    let cases: &[(&[u8], Reason, usize)] = &[
        // What is not UTF-8.
        (b"{\"method\":\"\xff\"}", Reason::NotUtf8, 11),
        (b"{\"method\":\"m\",\"params\":\"\xed\xa0\x80\"}", Reason::NotUtf8, 24),
        // What is not one object.
        (b"", Reason::UnexpectedEnd, 0),
        (b" \n", Reason::UnexpectedEnd, 2),
        (b" [{}]", Reason::Batch, 1),
        (b"\"text\"", Reason::NotObject, 0),
        (b"\xef\xbb\xbf{}", Reason::NotObject, 0),
        (br#"{"method":"m"} {"#, Reason::TrailingBytes, 15),
        (br#"{"method":"m"}}"#, Reason::TrailingBytes, 14),
        (b"{\"method\":\"m\"}\0", Reason::TrailingBytes, 14),
        // What is not JSON.
        (br#"{"method":"m""#, Reason::UnexpectedEnd, 13),
        (br#"{"method":"m"#, Reason::UnexpectedEnd, 12),
        (br#"{"method":"m","#, Reason::UnexpectedEnd, 14),
        (br#"{"method":"m\"#, Reason::UnexpectedEnd, 13),
        (br#"{"method":"m\u00"#, Reason::UnexpectedEnd, 16),
        (br#"{"method":"#, Reason::UnexpectedEnd, 10),
        (br#"{"method""#, Reason::UnexpectedEnd, 9),
        (br#"{"id":tru"#, Reason::UnexpectedEnd, 9),
        (br#"{"id":-"#, Reason::UnexpectedEnd, 7),
        (br#"{"params":[1"#, Reason::UnexpectedEnd, 12),
        (br#"{"params":[1,]}"#, Reason::UnexpectedByte, 13),
        (br#"{"params":[,1]}"#, Reason::UnexpectedByte, 11),
        (br#"{"params":[1 2]}"#, Reason::UnexpectedByte, 13),
        (br#"{"params":[1}}"#, Reason::UnexpectedByte, 12),
        (br#"{"params":{"a":1]}"#, Reason::UnexpectedByte, 16),
        (br#"{"params":{"a":1,}}"#, Reason::UnexpectedByte, 17),
        (br#"{"params":{"a" 1}}"#, Reason::UnexpectedByte, 15),
        (br#"{"params":{a:1}}"#, Reason::UnexpectedByte, 11),
        (br#"{"method":"m",}"#, Reason::UnexpectedByte, 14),
        (br#"{"method":"m";}"#, Reason::UnexpectedByte, 13),
        (br#"{,"method":"m"}"#, Reason::UnexpectedByte, 1),
        (br#"{"params":'a'}"#, Reason::UnexpectedByte, 10),
        (br#"{"params":NaN}"#, Reason::UnexpectedByte, 10),
        (br#"{"params":+1}"#, Reason::UnexpectedByte, 10),
        (br#"{"params":.5}"#, Reason::UnexpectedByte, 10),
        (b"{\"params\":\x0c1}", Reason::UnexpectedByte, 10),
        (b"{\"params\":\"a\nb\"}", Reason::ControlByte, 12),
        (b"{\"params\":\"a\x1f\"}", Reason::ControlByte, 12),
        (b"{\"a\0\":1}", Reason::ControlByte, 3),
        (br#"{"params":"\x41"}"#, Reason::BadEscape, 11),
        (br#"{"params":"\u00g0"}"#, Reason::BadEscape, 11),
        (br#"{"params":nul}"#, Reason::BadLiteral, 10),
        (br#"{"params":True}"#, Reason::UnexpectedByte, 10),
        (br#"{"params":01}"#, Reason::BadNumber, 10),
        (br#"{"params":-}"#, Reason::BadNumber, 10),
        (br#"{"params":1.}"#, Reason::BadNumber, 10),
        (br#"{"params":1e}"#, Reason::BadNumber, 10),
        (br#"{"params":1e+}"#, Reason::BadNumber, 10),
        (br#"{"params":-01.5}"#, Reason::BadNumber, 10),
        (br#"{"params":1x}"#, Reason::UnexpectedByte, 11),
        // What is not JSON-RPC.
        (b"{}", Reason::NoMethodOrId, 0),
        (br#" {"jsonrpc":"2.0","params":{}}"#, Reason::NoMethodOrId, 1),
        (br#"{"result":1}"#, Reason::NoMethodOrId, 0),
        (br#"{"jsonrpc":"2.0","id":1}"#, Reason::NoResult, 0),
        (br#"{"id":1,"params":{}}"#, Reason::NoResult, 0),
        (br#"{"jsonrpc":"1.0","method":"m"}"#, Reason::WrongVersion, 11),
        (br#"{"jsonrpc":2.0,"method":"m"}"#, Reason::WrongVersion, 11),
        (br#"{"method":1}"#, Reason::MethodType, 10),
        (br#"{"method":null,"id":1}"#, Reason::MethodType, 10),
        (br#"{"method":"m","id":null}"#, Reason::NullId, 19),
        (br#"{"result":1,"id":null}"#, Reason::NullId, 17),
        (br#"{"method":"m","id":true}"#, Reason::IdType, 19),
        (br#"{"method":"m","id":[1]}"#, Reason::IdType, 19),
        (br#"{"id":{},"error":{}}"#, Reason::IdType, 6),
        (br#"{"id":1,"method":"m","result":1}"#, Reason::MethodAndResult, 30),
        (br#"{"id":1,"error":1,"method":"m"}"#, Reason::MethodAndResult, 16),
        (br#"{"id":1,"result":1,"error":1}"#, Reason::ResultAndError, 27),
        (br#"{"id":1,"result":null,"error":null}"#, Reason::ResultAndError, 30),
        (br#"{"method":"\udc00"}"#, Reason::LoneSurrogate, 10),
        (br#"{"method":"m","id":"\ud800x"}"#, Reason::LoneSurrogate, 19),
        (br#"{"method":"m","\ud800":1}"#, Reason::LoneSurrogate, 14),
    ];
    for (frame, reason, offset) in cases {
        let error = refusal(frame);
        let shown = String::from_utf8_lossy(frame);
        assert_eq!((error.reason(), error.offset()), (*reason, *offset), "{shown}");
        assert!(
            error.to_string().ends_with(&format!("at byte {offset}")),
            "{shown}: {error}"
        );
    }
}

#[test]
fn duplicate_envelope_members_are_refused_however_they_are_spelled() {
    // PITFALLS 56
    for (frame, offset) in [
        (r#"{"id":1,"method":"a","id":2}"#, 21),
        (r#"{"id":1,"method":"a","i\u0064":2}"#, 21),
        (r#"{"\u0069\u0064":1,"method":"a","i\u0064":2}"#, 31),
        (r#"{"method":"safe","method":"unsafe"}"#, 17),
        (r#"{"jsonrpc":"2.0","jsonrpc":"2.0","method":"a"}"#, 17),
        (r#"{"method":"a","params":{},"params":{}}"#, 26),
        (r#"{"id":1,"result":1,"result":1}"#, 19),
        (r#"{"id":1,"error":1,"err\u006fr":1}"#, 18),
    ] {
        let error = refusal(frame.as_bytes());
        assert_eq!(
            (error.reason(), error.offset()),
            (Reason::DuplicateMember, offset),
            "{frame}"
        );
    }
    assert_eq!(
        parse(r#"{"method":"a","x":1,"x":2,"params":{"id":1,"id":2}}"#).kind(),
        Kind::Notification
    );
}

#[test]
fn depth_is_capped_and_the_message_is_the_first_level() {
    let nested = |levels: usize, open: &str, close: &str| {
        format!(
            r#"{{"method":"m","params":{}{}}}"#,
            open.repeat(levels - 1),
            close.repeat(levels - 1)
        )
    };
    assert!(parse(&nested(128, "[", "]")).decode::<serde_json::Value>().is_ok());
    let mixed = |inner: &str| {
        format!(
            r#"{{"method":"m","params":{}{inner}{}}}"#,
            r#"[{"a":"#.repeat(63),
            "}]".repeat(63)
        )
    };
    parse(&mixed("[]"));
    assert_eq!(refusal(mixed("[{}]").as_bytes()).reason(), Reason::TooDeep);
    let error = refusal(nested(129, "[", "]").as_bytes());
    assert_eq!((error.reason(), error.offset()), (Reason::TooDeep, 23 + 127));
    assert_eq!(
        error.to_string(),
        "not a JSON-RPC message: values nest deeper than the limit of 128 levels, at byte 150"
    );
    let million = nested(1_000_000, "[", "");
    assert_eq!(refusal(million.as_bytes()).reason(), Reason::TooDeep);

    let with = |depth| {
        Message::parse_with(
            Bytes::from(nested(3, "[", "]")),
            Limits {
                depth,
                ..Limits::default()
            },
        )
    };
    assert!(with(3).is_ok());
    assert_eq!(with(2).unwrap_err().reason(), Reason::TooDeep);
    assert_eq!(with(0).unwrap_err().reason(), Reason::TooDeep);
    assert!(with(usize::MAX).is_ok());
}

#[test]
fn ids_over_the_cap_are_refused() {
    let frame = |len: usize| format!(r#"{{"method":"m","id":"{}"}}"#, "i".repeat(len - 2));
    assert_eq!(parse(&frame(256)).id_bytes().unwrap().len(), 256);
    let error = refusal(frame(257).as_bytes());
    assert_eq!((error.reason(), error.offset()), (Reason::IdTooLong, 19));
    assert!(error.to_string().contains("256 bytes"), "{error}");
    let small = Limits {
        id: 4,
        ..Limits::default()
    };
    assert!(Message::parse_with(Bytes::from(frame(4)), small).is_ok());
    assert_eq!(
        Message::parse_with(Bytes::from(frame(5)), small).unwrap_err().reason(),
        Reason::IdTooLong
    );
}

#[test]
fn lone_surrogates_pass_in_a_payload_and_fail_when_decoded() {
    let message = parse(r#"{"method":"m","params":{"a":"\ud800","\udc00":1}}"#);
    assert_eq!(message.payload(), Some(r#"{"a":"\ud800","\udc00":1}"#));
    assert_eq!(message.find(&["a"]).unwrap(), Some(5..13));
    assert!(message.decode::<serde_json::Value>().is_err());
}
