//! Many callers on several threads.

use super::support::{Items, some};
use std::convert::Infallible;
use std::future::poll_fn;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use tokio::task::yield_now;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_transport_layers::in_flight::{InFlightLayer, Overloaded};

const LIMIT: usize = 3;
const CALLERS: usize = 16;
const CALLS: usize = 500;

/// Runs all callers; how many calls were refused.
async fn traffic(layer: InFlightLayer) -> usize {
    let running = Arc::new(AtomicUsize::new(0));
    let inner = service_fn(move |()| {
        let running = running.clone();
        async move {
            assert!(running.fetch_add(1, SeqCst) < LIMIT, "over-admission");
            yield_now().await;
            running.fetch_sub(1, SeqCst);
            Ok::<_, Infallible>(Items::one())
        }
    });
    let service = layer.layer(inner);
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let mut service = service.clone();
            tokio::spawn(async move {
                let mut refused = 0;
                for call in 0..CALLS {
                    if (caller + call) % 5 == 0 {
                        // Gives up while it waits, or when it is ready.
                        let mut impatient = service.clone();
                        let _poll = poll_fn(|cx| std::task::Poll::Ready(impatient.poll_ready(cx))).await;
                        yield_now().await;
                    }
                    match service.ready().await.unwrap().call(()).await {
                        Ok(reply) => {
                            let mut reply = std::pin::pin!(reply);
                            let next = poll_fn(|cx| futures_core::Stream::poll_next(reply.as_mut(), cx)).await;
                            assert_eq!(next.unwrap().unwrap(), 1);
                        }
                        Err(error) => {
                            error.downcast::<Overloaded>().unwrap();
                            refused += 1;
                        }
                    }
                }
                refused
            })
        })
        .collect();
    let mut refused = 0;
    for caller in callers {
        refused += caller.await.unwrap();
    }
    drop(service);
    refused
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_calls_are_made_when_the_line_has_room_for_all() {
    let layer = InFlightLayer::new(some(LIMIT)).wait(some(2 * CALLERS));
    let limit = layer.handle();
    assert_eq!(traffic(layer).await, 0);
    assert_eq!((limit.in_flight(), limit.waiting()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_left_behind_when_calls_are_refused_for_a_full_line_and_at_once() {
    for line in [NonZeroUsize::new(1), None] {
        let layer = InFlightLayer::new(some(LIMIT));
        let limit = layer.handle();
        traffic(match line {
            Some(line) => layer.wait(line),
            None => layer,
        })
        .await;
        assert_eq!((limit.in_flight(), limit.waiting()), (0, 0));
    }
}
