//! Admission, and the wait for what runs.

use crate::script::{Ask, Script, Step, ask, next};
use crate::support::{HandleOf, SECOND, reply};
use std::future::{pending, ready};
use std::io;
use std::time::Duration;
use tokio::time::{Instant, advance};
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_test::mock;
use tower_transport_layers::drain::{Drain, DrainLayer, Draining, Left};

#[tokio::test(start_paused = true)]
async fn drain_of_nothing_is_over_at_once() {
    let (_layer, handle) = DrainLayer::<()>::pair();
    assert!(!handle.is_draining());
    handle.drain(Duration::ZERO).await.unwrap();
    assert!(handle.is_draining());
}

#[tokio::test(start_paused = true)]
async fn drain_stops_admission_before_it_is_polled() {
    let (mut service, handle) = Drain::pair(service_fn(|_: Ask| ready(Ok::<_, io::Error>(Script::new([])))));
    let drain = handle.drain(SECOND);
    let error = service.ready().await.unwrap().call(ask("a")).await.unwrap_err();
    assert_eq!(error.downcast_ref::<Draining>(), Some(&Draining::new(0)));
    // Cancel safety: only the wait is gone.
    drop(drain);
    assert!(handle.is_draining());
    handle.drain(SECOND).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn refused_call_never_reaches_the_service_and_says_how_many_run() {
    let (mut service, mut mock) = mock::spawn_layer::<Ask, Script, _>(DrainLayer::pair().0);
    mock.allow(2);
    let handle = service.get_ref_handle();
    assert_ready_ok!(service.poll_ready());
    let running = service.call(ask("a"));
    assert_eq!(handle.in_flight(), 1);
    handle.stop();
    assert_ready_ok!(service.poll_ready());
    let error = task::spawn(service.call(ask("b"))).await.unwrap_err();
    assert_eq!(error.downcast_ref::<Draining>().unwrap().in_flight(), 1);
    assert_eq!(
        error.to_string(),
        "shutting down, with 1 calls in flight: nothing was done, call another instance"
    );
    assert_eq!(handle.in_flight(), 1, "a refused call does not count");
    assert_eq!(mock.next_request().await.unwrap().0.method, "a");
    drop(running);
    drop(service);
    assert!(
        mock.next_request().await.is_none(),
        "nothing but the first call got through"
    );
}

// PITFALLS 3
#[tokio::test(start_paused = true)]
async fn drain_waits_for_the_last_item_of_each_reply() {
    let (mut reply, handle) = reply(Script::new([Step::Item(1), Step::Item(2)])).await;
    let mut drain = task::spawn(handle.drain(SECOND));
    assert_pending!(drain.poll());
    next(&mut reply).await.unwrap().unwrap();
    assert!(!drain.is_woken());
    assert_eq!(handle.in_flight(), 1);
    next(&mut reply).await.unwrap().unwrap();
    assert!(
        drain.is_woken(),
        "the last item is out, though nobody polled for the end"
    );
    assert_ready_ok!(drain.poll());
    assert_eq!(handle.in_flight(), 0, "while the drained reply is still held");
}

#[tokio::test(start_paused = true)]
async fn reply_that_does_not_tell_of_its_end_counts_until_it_ends() {
    let mut script = Script::new([Step::Item(1)]);
    script.tells = false;
    let (mut reply, handle) = reply(script).await;
    next(&mut reply).await.unwrap().unwrap();
    assert_eq!(handle.in_flight(), 1);
    assert!(next(&mut reply).await.is_none());
    assert_eq!(handle.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn reply_that_is_empty_from_the_start_does_not_count() {
    let (_reply, handle) = reply(Script::new([])).await;
    assert_eq!(handle.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn drain_tells_how_many_were_left_and_they_go_on() {
    let (mut reply, handle) = reply(Script::new([Step::Item(1), Step::Item(2)])).await;
    let began = Instant::now();
    let left = handle.drain(SECOND * 5).await.unwrap_err();
    assert_eq!(began.elapsed().as_secs(), 5);
    assert_eq!(left, Left::new(1, SECOND * 5));
    assert_eq!(
        left.to_string(),
        "1 calls were still in flight after 5s: wait longer, or interrupt them"
    );
    next(&mut reply).await.unwrap().unwrap();
    next(&mut reply).await.unwrap().unwrap();
    handle.drain(SECOND).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn two_drains_at_once_are_both_told() {
    let (reply, handle) = reply(Script::new([Step::Wait])).await;
    let mut first = task::spawn(handle.drain(SECOND));
    let mut second = task::spawn(handle.drain(SECOND * 9));
    assert_pending!(first.poll());
    assert_pending!(second.poll());
    drop(reply);
    assert!(first.is_woken() && second.is_woken());
    assert_ready_ok!(first.poll());
    assert_ready_ok!(second.poll());
}

// PITFALLS 2
#[tokio::test(start_paused = true)]
async fn clones_and_repeated_layers_are_drained_together() {
    let (layer, handle) = DrainLayer::pair();
    let mut first = layer.layer(service_fn(|_: Ask| pending::<io::Result<Script>>()));
    let mut second = layer
        .clone()
        .layer(service_fn(|_: Ask| pending::<io::Result<Script>>()));
    let mut third = second.clone();
    let calls = [first.call(ask("a")), second.call(ask("a")), third.call(ask("a"))].map(drop_later);
    assert_eq!(handle.in_flight(), 3);
    layer.handle().stop();
    for service in [&mut second, &mut third] {
        assert!(
            service
                .ready()
                .await
                .unwrap()
                .call(ask("b"))
                .await
                .unwrap_err()
                .is::<Draining>()
        );
    }
    drop(calls);
    assert_eq!(handle.in_flight(), 0);
}

fn drop_later<T: 'static>(held: T) -> Box<dyn std::any::Any> {
    Box::new(held)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_call_slips_in_after_a_drain_and_none_is_forgotten() {
    for _ in 0..50 {
        let (service, handle) = Drain::<_>::pair(service_fn(|_: Ask| async {
            tokio::task::yield_now().await;
            Ok::<_, io::Error>(Script::new([Step::Item(1)]))
        }));
        let callers: Vec<_> = (0..4)
            .map(|_| {
                let mut service = service.clone();
                tokio::spawn(async move {
                    for _ in 0..1_000_000 {
                        match service.ready().await.unwrap().call(ask("a")).await {
                            Ok(reply) => drop(next(&mut Box::pin(reply)).await),
                            Err(error) => return assert!(error.is::<Draining>()),
                        }
                    }
                    panic!("was never refused");
                })
            })
            .collect();
        tokio::task::yield_now().await;
        handle.drain(SECOND * 60).await.unwrap();
        assert_eq!(handle.in_flight(), 0);
        for caller in callers {
            caller.await.unwrap();
        }
        assert_eq!(handle.in_flight(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn deadline_counts_from_the_first_poll() {
    let (_reply, handle) = reply(Script::new([Step::Wait])).await;
    let drain = handle.drain(SECOND);
    advance(SECOND * 5).await;
    let mut drain = task::spawn(drain);
    assert_pending!(drain.poll());
    advance(SECOND * 2).await;
    assert_ready_err!(drain.poll());
}
