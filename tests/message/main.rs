//! What a message keeps, gives and refuses.

mod allocations;
mod build;
mod lookup;
mod prefix;
mod refuse;
mod wire;

use bytes::Bytes;
use serde_json::json;
use std::borrow::Cow;
use tower_transport::message::{ErrorObject, Id, Kind, Message, ParseError, code};

fn parse(frame: &str) -> Message {
    Message::parse(Bytes::copy_from_slice(frame.as_bytes())).unwrap_or_else(|error| panic!("{frame}: {error}"))
}

fn wire(message: &Message) -> String {
    String::from_utf8(message.to_bytes().to_vec()).unwrap()
}

fn refusal(frame: &[u8]) -> ParseError {
    match Message::parse(Bytes::copy_from_slice(frame)) {
        Err(error) => error,
        Ok(message) => panic!("accepted {}: {message:?}", String::from_utf8_lossy(frame)),
    }
}

#[test]
fn a_message_is_small() {
    assert!(size_of::<Message>() <= 112, "{} bytes", size_of::<Message>());
    assert_eq!(size_of::<Id>(), 40);
}

#[test]
fn each_kind_is_told_by_its_members() {
    let cases = [
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
            Kind::Request,
            Some("1"),
            Some("ping"),
            None,
        ),
        (
            r#"{"method":"ping","params":[1],"id":"a"}"#,
            Kind::Request,
            Some("\"a\""),
            Some("ping"),
            Some("[1]"),
        ),
        (
            r#"{"jsonrpc":"2.0","method":"note","params":{}}"#,
            Kind::Notification,
            None,
            Some("note"),
            Some("{}"),
        ),
        (
            r#"{"result":null,"jsonrpc":"2.0","id":-1.50e+3}"#,
            Kind::Response,
            Some("-1.50e+3"),
            None,
            Some("null"),
        ),
        (
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":1}}"#,
            Kind::Error,
            Some("null"),
            None,
            Some(r#"{"code":1}"#),
        ),
        (
            r#"{"jsonrpc":"2.0","error":{"code":1}}"#,
            Kind::Error,
            None,
            None,
            Some(r#"{"code":1}"#),
        ),
    ];
    for (frame, kind, id, method, payload) in cases {
        let message = parse(frame);
        assert_eq!(message.kind(), kind, "{frame}");
        assert_eq!(message.id_bytes(), id.map(str::as_bytes), "{frame}");
        assert_eq!(message.id().map(|id| id.to_string()).as_deref(), id, "{frame}");
        assert_eq!(message.method().as_deref(), method, "{frame}");
        assert_eq!(message.payload(), payload, "{frame}");
        assert_eq!(message.payload_bytes(), payload.map(str::as_bytes), "{frame}");
        assert_eq!(wire(&message), frame);
    }
}

#[test]
fn whitespace_around_the_object_is_not_kept() {
    let message = parse(" \r\n {\"id\" : 1 ,\"method\":\t\"m\",\"params\" : [ ] } \r\n");
    assert_eq!(wire(&message), "{\"id\" : 1 ,\"method\":\t\"m\",\"params\" : [ ] }");
    assert_eq!(message.id(), Some(Id::number(1)));
    assert_eq!(message.method().as_deref(), Some("m"));
    assert_eq!(message.payload(), Some("[ ]"));
}

#[test]
fn escapes_in_names_and_methods_are_read() {
    let message = parse(r#"{"i\u0064":1,"\u006dethod":"a\/\ud83d\ude00b"}"#);
    assert_eq!(message.id(), Some(Id::number(1)));
    assert_eq!(message.method(), Some(Cow::Owned("a/😀b".to_owned())));
    assert!(matches!(
        parse(r#"{"method":"plain"}"#).method(),
        Some(Cow::Borrowed("plain"))
    ));
    assert_eq!(
        parse(r#"{"jsonrpc":"2\u002e0","method":"m"}"#).kind(),
        Kind::Notification
    );
}

#[test]
fn ids_keep_their_bytes_and_their_type() {
    // PITFALLS 58
    for id in [
        "9007199254740993",
        "18446744073709551616",
        "1",
        "1.0",
        "1e0",
        "-0",
        "\"1\"",
        r#""\u0031""#,
    ] {
        let frame = format!(r#"{{"id":{id},"method":"m"}}"#);
        let message = parse(&frame);
        assert_eq!(message.id().unwrap().as_str(), id);
        let reply = Message::response(&message.id().unwrap(), &()).unwrap();
        assert_eq!(wire(&reply), format!(r#"{{"jsonrpc":"2.0","id":{id},"result":null}}"#));
    }
    let ids: Vec<Id> = ["1", "1.0", "\"1\""]
        .iter()
        .map(|raw| Id::from_raw(raw.as_bytes()).unwrap())
        .collect();
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
}

#[test]
fn payloads_decode() {
    let message = parse(r#"{"id":1,"result":{"a":[1,2]}}"#);
    assert_eq!(message.decode::<serde_json::Value>().unwrap(), json!({"a": [1, 2]}));
    let error = message.decode::<Vec<u8>>().unwrap_err();
    assert_eq!(error.member(), "result");
    assert_eq!(error.to_string(), "`result` is not of the type asked for");
    assert!(
        std::error::Error::source(&error)
            .unwrap()
            .to_string()
            .contains("expected a sequence")
    );
    assert_eq!(parse(r#"{"method":"m"}"#).decode::<Option<u8>>().unwrap(), None);
    assert_eq!(
        parse(r#"{"method":"m"}"#).decode::<u8>().unwrap_err().member(),
        "params"
    );

    let failure = parse(r#"{"id":1,"error":{"code":-32601,"message":"no \"x\"","data":{"k":1}}}"#);
    let object: ErrorObject = failure.decode().unwrap();
    assert_eq!(
        (object.code, object.message.as_str()),
        (code::METHOD_NOT_FOUND, "no \"x\"")
    );
    assert_eq!(object.data.unwrap().get(), r#"{"k":1}"#);
}
