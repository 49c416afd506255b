//! Limits, and what sets them.

use crate::support::{SECOND, Script, Step, elapsed, next, reply};
use std::io;
use std::time::Duration;
use tokio::time::sleep;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_transport_layers::timeout::{Limits, Phase, Policy, TimeoutLayer};

#[tokio::test(start_paused = true)]
async fn policy_sets_the_limits_of_one_request() {
    #[derive(Clone)]
    struct ByRequest;
    impl Policy<u64, u32> for ByRequest {
        fn limits(&self, request: &u64, limits: Limits) -> Limits {
            limits.with_first_item((*request > 0).then(|| Duration::from_secs(*request)))
        }
    }
    let inner = service_fn(|_: u64| async {
        sleep(SECOND * 30).await;
        Ok::<_, io::Error>(Script::new([]).0)
    });
    let mut service = TimeoutLayer::new().first_item(SECOND).policy(ByRequest).layer(inner);
    let error = service.ready().await.unwrap().call(5).await.unwrap_err();
    assert_eq!(elapsed(&error), (Phase::FirstItem, SECOND * 5));
    assert!(service.ready().await.unwrap().call(0).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn zero_limit_lets_through_what_is_there_at_once() {
    let (script, _) = Script::new([Step::Item(1)]);
    let layer = TimeoutLayer::new().first_item(Duration::ZERO).idle(Duration::ZERO);
    let mut reply = reply(layer, script.then_silence()).await;
    assert_eq!(next(&mut reply).await.unwrap().unwrap(), 1);
    assert_eq!(
        elapsed(&next(&mut reply).await.unwrap().unwrap_err()),
        (Phase::Idle, Duration::ZERO)
    );
}

#[tokio::test(start_paused = true)]
async fn limit_beyond_the_end_of_time_is_none() {
    let (script, _) = Script::new([Step::Wait(SECOND), Step::Item(1)]);
    let layer = TimeoutLayer::new()
        .first_item(Duration::MAX)
        .idle(Duration::MAX)
        .total(Duration::MAX);
    let mut reply = reply(layer, script).await;
    assert_eq!(next(&mut reply).await.unwrap().unwrap(), 1);
}

#[test]
fn limits_read_as_they_were_set() {
    let limits = Limits::none();
    assert_eq!((limits.first_item(), limits.idle(), limits.total()), (None, None, None));
    let limits = limits.with_first_item(Some(SECOND)).with_idle(Some(SECOND * 2));
    let centuries = Some(SECOND * 3600 * 24 * 365 * 600);
    assert_eq!(limits.with_total(centuries).total(), None, "more than can be told");
    let limits = limits.with_total(Some(Duration::MAX));
    assert_eq!(
        (limits.first_item(), limits.idle(), limits.total()),
        (Some(SECOND), Some(SECOND * 2), None)
    );
    assert_eq!(
        format!("{limits:?}"),
        "Limits { first_item: Some(1s), idle: Some(2s), total: None }"
    );
    assert_eq!(limits.with_first_item(None).with_idle(None), Limits::default());
}
