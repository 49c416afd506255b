//! What `RespondLayer` costs in allocations where nothing fails.

use std::convert::Infallible;
use std::future::{poll_fn, ready};
use std::pin::pin;
use tokio_test::block_on;
use tower::{ServiceBuilder, ServiceExt};
use tower_transport::exchange::respond::{Fault, RespondLayer};
use tower_transport::exchange::{Call, Exchange, NoResponse, unary};
use tower_transport::message::{Id, Message};

use self::counting::allocations;

#[path = "support/counting.rs"]
mod counting;

const CALLS: u64 = 1000;

/// Makes calls, and reads their replies to the end; how often that allocated.
fn count<E: Exchange>(mut stack: E, request: &Message) -> u64 {
    block_on(async {
        let before = allocations();
        for _ in 0..CALLS {
            let Ok(ready) = stack.ready().await else {
                panic!("not ready")
            };
            let Ok(reply) = ready.call(Call::new(request.clone())).await else {
                panic!("failed")
            };
            let mut reply = pin!(reply);
            let mut items = 0;
            while poll_fn(|cx| futures_core::Stream::poll_next(reply.as_mut(), cx))
                .await
                .is_some()
            {
                items += 1;
            }
            assert_eq!(items, 1);
        }
        allocations() - before
    })
}

#[test]
fn call_that_does_not_fail_allocates_nothing() {
    let request = Message::request(&Id::string("0a8bdbf0-8a3c-4fd1-8ac1-6ff5d0c1a6b5"), "ping", &()).unwrap();
    let answer = Message::response(&Id::number(1), &"done").unwrap();
    let layer = RespondLayer::new().on::<NoResponse>(|_| Fault::internal("none"));
    let answers = unary(move |_| ready(Ok::<_, Infallible>(answer.clone())));
    assert_eq!(count(ServiceBuilder::new().layer(layer).service(answers), &request), 0);
}

#[test]
fn call_that_fails_is_what_the_count_sees() {
    let request = Message::request(&Id::number(1), "ping", &()).unwrap();
    let fails = unary(|_| ready(Err::<Message, _>(NoResponse::new())));
    let stack = ServiceBuilder::new().layer(RespondLayer::new()).service(fails);
    assert!(count(stack, &request) >= CALLS);
}
