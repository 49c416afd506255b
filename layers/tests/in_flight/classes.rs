//! Calls that are exempt, or counted apart.

use super::support::{Handle, Items, Mocked, answer, mocked, reply, some, start};
use tokio_test::{assert_pending, assert_ready, assert_ready_ok, task};
use tower_transport_layers::in_flight::{Class, InFlightLayer, Overloaded, Policy};

const WORK: u32 = 1;
const LISTEN: u32 = 2;
const SUBSCRIBE: u32 = 3;

fn by_request(request: &u32) -> Class {
    match *request {
        LISTEN => Class::Exempt,
        SUBSCRIBE => Class::Apart,
        _ => Class::Counted,
    }
}

type ByRequest = fn(&u32) -> Class;

fn layer(limit: usize) -> InFlightLayer<ByRequest> {
    InFlightLayer::new(some(limit)).count(by_request as ByRequest)
}

fn refusal(service: &mut Mocked<ByRequest>, request: u32) -> Overloaded {
    assert_ready_ok!(service.poll_ready());
    let outcome = assert_ready!(task::spawn(service.call(request)).poll());
    super::support::overloaded(&outcome.unwrap_err())
}

async fn listening(service: &mut Mocked<ByRequest>, handle: &mut Handle, request: u32) -> super::support::Reply {
    let mut call = start(service, request);
    answer(handle, Items::endless()).await;
    reply(&mut call)
}

// PITFALLS 4
#[tokio::test]
async fn exempt_calls_go_through_a_full_window_and_their_replies_hold_nothing() {
    let layer = layer(1);
    let limit = layer.handle();
    let (mut service, mut handle) = mocked(layer);
    let work = start(&mut service, WORK);
    handle.next_request().await.unwrap();
    let _listeners = [
        listening(&mut service, &mut handle, LISTEN).await,
        listening(&mut service, &mut handle, LISTEN).await,
    ];
    assert_eq!(limit.in_flight(), 1);
    assert_eq!(refusal(&mut service, WORK), Overloaded::new(1, 1, None));
    drop(work);
    assert_eq!(limit.in_flight(), 0);
}

#[tokio::test]
async fn calls_counted_apart_have_a_limit_of_their_own_that_refuses() {
    let layer = layer(1).apart(some(2));
    let (limit, apart) = (layer.handle(), layer.apart_handle().unwrap());
    let (mut service, mut handle) = mocked(layer);
    let first = listening(&mut service, &mut handle, SUBSCRIBE).await;
    let _second = listening(&mut service, &mut handle, SUBSCRIBE).await;
    assert_eq!((limit.in_flight(), apart.in_flight(), apart.limit()), (0, 2, 2));
    assert_eq!(refusal(&mut service, SUBSCRIBE), Overloaded::new(2, 2, None));
    let _work = start(&mut service, WORK);
    assert_eq!((limit.in_flight(), apart.in_flight()), (1, 2));
    drop(first);
    assert_eq!((limit.in_flight(), apart.in_flight()), (1, 1));
}

#[tokio::test]
async fn limit_of_what_is_counted_apart_is_the_layers_own_unless_it_is_set_and_needs_a_policy() {
    assert_eq!(layer(7).apart_handle().unwrap().limit(), 7);
    let set_first: InFlightLayer<ByRequest> = InFlightLayer::new(some(7))
        .apart(some(3))
        .count(by_request as ByRequest);
    assert_eq!(set_first.apart_handle().unwrap().limit(), 3);
    let plain: InFlightLayer = InFlightLayer::new(some(7));
    assert!(plain.apart_handle().is_none());
}

#[tokio::test]
async fn exempt_call_and_one_counted_apart_give_what_they_waited_for_on_at_once() {
    for request in [LISTEN, SUBSCRIBE] {
        let layer = layer(1).wait(some(1));
        let limit = layer.handle();
        let (mut service, mut handle) = mocked(layer);
        let mut waiter = service.clone();
        assert_ready_ok!(service.poll_ready());
        assert_pending!(waiter.poll_ready());
        let _listener = listening(&mut service, &mut handle, request).await;
        assert!(waiter.is_woken());
        let _work = start(&mut waiter, WORK);
        assert_eq!(limit.in_flight(), 1);
    }
}

#[tokio::test]
async fn call_counted_apart_never_waits_in_line() {
    let layer = layer(2).apart(some(1)).wait(some(1));
    let limit = layer.handle();
    let (mut service, mut handle) = mocked(layer);
    let _listener = listening(&mut service, &mut handle, SUBSCRIBE).await;
    assert_eq!(refusal(&mut service, SUBSCRIBE), Overloaded::new(1, 1, None));
    assert_eq!((limit.in_flight(), limit.waiting()), (0, 0));
}

#[tokio::test]
async fn exempt_call_goes_through_when_the_line_is_full_if_the_inner_service_is_ready() {
    let (mut service, mut handle) = mocked(layer(1).wait(some(1)));
    let _work = start(&mut service, WORK);
    handle.next_request().await.unwrap();
    let mut waiter = service.clone();
    assert_pending!(waiter.poll_ready());
    let _listener = listening(&mut service, &mut handle, LISTEN).await;
    handle.allow(0);
    assert_eq!(refusal(&mut service, LISTEN), Overloaded::new(1, 1, Some(1)));
}

// The limit of exemption, as the docs have it.
#[tokio::test]
async fn exempt_call_waits_for_readiness_like_all_others_where_calls_wait() {
    let (mut service, _handle) = mocked(layer(1).wait(some(1)));
    let work = start(&mut service, WORK);
    assert_pending!(service.poll_ready());
    drop(work);
    assert!(service.is_woken());
    let _listener = start(&mut service, LISTEN);
}

#[tokio::test]
async fn policy_that_panics_leaves_the_permit_to_the_next_call() {
    let layer = InFlightLayer::new(some(1)).wait(some(1)).count(|request: &u32| {
        assert_ne!(*request, 13, "policy");
        Class::Counted
    });
    let limit = layer.handle();
    let (mut service, _handle) = mocked(layer);
    assert_ready_ok!(service.poll_ready());
    assert!(super::support::panics(|| drop(service.call(13))));
    assert_eq!(limit.in_flight(), 1);
    let _call = start(&mut service, WORK);
    assert_eq!(limit.in_flight(), 1);
}

#[test]
fn without_a_policy_every_call_is_counted() {
    assert_eq!(().class(&LISTEN), Class::Counted);
}
