use tower_transport::message::{Id, Kind, Message, PrefixHead};

fn head(prefix: &str) -> (Option<String>, Option<Kind>) {
    let PrefixHead { id, kind } = Message::id_in_prefix(prefix.as_bytes());
    (id.map(|id| id.to_string()), kind)
}

#[test]
fn the_id_of_a_cut_frame_is_found_at_its_own_level_only() {
    let id = |id: &str| Some(id.to_owned());
    let cases = [
        (
            r#"{"jsonrpc":"2.0","id":12,"result":{"content":["#,
            id("12"),
            Some(Kind::Response),
        ),
        (
            r#" {"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"na"#,
            id("\"a\""),
            Some(Kind::Request),
        ),
        (r#"{"id":1,"params":{"#, id("1"), Some(Kind::Request)),
        (r#"{"id":1,"error":{"code""#, id("1"), Some(Kind::Error)),
        (r#"{"i\u0064":1,"x":"#, id("1"), None),
        (r#"{"method":"m","params":{"id":3,"#, None, Some(Kind::Request)),
        (
            r#"{"params":{"id":3},"id":4,"method":"m""#,
            id("4"),
            Some(Kind::Request),
        ),
        (r#"{"result":[{"id":3}],"id":4}"#, id("4"), Some(Kind::Response)),
        (r#"{"id":1,"id":2,"method":"m"#, None, Some(Kind::Request)),
        (r#"{"id":1,"method":"m","result":1,"method":"m","#, id("1"), None),
        (r#"{"id":null,"error":{}"#, None, Some(Kind::Error)),
        (r#"{"id":{"id":1},"method":"#, None, Some(Kind::Request)),
        (r#"{"a":nonsense,"id":1,"#, None, None),
        (r#"[{"id":1,"#, None, None),
        ("not json", None, None),
        ("", None, None),
    ];
    for (prefix, id, kind) in cases {
        assert_eq!(head(prefix), (id, kind), "{prefix}");
    }
}

#[test]
fn what_the_cut_went_through_is_not_taken() {
    let frame = r#"{"jsonrpc":"2.0","id":1234,"result":{}}"#;
    for cut in 0..frame.len() {
        let want = (cut > frame.find(',').unwrap() + r#","id":1234"#.len()).then(|| Id::number(1234));
        assert_eq!(
            Message::id_in_prefix(&frame.as_bytes()[..cut]).id,
            want,
            "{}",
            &frame[..cut]
        );
    }
    assert_eq!(
        Message::id_in_prefix("{\"id\":\"é".as_bytes().split_last().unwrap().1),
        PrefixHead::default()
    );
    assert_eq!(Message::id_in_prefix(b"{\"id\":\"\xff\",\"method\":").id, None);
}

#[test]
fn an_id_over_the_cap_is_not_taken() {
    let prefix = format!(r#"{{"id":"{}","method":"m","#, "i".repeat(300));
    assert_eq!(Message::id_in_prefix(prefix.as_bytes()).id, None);
}
