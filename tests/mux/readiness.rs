//! Law 4: what `poll_ready` reserves, and who gets it back.

use crate::support::{call, client, request, within};
use serde_json::json;
use tokio_test::{assert_pending, assert_ready_ok, task};
use tower::{Service, ServiceExt};
use tower_transport::exchange::Call;
use tower_transport::mux::{Connection, Mux};

type Spawned = tower_test::mock::spawn::Spawn<Connection>;

fn handle(connection: &Connection) -> Spawned {
    Spawned::new(connection.clone())
}

#[tokio::test(start_paused = true)]
async fn a_readied_connection_holds_one_slot_and_its_clone_none() {
    let (connection, _wire, _driver) = client(Mux::new().max_in_flight(2));
    let mut readied = connection.clone();
    for _ in 0..3 {
        readied.ready().await.unwrap();
        assert_eq!(connection.in_flight().0, 1);
    }
    let clone = readied.clone();
    assert_eq!(connection.in_flight().0, 1);
    drop(readied);
    assert_eq!(connection.in_flight().0, 0);
    drop(clone);
    assert_eq!(connection.in_flight().0, 0);
}

#[tokio::test(start_paused = true)]
async fn an_idle_readied_clone_gives_its_slot_to_the_next_when_dropped() {
    let (connection, _wire, _driver) = client(Mux::new().max_in_flight(1));
    let mut idle = handle(&connection);
    assert_ready_ok!(idle.poll_ready());
    let mut next = handle(&connection);
    assert_pending!(next.poll_ready());
    drop(idle);
    assert!(next.is_woken());
    assert_ready_ok!(next.poll_ready());
}

#[tokio::test(start_paused = true)]
async fn waiters_are_served_first_come_first_served() {
    let (connection, _wire, _driver) = client(Mux::new().max_in_flight(1));
    let mut holder = handle(&connection);
    assert_ready_ok!(holder.poll_ready());
    let mut waiters: Vec<Spawned> = (0..4).map(|_| handle(&connection)).collect();
    for waiter in &mut waiters {
        assert_pending!(waiter.poll_ready());
    }
    drop(holder);
    for at in 0..4 {
        // Whoever comes late waits behind, also while the slot is on its way to the first.
        let mut late = handle(&connection);
        assert_pending!(late.poll_ready());
        for other in waiters.iter_mut().skip(1) {
            assert!(!other.is_woken(), "{at}");
            assert_pending!(other.poll_ready());
        }
        assert!(waiters[0].is_woken());
        assert_ready_ok!(waiters[0].poll_ready());
        drop(late);
        drop(waiters.remove(0));
    }
    assert_eq!(connection.in_flight(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_is_dropped_hands_its_wake_up_on() {
    let (connection, _wire, _driver) = client(Mux::new().max_in_flight(1));
    let mut holder = handle(&connection);
    assert_ready_ok!(holder.poll_ready());
    let (mut first, mut second, mut third) = (handle(&connection), handle(&connection), handle(&connection));
    assert_pending!(first.poll_ready());
    assert_pending!(second.poll_ready());
    assert_pending!(third.poll_ready());
    drop(second);
    drop(holder);
    assert!(first.is_woken());
    drop(first);
    assert!(third.is_woken());
    assert_ready_ok!(third.poll_ready());
}

#[tokio::test(start_paused = true)]
async fn a_slot_is_back_with_the_last_item_and_wakes_who_waits() {
    let (connection, mut wire, _driver) = client(Mux::new().max_in_flight(1));
    let only = call(&connection, request("a", "x")).await;
    let id = wire.recv_request("x").await;
    let mut next = handle(&connection);
    assert_pending!(next.poll_ready());
    wire.result(id, json!(1)).await;
    let reply = within(only).await.unwrap();
    // The response was handed over with the reply, which holds no slot.
    assert!(next.is_woken());
    assert_ready_ok!(next.poll_ready());
    drop(reply);
}

#[tokio::test(start_paused = true)]
async fn a_notification_gives_its_slot_back_once_it_is_written() {
    let (connection, mut wire, _driver) = client(Mux::new().max_in_flight(1));
    for n in 0..10 {
        let reply = crate::support::reply(&connection, crate::support::notification("n", &json!(n))).await;
        drop(reply);
    }
    for n in 0..10 {
        assert_eq!(wire.recv().await["params"], n);
    }
    crate::support::settled(&connection).await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_refused_gives_its_slot_back() {
    let (connection, mut wire, _driver) = client(Mux::new().max_in_flight(1).max_message_size(100));
    let big = call(
        &connection,
        crate::support::request_with("a", "x", &json!("x".repeat(100))),
    )
    .await;
    let error = within(big).await.unwrap_err();
    assert!(error.is_too_large() && error.was_never_sent());
    assert_eq!(error.limit(), Some(100));
    let twice = r#"{"id":1,"method":"x","params":{"_meta":{"progressToken":1,"progressToken":2}}}"#;
    let ambiguous = tower_transport::message::Message::parse(twice.into()).unwrap();
    let error = within(call(&connection, ambiguous).await).await.unwrap_err();
    assert!(error.was_never_sent() && !error.is_disconnected(), "{error}");
    assert_eq!(connection.in_flight(), (0, 0));
    wire.stays_quiet().await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "poll_ready gave no Ready(Ok)")]
async fn a_clone_that_was_not_readied_may_not_call() {
    let (connection, _wire, _driver) = client(Mux::new());
    let mut readied = connection.clone();
    readied.ready().await.unwrap();
    let _never = readied.clone().call(Call::new(request("a", "x")));
}

#[tokio::test(start_paused = true)]
async fn every_waiter_finds_out_that_the_connection_has_ended() {
    let (connection, mut wire, driver) = client(Mux::new().max_in_flight(1));
    let mut holder = handle(&connection);
    assert_ready_ok!(holder.poll_ready());
    let mut waiters: Vec<_> = (0..3)
        .map(|_| {
            let mut waiter = connection.clone();
            task::spawn(async move { waiter.ready().await.map(|_| ()) })
        })
        .collect();
    for waiter in &mut waiters {
        assert_pending!(waiter.poll());
    }
    wire.close_write().await;
    within(driver).await.unwrap();
    for waiter in &mut waiters {
        assert!(waiter.is_woken());
        let error = within(waiter).await.unwrap_err();
        assert!(error.is_disconnected() && error.was_never_sent());
    }
    drop(holder);
    drop(waiters);
    assert_eq!(connection.in_flight(), (0, 0));
}
