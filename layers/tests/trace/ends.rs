//! How exchanges end.

use crate::script::{Ask, Script, Step, ask, next, once};
use crate::support::{fields, logged};
use std::future::{Ready, pending, ready};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio_test::{assert_pending, task};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_transport_layers::trace::TraceLayer;
use tracing::Level;

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
