use crate::message::Message;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Objects within objects whose names are few, so that paths lead somewhere and names stand twice.
fn object() -> impl Strategy<Value = String> {
    let name = || select(vec!["a", "b", "o", r"\u0061", r#"a \"name\""#]);
    let leaf = select(vec!["1", r#""a""#, r#"[{"a":1}]"#, "{ }", "null", r#""\"o\":{""#]).prop_map(String::from);
    leaf.prop_recursive(4, 32, 4, move |value| {
        vec((name(), value), 0..4).prop_map(|members| {
            let members: Vec<_> = members
                .iter()
                .map(|(name, value)| format!("\"{name}\": {value}"))
                .collect();
            format!("{{{}}}", members.join(" ,"))
        })
    })
}

proptest! {
    #[test]
    fn one_walk_finds_what_a_search_for_each_path_finds(params in object()) {
        let message = Message::parse(format!(r#"{{"method":"m","params":{params}}}"#).into()).unwrap();
        let paths: [&[&str]; 4] = [&["a"], &["o", "a"], &["o", "b"], &["o", "o", "a"]];
        let each = paths.map(|path| message.find(path));
        match message.find_all(paths) {
            Ok(found) => prop_assert_eq!(found.map(Ok), each, "{}", params),
            // A search for what is not mentioned does not look for names that stand twice.
            Err(twice) => prop_assert!(
                each.iter().any(Result::is_err) || paths.iter().any(|path| !message.mentions(path[path.len() - 1])),
                "{twice} in {params}"
            ),
        }
    }
}

fn find_all<const N: usize>(params: &str, paths: [&[&str]; N]) -> Result<[Option<String>; N], usize> {
    let message = format!(r#"{{"method":"m","params":{params}}}"#);
    let message = Message::parse(message.into()).unwrap();
    let payload = message.payload().unwrap();
    let found = message.find_all(paths).map_err(|ambiguous| ambiguous.offset())?;
    for (path, found) in paths.iter().zip(&found) {
        assert_eq!(Ok(found.clone()), message.find(path), "{params}");
        assert!(found.is_none() || message.mentions(path[0]), "{params}");
    }
    Ok(found.map(|found| found.map(|range| payload[range].to_owned())))
}

#[test]
fn several_values_are_found_as_each_alone_is() {
    for (params, a, b) in [
        (r#"{"a":1,"b":"x"}"#, Some("1"), Some(r#""x""#)),
        (
            r#" { "b" : [1, {"a":2}] , "c":"\"a\"", "a" : {"b":1} } "#,
            Some(r#"{"b":1}"#),
            Some(r#"[1, {"a":2}]"#),
        ),
        (r#"{"c":{"a":1},"ab":2,"b":null}"#, None, Some("null")),
        (r#"{"\u0061":1}"#, Some("1"), None),
        ("{}", None, None),
        ("[]", None, None),
        (r#"["a",1]"#, None, None),
    ] {
        let found = find_all(params, [&["a"], &["b"]]).unwrap();
        assert_eq!([found[0].as_deref(), found[1].as_deref()], [a, b], "{params}");
    }
}

#[test]
fn a_name_that_stands_twice_is_refused() {
    let flat: [&[&str]; 2] = [&["a"], &["b"]];
    assert_eq!(find_all(r#"{"b":1,"a":{"b":2},"b":3}"#, flat), Err(19));
    assert_eq!(find_all(r#"{"a":1,"\u0061":2}"#, flat), Err(7));
    assert!(find_all(r#"{"c":1,"c":2}"#, flat).is_ok());
    assert_eq!(find_all(r#"{"o":{"a":1},"o":2}"#, [&["o", "a"]]), Err(13));
    assert_eq!(find_all(r#"{"o":{"a":1,"a":2}}"#, [&["o", "a"]]), Err(12));
}

#[test]
fn paths_may_share_their_beginning() {
    let paths: [&[&str]; 3] = [&["o", "a"], &["b"], &["o", "i", "c"]];
    for (params, a, b, c) in [
        (
            r#"{"a":0,"o":{"a":1,"i":{"c":2,"a":3},"b":4},"b":5}"#,
            Some("1"),
            Some("5"),
            Some("2"),
        ),
        (r#"{"b":5,"o":{"i":[],"a":{}}}"#, Some("{}"), Some("5"), None),
        (r#"{"o":{ } , "b" : 5}"#, None, Some("5"), None),
        (r#"{"o":[{"a":1}],"b":5}"#, None, Some("5"), None),
    ] {
        let found = find_all(params, paths).unwrap();
        assert_eq!(found.each_ref().map(Option::as_deref), [a, b, c], "{params}");
    }
}
