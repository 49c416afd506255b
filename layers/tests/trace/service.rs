//! The service itself.

use crate::script::{Ask, Script, Step, ask, once};
use crate::support::Redacted;
use futures_core::Stream;
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};
use tower::{Layer, Service};
use tower_test::mock;
use tower_transport_layers::BoxError;
use tower_transport_layers::trace::{Trace, TraceLayer};

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
