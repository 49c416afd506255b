//! Callers over the limit that wait in line.

use super::support::{Items, answer, call, mocked, next, panics, refused, reply, some, start};
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};
use tower_transport_layers::in_flight::{InFlightLayer, Overloaded};

fn waiting(limit: usize, line: usize) -> InFlightLayer {
    InFlightLayer::new(some(limit)).wait(some(line))
}

// PITFALLS 6
#[tokio::test]
async fn caller_over_the_limit_waits_and_is_woken_when_a_permit_is_handed_over_and_not_before() {
    let layer = waiting(1, 1);
    let limit = layer.handle();
    let (mut service, mut handle) = mocked(layer);
    let mut other = service.clone();
    let mut reply = call(&mut service, &mut handle, Items::one()).await;
    assert_pending!(other.poll_ready());
    assert_pending!(other.poll_ready());
    assert!(!other.is_woken());
    assert_eq!((limit.in_flight(), limit.waiting()), (1, 1));

    next(&mut reply).unwrap().unwrap();
    assert!(other.is_woken());
    assert_eq!(
        (limit.in_flight(), limit.waiting()),
        (1, 0),
        "it is handed over, and never free"
    );
    let _call = start(&mut other, 1);
    assert_eq!(limit.in_flight(), 1);
}

#[tokio::test]
async fn callers_are_served_in_the_order_in_which_they_came_and_one_for_each_permit() {
    let (mut service, _handle) = mocked(waiting(2, 3));
    let (first_call, second_call) = (start(&mut service, 1), start(&mut service, 2));
    let mut waiters = [(); 3].map(|()| service.clone());
    for waiter in &mut waiters {
        assert_pending!(waiter.poll_ready());
    }
    drop(first_call);
    assert_eq!(waiters.each_ref().map(|waiter| waiter.is_woken()), [true, false, false]);
    drop(second_call);
    assert_eq!(waiters.each_ref().map(|waiter| waiter.is_woken()), [true, true, false]);
    assert_ready_ok!(waiters[1].poll_ready());
    assert_ready_ok!(waiters[0].poll_ready());
    assert_pending!(waiters[2].poll_ready());
}

#[tokio::test]
async fn newcomer_does_not_overtake_who_was_handed_a_permit_and_has_not_taken_notice() {
    let (mut service, _handle) = mocked(waiting(1, 2));
    let call = start(&mut service, 1);
    let (mut waiter, mut newcomer) = (service.clone(), service.clone());
    assert_pending!(waiter.poll_ready());
    drop(call);
    assert_pending!(newcomer.poll_ready());
    assert_ready_ok!(waiter.poll_ready());
}

#[tokio::test]
async fn clone_that_refuses_shares_the_limit_and_does_not_overtake_who_waits() {
    let refusing = InFlightLayer::new(some(2));
    let (mut impatient, _handle) = mocked(refusing.clone());
    let (mut patient, _other_handle) = mocked(refusing.wait(some(1)));
    let _calls = (start(&mut patient, 1), start(&mut patient, 2));
    assert_pending!(patient.poll_ready());
    assert_eq!(refused(&mut impatient), Overloaded::new(2, 2, None));
}

#[tokio::test]
async fn call_is_refused_with_limit_and_line_when_the_line_is_full_and_is_not_sent_on() {
    let layer = waiting(1, 2);
    let limit = layer.handle();
    let (mut service, mut handle) = mocked(layer);
    let first_call = start(&mut service, 1);
    answer(&mut handle, Items::default()).await;
    let mut waiters = [(); 2].map(|()| service.clone());
    for waiter in &mut waiters {
        assert_pending!(waiter.poll_ready());
    }
    assert_eq!(refused(&mut service), Overloaded::new(1, 1, Some(2)));
    assert_eq!((limit.in_flight(), limit.waiting()), (1, 2));
    assert_pending!(task::spawn(handle.next_request()).poll());
    drop(first_call);
    assert!(waiters[0].is_woken(), "a refused caller takes no place");
}

#[tokio::test]
async fn refusal_waits_for_no_inner_service_and_goes_on_being_ready() {
    let (mut service, mut handle) = mocked(waiting(1, 1));
    let _call = start(&mut service, 1);
    let mut waiter = service.clone();
    assert_pending!(waiter.poll_ready());
    handle.allow(0);
    assert_ready_ok!(service.poll_ready());
    drop(waiter);
    assert_ready_ok!(service.poll_ready());
    refused(&mut service);
}

#[tokio::test]
async fn caller_that_found_the_line_full_is_let_in_if_there_is_room_when_it_calls() {
    let layer = waiting(1, 1);
    let limit = layer.handle();
    let (mut service, _handle) = mocked(layer);
    let first_call = start(&mut service, 1);
    let mut waiter = service.clone();
    assert_pending!(waiter.poll_ready());
    assert_ready_ok!(service.poll_ready());
    drop((waiter, first_call));
    let mut second_call = task::spawn(service.call(2));
    assert_pending!(second_call.poll());
    assert_eq!(limit.in_flight(), 1);
}

#[tokio::test]
async fn readiness_can_be_asked_for_again_and_takes_one_permit() {
    let layer = waiting(2, 1);
    let limit = layer.handle();
    let (mut service, _handle) = mocked(layer);
    for _ in 0..3 {
        assert_ready_ok!(service.poll_ready());
        assert_eq!(limit.in_flight(), 1);
    }
    let _call = task::spawn(service.call(1));
    assert_eq!(limit.in_flight(), 1);
}

// PITFALLS 1
#[tokio::test]
async fn clone_of_a_ready_service_has_no_permit_and_says_so_when_it_is_called() {
    let layer = waiting(1, 1);
    let limit = layer.handle();
    let (mut service, _handle) = mocked(layer);
    assert_ready_ok!(service.poll_ready());
    let mut clone = service.clone();
    assert_eq!(limit.in_flight(), 1);
    let work = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(clone.call(1))));
    let message = *work.unwrap_err().downcast::<&str>().unwrap();
    assert_eq!(message, "poll_ready must be ready before call");
    assert_pending!(clone.poll_ready());
    assert!(panics(|| drop(clone.call(1))), "a place in the line is no permit");
}

#[tokio::test]
async fn ready_service_that_is_dropped_gives_its_permit_to_the_first_who_waits() {
    let layer = waiting(1, 1);
    let limit = layer.handle();
    let (mut service, _handle) = mocked(layer);
    let mut waiter = service.clone();
    assert_ready_ok!(service.poll_ready());
    assert_pending!(waiter.poll_ready());
    drop(service);
    assert!(waiter.is_woken());
    assert_ready_ok!(waiter.poll_ready());
    drop(waiter.into_inner().into_inner());
    assert_eq!(limit.in_flight(), 0);
}

#[tokio::test]
async fn waiter_that_is_dropped_leaves_the_line_to_those_behind_it() {
    let layer = waiting(1, 2);
    let limit = layer.handle();
    let (mut service, _handle) = mocked(layer);
    let call = start(&mut service, 1);
    let (mut first, mut second) = (service.clone(), service.clone());
    assert_pending!(first.poll_ready());
    assert_pending!(second.poll_ready());
    drop(first);
    assert_eq!(limit.waiting(), 1);
    assert!(!second.is_woken());
    drop(call);
    assert!(second.is_woken());
    assert_ready_ok!(second.poll_ready());
}

#[tokio::test]
async fn waiter_that_is_dropped_with_a_permit_it_has_not_noticed_hands_it_on() {
    let layer = waiting(1, 2);
    let limit = layer.handle();
    let (mut service, _handle) = mocked(layer);
    let call = start(&mut service, 1);
    let (mut first, mut second) = (service.clone(), service.clone());
    assert_pending!(first.poll_ready());
    assert_pending!(second.poll_ready());
    drop(call);
    assert!(first.is_woken() && !second.is_woken());
    drop(first);
    assert!(second.is_woken());
    assert_ready_ok!(second.poll_ready());
    drop(second);
    assert_eq!((limit.in_flight(), limit.waiting()), (0, 0));
    assert_ready_ok!(service.poll_ready());
}

#[tokio::test]
async fn waiter_that_moved_to_another_task_is_woken_there() {
    let (mut service, _handle) = mocked(waiting(1, 1));
    let call = start(&mut service, 1);
    let mut waiter = service.clone();
    assert_pending!(waiter.poll_ready());
    let mut waiter = waiter.into_inner();
    let mut elsewhere = task::spawn(());
    assert_pending!(elsewhere.enter(|cx, _| tower::Service::poll_ready(&mut waiter, cx)));
    drop(call);
    assert!(elsewhere.is_woken());
}

// PITFALLS 7
#[tokio::test]
async fn inner_service_that_is_not_ready_keeps_a_caller_waiting_with_its_permit() {
    let layer = waiting(1, 1);
    let limit = layer.handle();
    let (mut service, mut handle) = mocked(layer);
    handle.allow(0);
    assert_pending!(service.poll_ready());
    assert_eq!(limit.in_flight(), 1);
    handle.allow(1);
    assert!(service.is_woken());
    assert_ready_ok!(service.poll_ready());
    assert_eq!(limit.in_flight(), 1);
}

#[tokio::test]
async fn half_ready_service_that_is_dropped_gives_its_permit_back() {
    let layer = waiting(1, 1);
    let limit = layer.handle();
    let (mut service, mut handle) = mocked(layer);
    handle.allow(0);
    assert_pending!(service.poll_ready());
    let mut waiter = service.clone();
    assert_pending!(waiter.poll_ready());
    drop(service);
    assert!(waiter.is_woken());
    drop(waiter);
    assert_eq!(limit.in_flight(), 0);
}

#[tokio::test]
async fn error_of_the_inner_service_when_it_is_readied_gives_the_permit_back() {
    let layer = waiting(1, 1);
    let limit = layer.handle();
    let (mut service, mut handle) = mocked(layer);
    handle.send_error("dead");
    assert_eq!(assert_ready_err!(service.poll_ready()).to_string(), "dead");
    assert_eq!(limit.in_flight(), 0);
}

#[tokio::test]
async fn error_of_the_inner_service_is_told_also_when_the_line_is_full() {
    let (mut service, _handle) = mocked(waiting(1, 1));
    let (mut service_of_dead, mut dead) = mocked(waiting(1, 1));
    let _call = start(&mut service, 1);
    let _dead_call = start(&mut service_of_dead, 1);
    let mut waiter = service_of_dead.clone();
    assert_pending!(waiter.poll_ready());
    dead.send_error("dead");
    assert_eq!(assert_ready_err!(service_of_dead.poll_ready()).to_string(), "dead");
}

#[tokio::test]
async fn reply_that_waited_for_its_permit_holds_it_to_its_end() {
    let layer = waiting(1, 1);
    let limit = layer.handle();
    let (mut service, mut handle) = mocked(layer);
    let first_call = start(&mut service, 1);
    let mut waiter = service.clone();
    assert_pending!(waiter.poll_ready());
    handle.next_request().await.unwrap();
    drop(first_call);
    let mut second_call = start(&mut waiter, 2);
    answer(&mut handle, Items::one()).await;
    let mut reply = reply(&mut second_call);
    assert_eq!(limit.in_flight(), 1);
    next(&mut reply).unwrap().unwrap();
    assert_eq!(limit.in_flight(), 0);
}
