//! What `RespondLayer` says of which error.

use super::request;
use super::respond::{Around, Broken};
use serde_json::{Value, json};
use std::future::ready;
use std::time::Duration;
use tower::Layer;
use tower_transport::BoxError;
use tower_transport::exchange::respond::{Fault, RespondLayer};
use tower_transport::exchange::{ExchangeExt, NoResponse, unary};
use tower_transport::layers::catch_panic::{Panicked, Place};
use tower_transport::layers::drain::{Draining, Interrupted};
use tower_transport::layers::in_flight::Overloaded;
use tower_transport::layers::in_flight::bytes::{BytesOverloaded, NeverFits};
use tower_transport::layers::max_message_size::{Direction, TooLarge, TooManyItems};
use tower_transport::layers::timeout::{Elapsed, Phase};
use tower_transport::message::{Id, Message};

/// What a caller is told of a call that failed with `error`.
async fn told(layer: RespondLayer, error: impl Fn() -> BoxError) -> Value {
    let mut stack = layer.layer(unary(|_| ready(Err::<Message, _>(error()))));
    let answer = stack.request(request("ping")).await.unwrap();
    answer.decode().unwrap()
}

#[tokio::test]
async fn unknown_error_is_internal_and_its_text_stays_here() {
    let error = || BoxError::from(Around(Broken("/etc/secret")));
    assert_eq!(
        told(RespondLayer::new(), error).await,
        json!({
            "code": -32603,
            "message": "internal error",
            "data": {"origin": "transport", "kind": "internal", "may_have_run": true, "retryable": false},
        })
    );
    let shown = told(RespondLayer::new().show_causes(true), error).await;
    assert_eq!(shown["message"], "it did not work: broken: /etc/secret");
    assert_eq!(shown["data"]["kind"], "internal");
    let hidden = told(RespondLayer::new().show_causes(true).show_causes(false), error).await;
    assert_eq!(hidden["message"], "internal error");
}

#[tokio::test]
async fn rules_of_ones_own_find_their_error_in_the_chain_and_come_first() {
    let layer = RespondLayer::new()
        .on::<Broken>(|error| Fault::new(4, format!("no {}", error.0)).may_have_run(false))
        .on::<Around>(|_| Fault::new(5, "later rules are asked later"))
        .on::<NoResponse>(|_| Fault::internal("quiet").kind("mute"));
    let told_of = told(layer.clone(), || Around(Broken("tea")).into()).await;
    assert_eq!(
        told_of,
        json!({"code": 4, "message": "no tea", "data": {"origin": "transport", "may_have_run": false}})
    );
    // Before the rules that are there already, and also where causes are shown.
    let told_of = told(layer.clone().show_causes(true), || NoResponse::new().into()).await;
    assert_eq!(
        (&told_of["message"], &told_of["data"]["kind"]),
        (&json!("quiet"), &json!("mute"))
    );
    // An error that no rule is for.
    let told_of = told(layer, || "other".into()).await;
    assert_eq!(told_of["message"], "internal error");
}

#[tokio::test]
async fn rules_are_added_to_one_layer_and_not_to_its_clones() {
    let plain = RespondLayer::new();
    let ruled = plain.clone().on::<Broken>(|_| Fault::new(4, "ruled"));
    assert_eq!(told(plain, || Broken("x").into()).await["code"], -32603);
    assert_eq!(told(ruled, || Broken("x").into()).await["code"], 4);
}

#[test]
fn fault_says_all_that_it_was_given() {
    let fault = Fault::new(9, "too slow")
        .kind("slow")
        .phase("lunch")
        .limit(10)
        .size(11)
        .elapsed(Duration::from_millis(1500))
        .may_have_run(true)
        .retryable(false);
    assert_eq!(fault.code(), 9);
    let message = fault.message(&Id::string("a"));
    assert_eq!(message.id(), Some(Id::string("a")));
    assert_eq!(
        message.decode::<Value>().unwrap(),
        json!({"code": 9, "message": "too slow", "data": {
            "origin": "transport", "kind": "slow", "phase": "lunch", "limit": 10, "size": 11, "elapsed_ms": 1500,
            "may_have_run": true, "retryable": false,
        }})
    );
    let own = fault.data(&json!({"mine": 1})).unwrap().message(&Id::null());
    assert_eq!(own.decode::<Value>().unwrap()["data"], json!({"mine": 1}));
}

#[tokio::test]
async fn text_is_cut_whether_it_is_that_of_causes_or_of_a_rule() {
    let long = "é".repeat(1 << 20);
    let is_cut = |told_of: &Value| {
        let text = told_of["message"].as_str().unwrap();
        (2000..=2051).contains(&text.len()) && text.ends_with("é…")
    };
    let error = || BoxError::from(long.clone());
    let shown = told(RespondLayer::new().show_causes(true), error).await;
    assert!(is_cut(&shown), "{shown}");
    let ruled = RespondLayer::new().on::<Around>({
        let long = long.clone();
        move |_| Fault::new(4, long.clone())
    });
    assert!(is_cut(&told(ruled, || Around(Broken("x")).into()).await));
    let fault = Fault::with_causes(&*error()).message(&Id::null());
    assert!(is_cut(&fault.decode::<Value>().unwrap()));
}

/// What the table says of an error: kind, whether it may have run, whether to try again, limit and size.
async fn row(error: impl Into<BoxError>) -> (String, bool, bool, Option<u64>, Option<u64>) {
    let error = error.into();
    let text = error.to_string();
    let error = std::sync::Mutex::new(Some(error));
    let told = told(RespondLayer::new(), || error.lock().unwrap().take().unwrap()).await;
    // A local error must not look like one of the peer's own.
    assert_eq!(told["code"], -32603);
    assert_eq!(told["data"]["origin"], "transport");
    assert_eq!(told["message"], text);
    let data = &told["data"];
    (
        data["kind"].as_str().unwrap().to_owned(),
        data["may_have_run"].as_bool().unwrap(),
        data["retryable"].as_bool().unwrap(),
        data["limit"].as_u64(),
        data["size"].as_u64(),
    )
}

// item 10 of the checklist
#[tokio::test]
async fn each_known_cause_has_its_row() {
    let second = Duration::from_secs(1);
    let rows = [
        (
            row(Elapsed::new(Phase::Ready, second)).await,
            ("timeout", false, true, None, None),
        ),
        (
            row(Elapsed::new(Phase::FirstItem, second)).await,
            ("timeout", true, false, None, None),
        ),
        (
            row(Elapsed::new(Phase::Idle, second)).await,
            ("timeout", true, false, None, None),
        ),
        (
            row(Elapsed::new(Phase::Total, second)).await,
            ("timeout", true, false, None, None),
        ),
        (
            row(Elapsed::new(Phase::Deadline, second)).await,
            ("timeout", true, false, None, None),
        ),
        (
            row(Overloaded::new(64, 64, None)).await,
            ("overloaded", false, true, Some(64), None),
        ),
        (
            row(BytesOverloaded::new(9, 7, 3, None)).await,
            ("overloaded", false, true, Some(9), Some(3)),
        ),
        (
            row(NeverFits::new(9, 10)).await,
            ("too_large", false, false, Some(9), Some(10)),
        ),
        (
            row(TooLarge::new(Direction::Request, 9, 10)).await,
            ("too_large", false, false, Some(9), Some(10)),
        ),
        (
            row(TooLarge::new(Direction::Response, 9, 10)).await,
            ("too_large", true, false, Some(9), Some(10)),
        ),
        (
            row(TooLarge::cut(Direction::Response, 9, usize::MAX)).await,
            ("too_large", true, false, Some(9), None),
        ),
        (
            row(TooManyItems::new(9)).await,
            ("too_many_items", true, false, Some(9), None),
        ),
        (row(Draining::new(3)).await, ("draining", false, true, None, None)),
        (row(Interrupted::new(3)).await, ("interrupted", true, false, None, None)),
        (
            row(Panicked::new(Place::Ready, None)).await,
            ("panicked", false, false, None, None),
        ),
        (
            row(Panicked::new(Place::Future, None)).await,
            ("panicked", true, false, None, None),
        ),
        (row(NoResponse::new()).await, ("no_response", true, false, None, None)),
    ];
    for ((kind, ran, again, limit, size), row) in rows {
        assert_eq!((&*kind, ran, again, limit, size), row);
    }
}

#[tokio::test]
async fn timeout_says_phase_and_time_however_it_is_wrapped() {
    for (phase, name) in [
        (Phase::Ready, "ready"),
        (Phase::FirstItem, "first_item"),
        (Phase::Idle, "idle"),
        (Phase::Total, "total"),
        (Phase::Deadline, "deadline"),
    ] {
        let wrapped = || std::io::Error::other(Elapsed::new(phase, Duration::from_secs(3))).into();
        let data = told(RespondLayer::new(), wrapped).await["data"].clone();
        assert_eq!((&data["phase"], &data["elapsed_ms"]), (&json!(name), &json!(3000)));
    }
}

#[cfg(feature = "layers")]
#[test]
fn traces_and_metrics_use_the_same_words() {
    use tower_transport::exchange::respond::kind_of;
    use tower_transport::layers::observe;

    let errors: [BoxError; 9] = [
        Elapsed::new(Phase::Idle, Duration::from_secs(1)).into(),
        Overloaded::new(64, 64, None).into(),
        BytesOverloaded::new(64, 64, 1, None).into(),
        NeverFits::new(64, 65).into(),
        TooLarge::new(Direction::Request, 1, 2).into(),
        TooManyItems::new(1).into(),
        Panicked::new(Place::Future, None).into(),
        Draining::new(1).into(),
        Interrupted::new(1).into(),
    ];
    for error in errors {
        assert_eq!(kind_of(&*error), observe::kind_of(&*error), "{error}");
    }
    assert_eq!(kind_of(&*BoxError::from("some other")), "internal");
}
