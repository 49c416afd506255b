//! Messages against `serde_json`, over generated and mutated frames. The fuzz target in `fuzz/` runs the same check.

#[path = "fuzz/check.rs"]
mod check;

use bytes::Bytes;
use check::check;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use tower_transport::message::Message;

/// Whitespace between tokens: mostly none.
fn blank() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => Just(String::new()),
        1 => select(vec![" ", "\n", "\r\n", "\t  ", "  \n    "]).prop_map(String::from),
    ]
}

/// A string with its quotes, out of pieces that scanners stumble over.
fn string() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[ -!#-\\[\\]-~]{0,12}",
        2 => select(vec![
            "\\\"", "\\\\", "\\/", "\\n", "\\u0041", "\\u0000", "\\ud83d\\ude00", "\\ud800", "\\udc00\\ud800", "é", "😀", "\u{7f}", "\u{2028}",
            "{", "]", ",\\\"id\\\":", "\\\\\\\"",
        ])
        .prop_map(String::from),
        1 => (1..120_usize).prop_map(|length| "x".repeat(length)),
    ];
    vec(piece, 0..4).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        select(vec![
            "0",
            "-0",
            "1.0",
            "-0.0e0",
            "9007199254740993",
            "1e999",
            "-1.5E+10",
            "123456789012345678901234567890",
            "2e-7"
        ])
        .prop_map(String::from),
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => select(vec![
            "\"id\"", "\"name\"", "\"_meta\"", "\"progressToken\"", "\"n\\u0061me\"", "\"method\"", "\"a\"", "\"\\u005fmeta\"", "\"\"",
        ])
        .prop_map(String::from),
        1 => string(),
    ]
}

fn array(items: Vec<(String, String, String)>) -> String {
    let items: Vec<String> = items
        .into_iter()
        .map(|(before, item, after)| format!("{before}{item}{after}"))
        .collect();
    format!("[{}]", items.join(","))
}

fn object(members: Vec<(String, String, String, String)>) -> String {
    let members: Vec<String> = members
        .into_iter()
        .map(|(name, before, value, after)| format!("{before}{name}{after}:{before}{value}{after}"))
        .collect();
    format!("{{{}}}", members.join(","))
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        string(),
        number(),
        select(vec!["true", "false", "null", "[]", "{ }"]).prop_map(String::from)
    ];
    leaf.prop_recursive(6, 48, 6, |inner| {
        prop_oneof![
            vec((blank(), inner.clone(), blank()), 0..6).prop_map(array),
            vec((name(), blank(), inner, blank()), 0..6).prop_map(object),
        ]
    })
}

/// Members as peers send them, and now and then something else in their place.
fn member() -> impl Strategy<Value = (String, String)> {
    let named = |names: &'static [&'static str]| select(names).prop_map(|name| format!("\"{name}\""));
    let id = prop_oneof![6 => number(), 6 => string(), 1 => Just("null".to_owned()), 1 => json()];
    let version = prop_oneof![8 => Just("\"2.0\"".to_owned()), 1 => Just("\"2\\u002e0\"".to_owned()), 1 => json()];
    prop_oneof![
        2 => (named(&["jsonrpc"]), version),
        6 => (named(&["id", "id", "id", "id", "i\\u0064", "\\u0069\\u0064"]), id),
        4 => (named(&["method", "method", "m\\u0065thod"]), prop_oneof![9 => string(), 1 => json()]),
        4 => (named(&["params"]), json()),
        2 => (named(&["result", "r\\u0065sult"]), json()),
        2 => (named(&["error"]), json()),
        2 => (name(), json()),
    ]
}

fn frame() -> impl Strategy<Value = String> {
    let member = (member(), blank(), blank()).prop_map(|((name, value), before, after)| (name, before, value, after));
    (blank(), vec(member, 0..6).prop_map(object), blank()).prop_map(|(before, object, after)| before + &object + &after)
}

/// A frame that is a message for certain.
fn message() -> impl Strategy<Value = String> {
    let id = prop_oneof![number(), "\"[a-z0-9-]{0,40}\""];
    let method = prop_oneof![Just("\"tools/call\"".to_owned()), Just("\"m\\u0065\\n\"".to_owned())];
    let parts = prop_oneof![
        (id.clone(), method, json()).prop_map(|(id, method, json)| vec![
            ("\"id\"", id),
            ("\"method\"", method),
            ("\"params\"", json)
        ]),
        (id.clone(), json()).prop_map(|(id, json)| vec![("\"id\"", id), ("\"result\"", json)]),
        (id, json()).prop_map(|(id, json)| vec![("\"id\"", id), ("\"error\"", json)]),
        json().prop_map(|json| vec![("\"params\"", json), ("\"method\"", "\"note\"".to_owned())]),
    ];
    (parts.prop_shuffle(), vec((blank(), blank()), 3), blank()).prop_map(|(parts, blanks, around)| {
        let members = parts.into_iter().zip(blanks);
        let members = members
            .map(|((name, value), (before, after))| (name.to_owned(), before, value, after))
            .collect();
        format!("{around}{}{around}", object(members))
    })
}

#[derive(Debug, Clone)]
enum Mutation {
    Set(Index, u8),
    Insert(Index, u8),
    Remove(Index),
    Cut(Index),
    Repeat(Index, Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let byte = prop_oneof![any::<u8>(), select(b"\"\\{}[]:,0-.eE+tfnu \n\0".to_vec())];
    prop_oneof![
        (any::<Index>(), byte.clone()).prop_map(|(at, byte)| Mutation::Set(at, byte)),
        (any::<Index>(), byte).prop_map(|(at, byte)| Mutation::Insert(at, byte)),
        any::<Index>().prop_map(Mutation::Remove),
        any::<Index>().prop_map(Mutation::Cut),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Mutation::Repeat(from, to)),
    ]
}

fn mutate(frame: &str, mutations: &[Mutation]) -> Vec<u8> {
    let mut bytes = frame.as_bytes().to_vec();
    for mutation in mutations {
        if bytes.is_empty() {
            break;
        }
        let len = bytes.len();
        match mutation {
            Mutation::Set(at, byte) => bytes[at.index(len)] = *byte,
            Mutation::Insert(at, byte) => bytes.insert(at.index(len), *byte),
            Mutation::Remove(at) => drop(bytes.remove(at.index(len))),
            Mutation::Cut(at) => bytes.truncate(at.index(len)),
            Mutation::Repeat(from, to) => {
                let (from, to) = (from.index(len), to.index(len));
                let piece = bytes[from.min(to)..from.max(to)].to_vec();
                bytes.splice(from..from, piece);
            }
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn messages_are_accepted_and_read_as_serde_reads_them(message in message()) {
        prop_assert!(Message::parse(Bytes::from(message.clone())).is_ok());
        check(message.as_bytes());
    }

    #[test]
    fn objects_read_as_serde_reads_them_or_are_refused_for_a_reason(frame in frame()) {
        check(frame.as_bytes());
    }

    #[test]
    fn mutated_frames_read_as_serde_reads_them_or_are_refused(
        frame in prop_oneof![message(), frame()],
        mutations in vec(mutation(), 1..4),
    ) {
        check(&mutate(&frame, &mutations));
    }

    #[test]
    fn any_json_and_any_bytes_are_judged_alike(json in json(), bytes in vec(any::<u8>(), 0..64)) {
        check(json.as_bytes());
        check(&bytes);
    }
}

#[test]
fn nesting_around_the_cap_is_judged_alike() {
    for levels in 120..=140 {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            check(
                format!(
                    r#"{{"method":"m","params":{}1{}}}"#,
                    open.repeat(levels),
                    close.repeat(levels)
                )
                .as_bytes(),
            );
        }
    }
}
