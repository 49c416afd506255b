//! Every way out of the count.

use crate::script::{Ask, Script, Step, ask, next};
use crate::support::reply;
use std::future::{pending, ready};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio_test::{assert_pending, task};
use tower::{Service, ServiceExt, service_fn};
use tower_transport_layers::drain::Drain;

#[tokio::test(start_paused = true)]
async fn dropped_future_counts_no_more() {
    let (mut service, handle) = Drain::pair(service_fn(|_: Ask| pending::<io::Result<Script>>()));
    let mut future = task::spawn(service.ready().await.unwrap().call(ask("a")));
    assert_pending!(future.poll());
    assert_eq!(handle.in_flight(), 1);
    drop(future);
    assert_eq!(handle.in_flight(), 0);
    let unpolled = service.ready().await.unwrap().call(ask("a"));
    assert_eq!(handle.in_flight(), 1, "from the call on, not from the first poll");
    drop(unpolled);
    assert_eq!(handle.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn dropped_reply_counts_no_more() {
    let (mut reply, handle) = reply(Script::new([Step::Item(1), Step::Item(1)])).await;
    next(&mut reply).await.unwrap().unwrap();
    drop(reply);
    assert_eq!(handle.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn error_of_the_call_or_of_the_reply_counts_no_more() {
    let (mut service, handle) = Drain::pair(service_fn(|_: Ask| ready(Err::<Script, _>(io::Error::other("no")))));
    let error = service.ready().await.unwrap().call(ask("a")).await.unwrap_err();
    assert_eq!(error.downcast_ref::<io::Error>().unwrap().to_string(), "no");
    assert_eq!(handle.in_flight(), 0);

    let (mut reply, handle) = reply(Script::new([Step::Fail, Step::Wait])).await;
    let error = next(&mut reply).await.unwrap().unwrap_err();
    assert!(error.is::<io::Error>());
    assert_eq!(handle.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn panic_of_call_future_or_reply_counts_no_more() {
    let (mut service, handle) = Drain::<_>::pair(service_fn(|_: Ask| -> std::future::Ready<io::Result<Script>> {
        panic!("call")
    }));
    catch_unwind(AssertUnwindSafe(|| drop(service.call(ask("a"))))).unwrap_err();
    assert_eq!(handle.in_flight(), 0);

    let (mut service, handle) = Drain::pair(service_fn(|_: Ask| async { panic!("future") as io::Result<Script> }));
    let mut future = task::spawn(service.ready().await.unwrap().call(ask("a")));
    catch_unwind(AssertUnwindSafe(|| future.poll().is_ready())).unwrap_err();
    drop(future);
    assert_eq!(handle.in_flight(), 0);

    let (reply, handle) = reply(Script::new([Step::Panic])).await;
    let mut reply = task::spawn(reply);
    catch_unwind(AssertUnwindSafe(|| reply.poll_next().is_ready())).unwrap_err();
    drop(reply);
    assert_eq!(handle.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn dropped_service_leaves_its_calls_in_the_count() {
    let (reply, handle) = reply(Script::new([Step::Wait])).await;
    // The service is gone by now.
    assert_eq!(handle.in_flight(), 1);
    drop(reply);
    assert_eq!(handle.in_flight(), 0);
}
