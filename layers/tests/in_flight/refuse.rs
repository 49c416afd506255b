//! Calls over the limit that are refused at once.

use super::support::{Items, call, mocked, refused, some, start};
use std::num::NonZeroUsize;
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok};
use tower_test::mock;
use tower_transport_layers::in_flight::{InFlight, InFlightLayer, Overloaded, Permit, ResponseFuture};
use tower_transport_layers::reply::Streams;

#[tokio::test]
async fn call_over_the_limit_is_refused_and_does_not_reach_the_inner_service() {
    let (mut service, mut handle) = mocked(InFlightLayer::new(some(2)));
    let (_first, _second) = (start(&mut service, 1), start(&mut service, 2));
    assert_eq!(refused(&mut service), Overloaded::new(2, 2, None));
    for request in [1, 2] {
        assert_eq!(handle.next_request().await.unwrap().0, request);
    }
    assert_pending!(tokio_test::task::spawn(handle.next_request()).poll());
}

#[test]
fn refusal_says_what_happened_with_the_numbers() {
    assert_eq!(
        Overloaded::new(64, 63, None).to_string(),
        "refused: 63 of at most 64 calls are in flight; try again later"
    );
    let error = Overloaded::new(64, 63, Some(8));
    assert_eq!(
        error.to_string(),
        "refused: 63 of at most 64 calls are in flight, and the line of 8 that wait is full; try again later"
    );
    assert_eq!((error.limit(), error.in_flight(), error.line()), (64, 63, Some(8)));
}

// PITFALLS 14
#[tokio::test]
async fn refused_calls_park_nobody_so_a_freed_permit_is_there_for_the_next_call() {
    let layer = InFlightLayer::new(some(1));
    let limit = layer.handle();
    let (mut service, mut handle) = mocked(layer);
    let mut clones: Vec<_> = (0..10).map(|_| service.clone()).collect();
    let reply = call(&mut service, &mut handle, Items::endless()).await;
    for clone in &mut clones {
        refused(clone);
        assert_ready_ok!(clone.poll_ready());
    }
    assert_eq!((limit.in_flight(), limit.waiting()), (1, 0));
    drop(reply);
    assert_eq!(limit.in_flight(), 0);
    let _call = start(&mut service, 1);
}

// PITFALLS 7
#[tokio::test]
async fn readiness_is_that_of_the_inner_service() {
    let (mut service, mut handle) = mocked(InFlightLayer::new(some(1)));
    handle.allow(0);
    assert_pending!(service.poll_ready());
    handle.allow(1);
    assert!(service.is_woken());
    assert_ready_ok!(service.poll_ready());
    handle.send_error("dead");
    assert_eq!(assert_ready_err!(service.poll_ready()).to_string(), "dead");
}

// PITFALLS 2
#[tokio::test]
async fn limit_is_shared_by_clones_and_by_all_that_the_layer_makes() {
    let layer = InFlightLayer::new(some(1));
    let (mut service, _handle) = mocked(layer.clone());
    let (mut other, _other_handle) = mocked(layer);
    let call = start(&mut service, 1);
    refused(&mut service.clone());
    refused(&mut other);
    drop(call);
    let _call = start(&mut other, 1);
    refused(&mut service);
}

#[tokio::test]
async fn service_with_a_limit_of_its_own_shares_it_with_its_clones() {
    let (inner, _handle) = mock::pair::<u32, Items>();
    let mut service = mock::Spawn::new(InFlight::new(inner, some(1)));
    let limit = service.get_ref().handle();
    let _call = start(&mut service, 1);
    refused(&mut service.clone());
    assert_eq!((limit.limit(), limit.in_flight()), (1, 1));
}

#[tokio::test]
async fn largest_limit_there_is_is_taken_for_the_largest_that_can_be_counted() {
    let (mut service, _handle) = mocked(InFlightLayer::new(NonZeroUsize::MAX));
    let _call = start(&mut service, 1);
    let limit = service.get_ref().handle();
    assert_eq!((limit.in_flight(), limit.limit()), (1, usize::MAX >> 2));
}

#[tokio::test]
async fn limit_that_is_gone_is_not_mixed_up_with_the_next_one() {
    let (mut first, _handle) = mocked(InFlightLayer::new(some(1)));
    let call = start(&mut first, 1);
    drop(first);
    let next = InFlightLayer::new(some(1));
    let limit = next.handle();
    let (mut service, _handle) = mocked(next);
    assert_eq!(
        limit.in_flight(),
        0,
        "a call of the first limit is in flight, and none of this one"
    );
    let _call = start(&mut service, 1);
    drop(call);
    assert_eq!(limit.in_flight(), 1);
}

#[test]
fn auto_traits_are_those_that_stacks_need() {
    fn all<T: Send + Sync + Clone + Unpin + 'static>() {}
    fn send<T: Send + Sync + 'static>() {}
    all::<InFlightLayer>();
    all::<InFlight<()>>();
    all::<tower_transport_layers::in_flight::Handle>();
    all::<Overloaded>();
    send::<ResponseFuture<(), Streams>>();
    send::<Permit>();
}
