use super::{parse, wire};
use tower_transport::message::{Id, Message};

fn found<'a>(message: &'a Message, path: &[&str]) -> Option<&'a str> {
    message
        .find(path)
        .unwrap()
        .map(|range| &message.payload().unwrap()[range])
}

#[test]
fn values_are_found_by_their_path() {
    let message = parse(
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params": { "uri" : "a\"b" ,
        "arguments":{"name":"inner","list":[{"name":1},"name",-1.5e3,true]}, "name":"outer",
        "_meta":{"progressToken": 7 ,"io.modelcontextprotocol/protocolVersion":"2026-07-28","null":null} } }"#,
    );
    assert_eq!(found(&message, &["name"]), Some("\"outer\""));
    assert_eq!(found(&message, &["uri"]), Some(r#""a\"b""#));
    assert_eq!(found(&message, &["_meta", "progressToken"]), Some("7"));
    assert_eq!(
        found(&message, &["_meta", "io.modelcontextprotocol/protocolVersion"]),
        Some("\"2026-07-28\"")
    );
    assert_eq!(found(&message, &["_meta", "null"]), Some("null"));
    assert_eq!(
        found(&message, &["arguments", "list"]),
        Some(r#"[{"name":1},"name",-1.5e3,true]"#)
    );
    assert_eq!(found(&message, &[]), message.payload());
}

#[test]
fn what_is_not_there_is_none() {
    let message = parse(r#"{"method":"m","params":{"a":{"b":1},"list":[{"c":1}],"text":"d","":0}}"#);
    for path in [
        &["b"][..],
        &["d"],
        &["text", "d"],
        &["list", "c"],
        &["a", "b", "c"],
        &["a", "c"],
        &["x", "b"],
        &["A"],
    ] {
        assert_eq!(found(&message, path), None, "{path:?}");
    }
    assert_eq!(found(&message, &[""]), Some("0"));
    for frame in [
        r#"{"method":"m"}"#,
        r#"{"method":"m","params":[{"a":1}]}"#,
        r#"{"method":"m","params":{}}"#,
    ] {
        assert_eq!(found(&parse(frame), &["a"]), None, "{frame}");
    }
    assert_eq!(found(&parse(r#"{"id":1,"result":"a"}"#), &["a"]), None);
}

#[test]
fn a_name_that_stands_twice_on_the_way_is_ambiguous() {
    // PITFALLS 56
    for (params, path, offset) in [
        (r#"{"name":"safe","name":"unsafe"}"#, &["name"][..], 15),
        (r#"{"name":"safe","x":{"y":[]},"n\u0061me":"unsafe"}"#, &["name"], 28),
        (r#"{"n\u0061me":"safe","name":"unsafe"}"#, &["name"], 20),
        (
            r#"{"_meta":{"progressToken":1},"_meta":{}}"#,
            &["_meta", "progressToken"],
            29,
        ),
        (
            r#"{"_meta":{"progressToken":1,"progressToken":2}}"#,
            &["_meta", "progressToken"],
            28,
        ),
    ] {
        let message = parse(&format!(r#"{{"method":"m","params":{params}}}"#));
        let error = message.find(path).unwrap_err();
        assert_eq!(error.offset(), offset, "{params}");
        assert!(error.to_string().contains(&format!("byte {offset}")));
    }
}

#[test]
fn the_same_name_elsewhere_is_not_ambiguous() {
    let message = parse(r#"{"method":"m","params":{"name":"a","b":{"name":1},"c":"name","d":[{"name":2}]}}"#);
    assert_eq!(found(&message, &["name"]), Some("\"a\""));
    let message = parse(r#"{"method":"m","params":{"b":{"name":1,"x":1},"x":"name"}}"#);
    assert_eq!(found(&message, &["b", "name"]), Some("1"));
}

#[test]
fn names_are_compared_without_their_escapes() {
    let message = parse(r#"{"method":"m","params":{"\u006eame":1,"q\"":2,"back\\slash":3,"\ud800":4,"😀":5}}"#);
    assert_eq!(found(&message, &["name"]), Some("1"));
    assert_eq!(found(&message, &["q\""]), Some("2"));
    assert_eq!(found(&message, &["back\\slash"]), Some("3"));
    assert_eq!(found(&message, &["😀"]), Some("5"));
    assert_eq!(found(&message, &["\\ud800"]), None);
    let elsewhere = parse(r#"{"x\n":1,"method":"m","params":{"n\u0061me":1}}"#);
    assert_eq!(found(&elsewhere, &["name"]), Some("1"));
}

#[test]
fn a_splice_keeps_every_span_right() {
    for frame in [
        r#"{"id":1,"method":"m","params":{"_meta":{"progressToken":"mine"},"x":[1]}}"#,
        r#"{"params":{"_meta":{"progressToken":"mine"},"x":[1]},"method":"m","id":1,"more":{}}"#,
        r#"{"method":"m","params":{"_meta":{"progressToken":"mine"},"x":[1]},"id":1}"#,
    ] {
        for with in ["7", "\"a longer one than before\"", "{\"a\\u0062\":1}", "\"mine\""] {
            let message = parse(frame);
            let range = message.find(&["_meta", "progressToken"]).unwrap().unwrap();
            let spliced = message
                .clone()
                .with_id(Id::string("other"))
                .splice(range, with.as_bytes());
            let want = frame.replace("\"mine\"", with).replace("\"id\":1", "\"id\":\"other\"");
            assert_eq!(wire(&spliced), want);
            let again = parse(&want);
            assert_eq!(spliced.payload(), again.payload());
            assert_eq!(spliced.method(), again.method());
            assert_eq!(spliced.id(), again.id());
            assert_eq!(found(&spliced, &["_meta", "progressToken"]), Some(with));
            assert_eq!(wire(&message), frame, "the old one is untouched");
        }
    }
}

#[test]
fn an_escaped_key_that_was_spliced_in_is_found() {
    let message = parse(r#"{"method":"m","params":{"a":1}}"#);
    let spliced = message.splice(message.find(&["a"]).unwrap().unwrap(), br#"{"\u0062":2}"#);
    assert_eq!(found(&spliced, &["a", "b"]), Some("2"));
}

#[test]
fn what_was_spliced_in_and_is_no_json_is_walked_without_a_panic() {
    let message = parse(r#"{"method":"m","params":{"a":1,"b":2}}"#);
    let range = message.find(&["a"]).unwrap().unwrap();
    for garbage in ["]", "}}", "\"", "tru", "-", "{\"b\"", "\"\\"] {
        let spliced = message.splice(range.clone(), garbage.as_bytes());
        let found = spliced.find(&["b"]).unwrap();
        assert!(
            found.is_none_or(|range| range.end <= spliced.payload_bytes().unwrap().len()),
            "{garbage}"
        );
    }
}

#[test]
fn what_is_deeper_than_what_is_read_is_passed_as_a_whole() {
    for depth in [127, 128, 129, 130, 1000] {
        let deep = format!(
            r#"{}"]\"}}"{}"#,
            r#"[{"b":"#.repeat(depth / 2),
            " }, 1]".repeat(depth / 2)
        );
        let deep = if depth % 2 == 1 { format!("[{deep}]") } else { deep };
        let spliced = parse(r#"{"method":"m","params":{"a":0,"b":2,"c":{"d":3},"c":4}}"#);
        let spliced = spliced.splice(spliced.find(&["a"]).unwrap().unwrap(), deep.as_bytes());
        assert_eq!(found(&spliced, &["a"]), Some(&*deep), "{depth}");
        assert_eq!(found(&spliced, &["b"]), Some("2"), "{depth}");
        assert!(spliced.find(&["c", "d"]).is_err(), "{depth}");
    }
    let unclosed = format!("{}\"", "[".repeat(200));
    let spliced = parse(r#"{"method":"m","params":{"a":1,"b":2}}"#);
    let spliced = spliced.splice(spliced.find(&["a"]).unwrap().unwrap(), unclosed.as_bytes());
    assert_eq!(found(&spliced, &["b"]), None);
}

#[test]
#[should_panic(expected = "outside of the payload of 7 bytes")]
fn a_splice_outside_of_the_payload_panics() {
    let _ = parse(r#"{"method":"m","params":{"a":1}}"#).splice(3..8, b"1");
}
