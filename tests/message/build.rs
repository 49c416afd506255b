use super::{parse, wire};
use bytes::BytesMut;
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;
use tower_transport::message::{Id, Kind, Message};

/// What the builder says about the message is what a scan finds in its bytes.
fn agrees_with_a_scan(message: &Message, want: &str) {
    assert_eq!(wire(message), want);
    let scanned = parse(want);
    assert_eq!(message.kind(), scanned.kind());
    assert_eq!(message.id_bytes(), scanned.id_bytes());
    assert_eq!(message.method(), scanned.method());
    assert_eq!(message.payload(), scanned.payload());
    for path in [&["a"][..], &["b"], &["a", "b"]] {
        assert_eq!(message.find(path), scanned.find(path), "{path:?} in {want}");
    }
}

#[test]
fn builders_write_what_a_scan_reads() {
    let id = Id::number(7);
    let params = json!({"a": {"b": "é\n"}});
    agrees_with_a_scan(
        &Message::request(&id, "tools/call", &params).unwrap(),
        r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"a":{"b":"é\n"}}}"#,
    );
    agrees_with_a_scan(
        &Message::request(&Id::string("x\"y"), "odd \"name\"\n", &json!({"a\"": 1, "b": 2})).unwrap(),
        r#"{"jsonrpc":"2.0","id":"x\"y","method":"odd \"name\"\n","params":{"a\"":1,"b":2}}"#,
    );
    agrees_with_a_scan(
        &Message::notification("note", &[1, 2]).unwrap(),
        r#"{"jsonrpc":"2.0","method":"note","params":[1,2]}"#,
    );
    agrees_with_a_scan(
        &Message::response(&id, &"done").unwrap(),
        r#"{"jsonrpc":"2.0","id":7,"result":"done"}"#,
    );
    agrees_with_a_scan(
        &Message::error(&Id::null(), -32700, "a \"quoted\" text"),
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"a \"quoted\" text"}}"#,
    );
    agrees_with_a_scan(
        &Message::error_with(&id, -1, "no", &json!({"b": 1})).unwrap(),
        r#"{"jsonrpc":"2.0","id":7,"error":{"code":-1,"message":"no","data":{"b":1}}}"#,
    );
}

#[test]
fn params_that_are_null_are_left_out_and_a_null_result_is_not() {
    let id = Id::number(1);
    for message in [
        Message::request(&id, "m", &()).unwrap(),
        Message::request(&id, "m", &None::<u8>).unwrap(),
        Message::request(&id, "m", &serde_json::Value::Null).unwrap(),
    ] {
        agrees_with_a_scan(&message, r#"{"jsonrpc":"2.0","id":1,"method":"m"}"#);
        assert_eq!(message.payload(), None);
    }
    agrees_with_a_scan(
        &Message::notification("m", &()).unwrap(),
        r#"{"jsonrpc":"2.0","method":"m"}"#,
    );
    agrees_with_a_scan(
        &Message::response(&id, &()).unwrap(),
        r#"{"jsonrpc":"2.0","id":1,"result":null}"#,
    );
}

#[test]
fn raw_json_with_line_breaks_goes_out_on_one_line() {
    // PITFALLS 59
    let raw = RawValue::from_string("{\n\"a\":1}".to_owned()).unwrap();
    let message = Message::response(&Id::number(1), &raw).unwrap();
    assert_eq!(
        wire(&message.on_one_line()),
        r#"{"jsonrpc":"2.0","id":1,"result":{ "a":1}}"#
    );
}

#[test]
fn a_buffer_of_the_callers_is_used_and_used_again() {
    let mut pool = BytesMut::with_capacity(4096);
    pool.extend_from_slice(b"left over");
    let start = pool.as_ptr();
    let first = Message::request_in(&mut pool, &Id::number(1), "m", &[1]).unwrap();
    assert_eq!(wire(&first), r#"{"jsonrpc":"2.0","id":1,"method":"m","params":[1]}"#);
    assert_eq!(first.segments()[0].as_ptr(), start, "written straight into the buffer");
    let second = Message::notification_in(&mut pool, "n", &()).unwrap();
    let third = Message::response_in(&mut pool, &Id::number(3), &0).unwrap();
    let fourth = Message::error_in(&mut pool, &Id::number(4), 5, "no");
    let fifth = Message::error_with_in(&mut pool, &Id::number(4), 5, "no", &[0]).unwrap();
    let mut end = start;
    for message in [&first, &second, &third, &fourth, &fifth] {
        assert_eq!(
            message.segments()[0].as_ptr(),
            end,
            "one behind the other, in the same block"
        );
        end = message.segments()[0].as_ptr_range().end;
    }
    assert!(pool.is_empty() && pool.capacity() > 3500);
    assert_eq!([first.kind(), fourth.kind()], [Kind::Request, Kind::Error]);
}

#[test]
fn what_does_not_serialise_is_an_error_and_leaves_the_buffer_empty() {
    struct Broken;
    impl Serialize for Broken {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("broken"))
        }
    }
    let mut pool = BytesMut::new();
    let error = Message::request_in(&mut pool, &Id::number(1), "m", &Broken).unwrap_err();
    assert_eq!(error.to_string(), "broken");
    assert!(pool.is_empty());
    assert!(Message::error_with(&Id::number(1), 1, "no", &Broken).is_err());
}

#[test]
fn ids_are_made_as_they_are_written() {
    assert_eq!(Id::null().as_str(), "null");
    assert!(Id::null().is_null() && !Id::string("null").is_null());
    for number in [0, 9, 10, 9_007_199_254_740_993, u64::MAX] {
        assert_eq!(Id::number(number).as_str(), number.to_string());
        assert_eq!(Id::number(number).as_u64(), Some(number));
        assert_eq!(Id::number(number), Id::from_raw(number.to_string().as_bytes()).unwrap());
    }
    let long = "x".repeat(300);
    for text in ["", "a", "é😀", "q\"\\\n\u{7f}", &"y".repeat(36), &"y".repeat(37), &long] {
        assert_eq!(Id::string(text).as_str(), serde_json::to_string(text).unwrap());
        assert_eq!(
            format!("{:?} {0}", Id::string(text)),
            format!("{0} {0}", serde_json::to_string(text).unwrap())
        );
    }
    for raw in ["7.0", "\"7\"", "-7", "18446744073709551616", "null", "1e3"] {
        let id = if raw == "null" {
            Id::null()
        } else {
            Id::from_raw(raw.as_bytes()).unwrap()
        };
        assert_eq!(id.as_u64(), None, "{raw}");
    }
    for raw in [
        "",
        "null",
        "true",
        "[1]",
        "07",
        " 7",
        "7 ",
        "1,2",
        "\"a",
        "\"\\ud800\"",
        "\"a\nb\"",
        &Id::string(&long).to_string(),
    ] {
        let error = Id::from_raw(raw.as_bytes()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "an id is one JSON string or number of at most 256 bytes",
            "{raw}"
        );
    }
    assert!(Id::from_raw(b"\"\xff\"").is_err());
}

#[test]
fn an_id_serialises_as_the_raw_json_it_is() {
    #[derive(Serialize)]
    struct Params {
        #[serde(rename = "requestId")]
        request_id: Id,
    }
    for raw in ["9007199254740993", "1.0", "\"a\\u0062\""] {
        let params = Params {
            request_id: Id::from_raw(raw.as_bytes()).unwrap(),
        };
        assert_eq!(
            serde_json::to_string(&params).unwrap(),
            format!("{{\"requestId\":{raw}}}")
        );
    }
}
