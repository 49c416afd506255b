//! Calls within a session.

use crate::http_server_support::{Events, json_body, legacy, open, request, send, until};
use crate::support::{initialized, probe};
use http_body_util::BodyExt;
use serde_json::json;

// items 6, 38
#[tokio::test]
async fn a_notification_is_accepted_without_a_body() {
    let probe = probe();
    let server = probe.server();
    let session = open(&server).await;
    let response = send(&server, legacy(&session, &initialized())).await;
    assert_eq!(response.status(), 202);
    assert!(response.into_body().collect().await.unwrap().to_bytes().is_empty());
    assert_eq!(*probe.notifications.lock().unwrap(), ["notifications/initialized"]);
}

// item 4
#[tokio::test]
async fn two_parallel_posts_with_one_id_on_one_session_both_get_their_own_answer() {
    let probe = probe();
    let server = probe.server();
    let session = open(&server).await;
    let slow = tokio::spawn({
        let (server, session) = (server.clone(), session.clone());
        async move { json_body(send(&server, legacy(&session, &request(1, "wait", &json!({})))).await).await }
    });
    until(|| probe.begun() == 2).await;
    let fast = json_body(send(&server, legacy(&session, &request(1, "echo", &json!({"a": 1})))).await).await;
    assert_eq!((&fast["id"], &fast["result"]["a"]), (&json!(1), &json!(1)));
    probe.go.notify_one();
    let slow = slow.await.unwrap();
    assert_eq!((&slow["id"], &slow["result"]), (&json!(1), &json!("waited")));
}

// item 2
#[tokio::test]
async fn ids_keep_their_type() {
    let server = probe().server();
    let session = open(&server).await;
    for id in [json!(1), json!("1"), json!("a b"), json!(-3)] {
        let body = json_body(send(&server, legacy(&session, &request(id.clone(), "echo", &json!({})))).await).await;
        assert_eq!(body["id"], id);
    }
}

// items 40, 46
#[tokio::test(start_paused = true)]
async fn a_silent_call_is_begun_as_an_event_stream() {
    let probe = probe();
    let server = probe.server();
    let session = open(&server).await;
    let mut call = Events::of(send(&server, legacy(&session, &request(1, "wait", &json!({})))).await);
    assert_eq!(call.block().await.unwrap(), ":");
    assert_eq!(call.block().await.unwrap(), ":");
    probe.go.notify_one();
    assert_eq!(call.next().await.unwrap()["result"], "waited");
    assert_eq!(call.next().await, None);
}

// item 10
#[tokio::test]
async fn a_call_that_fails_or_panics_is_answered_and_the_session_goes_on() {
    let server = probe().server().show_causes(true);
    let session = open(&server).await;
    let body = json_body(send(&server, legacy(&session, &request("x", "fail", &json!({})))).await).await;
    assert_eq!((&body["id"], &body["error"]["code"]), (&json!("x"), &json!(-32603)));
    assert_eq!(body["error"]["message"], "the child has died: exit status 7");
    let body = json_body(send(&server, legacy(&session, &request("y", "panic", &json!({})))).await).await;
    assert_eq!((&body["id"], &body["error"]["code"]), (&json!("y"), &json!(-32603)));
    assert_eq!(
        send(&server, legacy(&session, &request(1, "echo", &json!({}))))
            .await
            .status(),
        200
    );
    assert_eq!(server.handle().calls(), 0);
}
