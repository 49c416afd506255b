//! What must hold for any bytes, with `serde_json` as the oracle. The property test and the fuzz target both run this.

use bytes::{Bytes, BytesMut};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::fmt;
use tower_transport::message::{Id, Kind, Limits, Message, Reason};

/// The envelope as serde reads it.
#[derive(Deserialize)]
struct Oracle<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    jsonrpc: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    method: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    error: Option<&'a RawValue>,
}

/// Tells `null` from nothing, which `Option` alone does not.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// The members of an object in order, duplicates included.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

/// Panics if anything is not as it must be.
pub(crate) fn check(data: &[u8]) {
    let ours = Message::parse(Bytes::copy_from_slice(data));
    let oracle = serde_json::from_slice::<Oracle<'_>>(data);
    match (ours, oracle) {
        (Ok(message), Ok(oracle)) => {
            same_reading(data, &message, &oracle);
            rewritten(&message);
            looked_up(&message);
            cut(data, &message);
        }
        (Ok(message), Err(error)) => panic!("accepted what is none: {message:?}: {error}"),
        (Err(error), Ok(oracle)) => {
            let excuse = excuse(data, &oracle, error.reason());
            assert!(excuse, "refused without a reason on the list: {error}");
            assert!(error.offset() <= data.len());
        }
        (Err(error), Err(_)) => assert!(error.offset() <= data.len()),
    }
    // Prefixes come from frames that nobody has checked.
    let _ = Message::id_in_prefix(data);
}

/// Both accept: the same spans and values.
fn same_reading(data: &[u8], message: &Message, oracle: &Oracle<'_>) {
    let (payload, kind) = match (oracle.method, oracle.result, oracle.error) {
        (Some(_), ..) if oracle.id.is_some() => (oracle.params, Kind::Request),
        (Some(_), ..) => (oracle.params, Kind::Notification),
        (None, result @ Some(_), _) => (result, Kind::Response),
        (None, None, error) => (error, Kind::Error),
    };
    assert_eq!(message.kind(), kind);
    assert_eq!(message.id_bytes(), oracle.id.map(|id| id.get().as_bytes()));
    let method = oracle
        .method
        .map(|method| serde_json::from_str::<String>(method.get()).expect("checked by us"));
    assert_eq!(message.method().as_deref(), method.as_deref());
    assert_eq!(message.payload(), payload.map(RawValue::get));

    let frame = message.segments()[0];
    let lead = data.len() - data.trim_ascii_start().len();
    assert_eq!(frame, data.trim_ascii());
    if let (Some(ours), Some(theirs)) = (message.payload(), payload) {
        let ours = ours.as_ptr() as usize - frame.as_ptr() as usize;
        let theirs = theirs.get().as_ptr() as usize - data.as_ptr() as usize;
        assert_eq!(ours + lead, theirs, "another span with the same text");
    }
}

/// What goes out is what came in, but for what was replaced.
fn rewritten(message: &Message) {
    let new = Id::string("another id");
    let renamed = message.clone().with_id(new.clone());
    assert_eq!(renamed.id(), message.id().map(|_| new));
    let bytes = renamed.to_bytes();
    assert_eq!(bytes, renamed.segments().concat());
    assert_eq!(bytes.len(), renamed.wire_len());
    let mut out = BytesMut::new();
    renamed.write_to(&mut out);
    assert_eq!(bytes, out);
    assert!(bytes.ends_with(&renamed.tail()));
    let again = Message::parse(bytes).expect("still a message");
    assert_eq!(
        (again.kind(), again.id(), again.method(), again.payload()),
        (renamed.kind(), renamed.id(), renamed.method(), renamed.payload())
    );

    let line = renamed.clone().on_one_line().to_bytes();
    assert!(!line.contains(&b'\n') && !line.contains(&b'\r'));
    if let Ok(value) = serde_json::from_slice::<Value>(&renamed.to_bytes()) {
        assert_eq!(serde_json::from_slice::<Value>(&line).expect("still JSON"), value);
    }
}

/// A lookup finds what an ordered list of all members has, and a splice there changes that alone.
fn looked_up(message: &Message) {
    let payload = message.payload().unwrap_or("null");
    let Ok(Members(members)) = serde_json::from_str(payload) else {
        return;
    };
    let mut times = HashMap::<&str, usize>::new();
    for (name, _) in &members {
        *times.entry(name).or_default() += 1;
    }
    assert_eq!(message.find(&["no such name"]), Ok(None));
    for (name, value) in members.iter().take(8) {
        match message.find(&[name]) {
            Ok(range) => {
                assert_eq!(times[name.as_str()], 1, "{name} stands twice");
                let range = range.expect("it is there");
                assert_eq!(&payload[range.clone()], value.get());
                let spliced = message.splice(range, b"[\"sp\\u006ciced\"]");
                let again = Message::parse(spliced.to_bytes()).expect("still a message");
                assert_eq!((spliced.id(), spliced.method()), (message.id(), message.method()));
                assert_eq!((again.id(), again.method()), (message.id(), message.method()));
                assert_eq!(spliced.payload(), again.payload());
            }
            Err(_) => assert!(times[name.as_str()] > 1, "{name} stands once"),
        }
        if let Ok(Members(inner)) = serde_json::from_str(value.get()) {
            for (below, value) in inner.iter().take(4) {
                match message.find(&[name, below]) {
                    Ok(range) => assert_eq!(&payload[range.expect("it is there")], value.get()),
                    Err(_) => {
                        let twice = inner.iter().filter(|(name, _)| name == below).count() > 1;
                        assert!(twice || times[name.as_str()] > 1, "{name} and {below} stand once");
                    }
                }
            }
        }
    }
}

/// Whatever is cut off, the head is the message's own or nothing.
fn cut(data: &[u8], message: &Message) {
    let id = message.id().filter(|id| !id.is_null());
    assert_eq!(Message::id_in_prefix(data).id, id);
    for end in 0..data.len().min(256) {
        let head = Message::id_in_prefix(&data[..end]);
        assert!(head.id.is_none() || head.id == id);
        match head.kind {
            Some(Kind::Response | Kind::Error) if message.method().is_none() => {}
            Some(Kind::Request) | None => {}
            Some(kind) => panic!("{kind:?} in a cut {message:?}"),
        }
    }
}

/// We refuse what serde takes: for something that is on the list, and is there.
fn excuse(data: &[u8], oracle: &Oracle<'_>, reason: Reason) -> bool {
    let id = oracle.id.map_or("", RawValue::get);
    let no_text = |raw: &RawValue| raw.get().starts_with('"') && serde_json::from_str::<String>(raw.get()).is_err();
    let outcomes = usize::from(oracle.result.is_some()) + usize::from(oracle.error.is_some());
    match reason {
        // Where serde ignores a value, it does not look at the encoding.
        Reason::NotUtf8 => std::str::from_utf8(data).is_err(),
        Reason::Batch => data.trim_ascii_start().starts_with(b"["),
        Reason::TooDeep => deepest(data) > Limits::default().depth,
        Reason::LoneSurrogate => oracle.method.is_some_and(no_text) || oracle.id.is_some_and(no_text),
        Reason::WrongVersion => oracle.jsonrpc.is_some_and(|version| {
            serde_json::from_str::<Value>(version.get()).map_or(true, |version| version != "2.0")
        }),
        Reason::MethodType => oracle.method.is_some_and(|method| !method.get().starts_with('"')),
        Reason::IdType => id.starts_with(['t', 'f', '{', '[']),
        Reason::IdTooLong => id.len() > Limits::default().id,
        Reason::NullId => id == "null" && oracle.error.is_none(),
        Reason::NoMethodOrId => oracle.method.is_none() && oracle.id.is_none() && oracle.error.is_none(),
        Reason::NoResult => oracle.method.is_none() && outcomes == 0,
        Reason::MethodAndResult => oracle.method.is_some() && outcomes > 0,
        Reason::ResultAndError => outcomes == 2,
        _ => false,
    }
}

/// How deep brackets nest in what is known to be JSON.
fn deepest(data: &[u8]) -> usize {
    let (mut open, mut most, mut text, mut escaped) = (0_usize, 0, false, false);
    for byte in data {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => text = !text,
            b'{' | b'[' if !text => open += 1,
            b'}' | b']' if !text => open -= 1,
            _ => {}
        }
        most = most.max(open);
    }
    most
}
