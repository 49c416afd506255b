//! What of a peer is shown, and what is not.

use crate::script::{Ask, Piece, Script, Step, ask, next, once};
use crate::support::{Redacted, fields, logged};
use std::future::ready;
use std::io;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_transport_layers::trace::{Show, TraceLayer};
use tracing::Level;

#[test]
fn secret_does_not_leak_by_default() {
    let log = logged(Level::TRACE, async {
        let mut service = TraceLayer::new().layer(once(Script::new([Step::Item(1), Step::Fail])));
        let mut reply = Box::pin(service.ready().await.unwrap().call(ask("login")).await.unwrap());
        while next(&mut reply).await.is_some() {}
    });
    assert!(log.text().contains("login") && log.text().contains("error"));
    assert!(!log.text().contains("hunter2"), "{}", log.text());
}

#[test]
fn payload_is_what_the_function_gives_cut_and_escaped() {
    let log = logged(Level::TRACE, async {
        let layer = TraceLayer::new()
            .show(Redacted)
            .payload_cap(24)
            .payload_level(Level::TRACE);
        let mut service = layer.layer(once(Script::new([Step::Item(3), Step::Item(13), Step::Item(30)])));
        let mut reply = Box::pin(service.ready().await.unwrap().call(ask("login")).await.unwrap());
        while next(&mut reply).await.is_some() {}
    });
    let payload = |what: &str, payload: &str| (Level::TRACE, fields([("message", what), ("payload", payload)]));
    assert_eq!(
        log.events()[..3],
        [
            payload("request", r#"id=Some("7") secret=***\n"#),
            payload("item", "xxx"),
            payload("item", &format!("{}…", "x".repeat(24))),
        ]
    );
    assert_eq!(
        log.events().len(),
        4,
        "nothing is shown of an item for which it gives nothing"
    );
    assert!(log.seen.lock().unwrap().outside.is_empty());
}

#[test]
fn payload_is_not_asked_for_below_its_level() {
    #[derive(Clone)]
    struct Never;
    impl Show<Ask, Piece> for Never {
        fn request(&self, _: &Ask) -> Option<String> {
            panic!("asked")
        }
    }
    let log = logged(Level::INFO, async {
        let mut service = TraceLayer::new().show(Never).layer(once(Script::new([])));
        service.ready().await.unwrap().call(ask("a")).await.unwrap();
    });
    assert_eq!(log.fields(0)["outcome"], "ok");
}

#[test]
fn text_of_errors_is_shown_where_it_is_allowed_cut_and_escaped() {
    let log = logged(Level::INFO, async {
        let layer = TraceLayer::new()
            .show_errors(true)
            .payload_cap(8)
            .kinds(|_: &io::Error| "mine");
        let mut service = layer.layer(service_fn(|_: Ask| {
            ready(Err::<Script, _>(io::Error::other("line\nfeed and more")))
        }));
        service.ready().await.unwrap().call(ask("a")).await.unwrap_err();
    });
    assert_eq!(log.fields(0)["error"], r"line\nfee…");
    assert_eq!(log.fields(0)["kind"], "mine");
}

#[test]
fn method_and_id_of_a_peer_are_cut_and_escaped() {
    let log = logged(Level::INFO, async {
        let mut evil = ask(&"m".repeat(1 << 20));
        evil.id = Some("1\u{1b}[2J\nlevel=ERROR \u{202e}".to_owned());
        let mut service = TraceLayer::new().layer(once(Script::new([])));
        service.ready().await.unwrap().call(evil).await.unwrap();
        let mut service = TraceLayer::new().name_cap(3).layer(once(Script::new([])));
        service.ready().await.unwrap().call(ask("tools/call")).await.unwrap();
    });
    assert_eq!(log.fields(0)["method"], format!("{}…", "m".repeat(128)));
    assert_eq!(log.fields(0)["id"], r"1\u{1b}[2J\nlevel=ERROR \u{202e}");
    assert_eq!(log.fields(1)["method"], "too…");
}
