//! Services that wait to be ready.

use crate::script::{Ask, Script, ask};
use crate::support::HandleOf;
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};
use tower_test::mock;
use tower_transport_layers::drain::{DrainLayer, Draining};

// PITFALLS 6
#[tokio::test(start_paused = true)]
async fn caller_that_waits_for_readiness_is_woken_to_be_refused() {
    let (mut service, mut mock) = mock::spawn_layer::<Ask, Script, _>(DrainLayer::pair().0);
    mock.allow(0);
    let handle = service.get_ref_handle();
    assert_pending!(service.poll_ready());
    assert!(!service.is_woken());
    handle.stop();
    assert!(service.is_woken());
    assert_ready_ok!(service.poll_ready());
    let error = task::spawn(service.call(ask("a"))).await.unwrap_err();
    assert!(error.is::<Draining>(), "the mock would panic if it were called unready");
}

#[tokio::test(start_paused = true)]
async fn inner_service_is_not_readied_while_it_drains() {
    let (mut service, mut mock) = mock::spawn_layer::<Ask, Script, _>(DrainLayer::pair().0);
    mock.send_error("dead");
    service.get_ref_handle().stop();
    assert_ready_ok!(service.poll_ready(), "else it would reserve what nobody uses");
}

#[tokio::test(start_paused = true)]
async fn poll_ready_is_that_of_the_inner_service_and_errors_are_final() {
    let (mut service, mut mock) = mock::spawn_layer::<Ask, Script, _>(DrainLayer::pair().0);
    mock.allow(0);
    assert_pending!(service.poll_ready());
    mock.allow(1);
    assert!(service.is_woken());
    assert_ready_ok!(service.poll_ready());
    assert_ready_ok!(service.poll_ready());
    mock.send_error("dead");
    assert_eq!(assert_ready_err!(service.poll_ready()).to_string(), "dead");
}

#[tokio::test(start_paused = true)]
async fn service_that_waits_gives_its_place_back_when_it_is_dropped_or_ready() {
    let (layer, handle) = DrainLayer::pair();
    let (mut waits, mut mock) = mock::spawn_layer::<Ask, Script, _>(layer.clone());
    mock.allow(0);
    assert_pending!(waits.poll_ready());
    drop(waits);
    let (mut gets_ready, mut other) = mock::spawn_layer::<Ask, Script, _>(layer);
    other.allow(0);
    assert_pending!(gets_ready.poll_ready());
    other.allow(1);
    assert_ready_ok!(gets_ready.poll_ready());
    handle.stop();
    assert!(!gets_ready.is_woken(), "it waits for nothing");
}
