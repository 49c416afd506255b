//! Spans of exchanges, as a subscriber of the test's own sees them.

#[path = "../../tests/support/counting.rs"]
mod counting;
#[path = "support/script.rs"]
mod script;

use counting::allocations;
use futures_core::Stream;
use http_body_util::Full;
use script::{Ask, Piece, Script, Step, ask, frame, next, once, once_http};
use std::collections::BTreeMap;
use std::fmt;
use std::future::{Future, Ready, pending, poll_fn, ready};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::time::{advance, sleep};
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_test::mock;
use tower_transport_layers::BoxError;
use tower_transport_layers::trace::{Show, Trace, TraceLayer};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

type Fields = BTreeMap<&'static str, String>;

/// All that was said, up to a level.
#[derive(Clone)]
struct Log {
    max: Level,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    spans: Vec<(Level, Fields)>,
    events: Vec<(Level, Fields)>,
    /// The spans that are entered, and what was said within none.
    entered: Vec<u64>,
    outside: Vec<String>,
}

impl Log {
    fn fields(&self, span: usize) -> Fields {
        self.seen.lock().unwrap().spans[span].1.clone()
    }

    fn events(&self) -> Vec<(Level, Fields)> {
        self.seen.lock().unwrap().events.clone()
    }

    /// Everything, as one text.
    fn text(&self) -> String {
        let seen = self.seen.lock().unwrap();
        format!("{:?} {:?}", seen.spans, seen.events)
    }
}

struct Into<'a>(&'a mut Fields);

impl Visit for Into<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.max
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields::new();
        span.record(&mut Into(&mut fields));
        let spans = &mut self.seen.lock().unwrap().spans;
        spans.push((*span.metadata().level(), fields));
        Id::from_u64(spans.len() as u64)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let spans = &mut self.seen.lock().unwrap().spans;
        values.record(&mut Into(&mut spans[span.into_u64() as usize - 1].1));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::new();
        event.record(&mut Into(&mut fields));
        let mut seen = self.seen.lock().unwrap();
        if seen.entered.is_empty() {
            seen.outside.push(fields["message"].clone());
        }
        seen.events.push((*event.metadata().level(), fields));
    }

    fn enter(&self, span: &Id) {
        self.seen.lock().unwrap().entered.push(span.into_u64());
    }

    fn exit(&self, span: &Id) {
        assert_eq!(self.seen.lock().unwrap().entered.pop(), Some(span.into_u64()));
    }
}

/// What was said up to `max` while `test` ran, in paused time.
fn logged<F: Future>(max: Level, test: F) -> Log {
    let log = Log {
        max,
        seen: Arc::default(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    tracing::subscriber::with_default(log.clone(), || runtime.block_on(test));
    assert!(log.seen.lock().unwrap().entered.is_empty());
    log
}

fn fields<const N: usize>(fields: [(&'static str, &str); N]) -> Fields {
    fields.map(|(name, value)| (name, value.to_owned())).into()
}

#[test]
fn exchange_is_one_span_with_its_names_sizes_and_times() {
    let log = logged(Level::DEBUG, async {
        let inner = service_fn(|_: Ask| async {
            sleep(Duration::from_secs(1)).await;
            Ok::<_, io::Error>(Script::new([Step::Item(10), Step::Item(20)]))
        });
        let mut service = TraceLayer::new().layer(inner);
        let mut reply = Box::pin(service.ready().await.unwrap().call(ask("tools/call")).await.unwrap());
        next(&mut reply).await.unwrap().unwrap();
        advance(Duration::from_millis(500)).await;
        next(&mut reply).await.unwrap().unwrap();
        // The last item is out: what a reader does after that is no part of the call.
        advance(Duration::from_secs(60)).await;
        assert!(next(&mut reply).await.is_none());
    });
    let expected = fields([
        ("method", "tools/call"),
        ("id", "7"),
        ("request_bytes", "100"),
        ("items", "2"),
        ("reply_bytes", "30"),
        ("outcome", "ok"),
        ("duration_seconds", "1.5"),
    ]);
    assert_eq!(log.seen.lock().unwrap().spans, [(Level::INFO, expected)]);
    assert_eq!(log.events(), [(Level::DEBUG, fields([("message", "exchange ended")]))]);
    assert!(log.seen.lock().unwrap().outside.is_empty());
}

#[test]
fn request_without_an_id_has_none() {
    let log = logged(Level::INFO, async {
        let mut service = TraceLayer::new().layer(once(Script::new([])));
        let notification = Ask { id: None, ..ask("a") };
        service.ready().await.unwrap().call(notification).await.unwrap();
    });
    assert!(!log.fields(0).contains_key("id"));
    assert_eq!(log.fields(0)["outcome"], "ok");
}

#[test]
fn body_is_traced_as_a_stream_is() {
    let log = logged(Level::INFO, async {
        let script = Script::new([Step::Item(10), Step::Item(5)]);
        let mut service = ServiceBuilder::new()
            .layer(TraceLayer::new())
            .service(once_http::<Full<&[u8]>>(script));
        let request = http::Request::post("/mcp?token=hunter2")
            .body(Full::new(&b"12345678"[..]))
            .unwrap();
        let response = service.ready().await.unwrap().call(request).await.unwrap();
        let mut body = Box::pin(response.into_body());
        while frame(&mut body).await.is_some() {}
    });
    let expected = fields([
        ("method", "POST /mcp"),
        ("request_bytes", "8"),
        ("items", "2"),
        ("reply_bytes", "15"),
        ("outcome", "ok"),
        ("duration_seconds", "0.0"),
    ]);
    assert_eq!(log.fields(0), expected);
}

// The error of a `Router`'s service is `Infallible`, and has to stay it.
#[test]
fn axum_router_takes_the_layer_as_it_is() {
    let log = logged(Level::INFO, async {
        let router = axum::Router::<()>::new()
            .route("/ping", axum::routing::get(|| async { "pong" }))
            .layer(TraceLayer::new());
        let request = http::Request::get("/ping").body(axum::body::Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        let body = axum::body::to_bytes(response.into_body(), 1024).await.unwrap();
        assert_eq!(body, "pong");
    });
    let fields = log.fields(0);
    assert_eq!((&*fields["method"], &*fields["reply_bytes"]), ("GET /ping", "4"));
    assert_eq!(fields["outcome"], "ok");
}

#[test]
fn request_of_unknown_length_goes_by_its_content_length_and_else_has_no_size() {
    let log = logged(Level::INFO, async {
        for length in [Some("42"), Some("much"), None] {
            let mut request = http::Request::new(Script::new([Step::Wait]));
            if let Some(length) = length {
                request.headers_mut().insert("content-length", length.parse().unwrap());
            }
            let mut service = TraceLayer::new().layer(once_http(Script::new([])));
            service.ready().await.unwrap().call(request).await.unwrap();
        }
    });
    assert_eq!(log.fields(0)["request_bytes"], "42");
    assert!(!log.fields(1).contains_key("request_bytes"));
    assert!(!log.fields(2).contains_key("request_bytes"));
}

#[test]
fn error_of_the_call_or_the_reply_is_told_by_kind_and_loudly() {
    let log = logged(Level::WARN, async {
        let layer = TraceLayer::new().span_level(Level::WARN);
        let mut service = layer.layer(service_fn(|_: Ask| {
            ready(Err::<Script, _>(io::Error::other("no: hunter2")))
        }));
        let error: io::Error = service.ready().await.unwrap().call(ask("a")).await.unwrap_err();
        assert_eq!(error.to_string(), "no: hunter2", "errors keep their type");

        let mut service = layer.layer(once(Script::new([Step::Item(1), Step::Fail, Step::Item(1)])));
        let mut reply = Box::pin(service.ready().await.unwrap().call(ask("a")).await.unwrap());
        while next(&mut reply).await.is_some() {}
    });
    for (span, items) in [(0, "0"), (1, "1")] {
        let fields = log.fields(span);
        assert_eq!(
            (&*fields["outcome"], &*fields["kind"], &*fields["items"]),
            ("error", "io", items)
        );
        assert!(!fields.contains_key("error"));
    }
    let ended = (Level::WARN, fields([("message", "exchange ended")]));
    assert_eq!(log.events(), [ended.clone(), ended]);
}

#[test]
fn dropped_future_or_reply_is_cancelled() {
    let log = logged(Level::DEBUG, async {
        let mut service = TraceLayer::new().layer(service_fn(|_: Ask| pending::<io::Result<Script>>()));
        let mut future = task::spawn(service.ready().await.unwrap().call(ask("a")));
        assert_pending!(future.poll());
        drop(future);

        let mut service = TraceLayer::new().layer(once(Script::new([Step::Item(1), Step::Wait])));
        let mut reply = Box::pin(service.ready().await.unwrap().call(ask("a")).await.unwrap());
        next(&mut reply).await.unwrap().unwrap();
        drop(service);
        drop(reply);
    });
    assert_eq!(log.fields(0)["outcome"], "cancelled");
    assert_eq!(log.fields(1)["outcome"], "cancelled");
    assert_eq!(log.fields(1)["items"], "1");
    assert_eq!(log.events().len(), 2);
}

#[test]
fn panic_of_call_future_or_reply_is_told_and_goes_on() {
    let log = logged(Level::WARN, async {
        let layer = TraceLayer::new().span_level(Level::WARN);
        let mut service = layer.layer(service_fn(|_: Ask| -> Ready<io::Result<Script>> { panic!("call") }));
        catch_unwind(AssertUnwindSafe(|| drop(service.call(ask("a"))))).unwrap_err();

        let mut service = layer.layer(service_fn(|_: Ask| async { panic!("future") as io::Result<Script> }));
        let mut future = task::spawn(service.call(ask("a")));
        catch_unwind(AssertUnwindSafe(|| future.poll().is_ready())).unwrap_err();
        drop(future);

        let mut service = layer.layer(once(Script::new([Step::Panic])));
        let mut reply = task::spawn(service.call(ask("a")).await.unwrap());
        catch_unwind(AssertUnwindSafe(|| reply.poll_next().is_ready())).unwrap_err();
        drop(reply);
    });
    for span in 0..3 {
        assert_eq!(log.fields(span)["outcome"], "panicked");
    }
    assert_eq!(log.events().len(), 3, "at the level of a failure, and once each");
}

#[test]
fn what_is_inside_speaks_within_the_span_when_it_is_called_polled_and_dropped() {
    struct Speaks(&'static str);
    impl Drop for Speaks {
        fn drop(&mut self) {
            tracing::info!("{} dropped", self.0);
        }
    }
    struct Reply {
        _speaks: Speaks,
    }
    impl Stream for Reply {
        type Item = io::Result<Piece>;
        fn poll_next(self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            tracing::info!("reply polled");
            Poll::Pending
        }
    }
    let log = logged(Level::INFO, async {
        let inner = service_fn(|_: Ask| {
            tracing::info!("called");
            let speaks = Speaks("future");
            // Unlike an `async` block, it keeps what it holds after its answer.
            poll_fn(move |_| {
                let _kept = &speaks;
                tracing::info!("future polled");
                Poll::Ready(Ok::<_, io::Error>(Reply {
                    _speaks: Speaks("reply"),
                }))
            })
        });
        let mut service = TraceLayer::new().layer(inner);
        drop(service.ready().await.unwrap().call(ask("a")));
        let mut reply = task::spawn(service.ready().await.unwrap().call(ask("a")).await.unwrap());
        assert_pending!(reply.poll_next());
        tracing::info!("elsewhere");
        drop(reply);
    });
    let said: Vec<_> = log
        .events()
        .into_iter()
        .map(|(_, fields)| fields["message"].clone())
        .collect();
    let polled = [
        "called",
        "future polled",
        "future dropped",
        "reply polled",
        "elsewhere",
        "reply dropped",
    ];
    assert_eq!(said, [&["called", "future dropped"][..], &polled].concat());
    assert_eq!(log.seen.lock().unwrap().outside, ["elsewhere"]);
}

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

#[derive(Clone)]
struct Redacted;

impl Show<Ask, Piece> for Redacted {
    fn request(&self, request: &Ask) -> Option<String> {
        Some(format!("id={:?} secret=***\n", request.id))
    }

    fn item(&self, item: &Piece) -> Option<String> {
        (item.0 != 13).then(|| "x".repeat(item.0))
    }
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

#[test]
fn levels_are_those_that_are_set() {
    let log = logged(Level::TRACE, async {
        let layer = TraceLayer::new()
            .span_level(Level::ERROR)
            .end_level(Level::TRACE)
            .failure_level(Level::INFO);
        let mut service = layer.layer(once(Script::new([])));
        service.ready().await.unwrap().call(ask("a")).await.unwrap();
        let mut service = layer.layer(service_fn(|_: Ask| ready(Err::<Script, _>(io::Error::other("no")))));
        service.ready().await.unwrap().call(ask("a")).await.unwrap_err();
    });
    assert_eq!(log.seen.lock().unwrap().spans[0].0, Level::ERROR);
    let levels: Vec<_> = log.events().into_iter().map(|(level, _)| level).collect();
    assert_eq!(levels, [Level::TRACE, Level::INFO]);
}

/// A request whose names nobody may ask for, and a reply of one item.
struct Unasked;

impl tower_transport_layers::Describe for Unasked {
    fn method(&self) -> std::borrow::Cow<'_, str> {
        panic!("asked for its method")
    }
}

impl tower_transport_layers::WireSize for Unasked {
    fn wire_size(&self) -> usize {
        panic!("asked for its size")
    }
}

impl Stream for Unasked {
    type Item = Result<Unasked, io::Error>;

    fn poll_next(self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(Some(Ok(Unasked)))
    }
}

#[test]
fn disabled_span_costs_no_allocation_and_asks_for_nothing() {
    let log = logged(Level::WARN, async {
        let mut service = TraceLayer::new().layer(service_fn(|_: Unasked| ready(Ok::<_, io::Error>(Unasked))));
        let mut call = || {
            let mut cx = Context::from_waker(Waker::noop());
            let Poll::Ready(Ok(reply)) = pin!(service.call(Unasked)).poll(&mut cx) else {
                panic!("answers at once")
            };
            assert!(pin!(reply).poll_next(&mut cx).is_ready());
        };
        // The first use of a place in the code registers it.
        call();
        let before = allocations();
        (0..100).for_each(|_| call());
        assert_eq!(allocations(), before);
    });
    assert!(log.seen.lock().unwrap().spans.is_empty());
    assert!(log.events().is_empty());
}

#[test]
fn disabled_span_says_nothing_of_failures_either() {
    let log = logged(Level::WARN, async {
        let mut service = TraceLayer::new().layer(service_fn(|_: Ask| ready(Err::<Script, _>(io::Error::other("no")))));
        service.ready().await.unwrap().call(ask("a")).await.unwrap_err();
    });
    assert!(log.events().is_empty());
}

#[test]
fn poll_ready_is_that_of_the_inner_service_and_hints_pass() {
    let (mut service, mut handle) = mock::spawn_layer::<Ask, Script, _>(TraceLayer::new());
    handle.allow(0);
    assert_pending!(service.poll_ready());
    handle.allow(1);
    assert!(service.is_woken());
    assert_ready_ok!(service.poll_ready());
    handle.send_error("dead");
    assert_eq!(assert_ready_err!(service.poll_ready()).to_string(), "dead");

    let mut service = TraceLayer::new().layer(once(Script::new([Step::Item(1), Step::Item(1)])));
    let mut reply = task::spawn(assert_ready_ok!(task::spawn(service.call(ask("a"))).poll()));
    for left in [2, 1, 0] {
        assert_eq!(reply.size_hint(), (0, Some(left)));
        let _item = reply.poll_next();
    }
}

#[test]
fn auto_traits_follow_those_of_what_is_inside() {
    fn all<T: Send + Sync + Clone + 'static>() {}
    all::<TraceLayer>();
    all::<Trace<()>>();
    all::<TraceLayer<Redacted, fn(&BoxError) -> &'static str>>();
}
