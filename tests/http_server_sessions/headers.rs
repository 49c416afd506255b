//! What a request says of its session and revision.

use crate::http_server_support::{
    Events, delete, get, initialize, json_body, legacy, modern, open, post, refusal, request, send, until, with,
};
use crate::support::{initialized, probe};
use serde_json::json;

// items 57, 58
#[tokio::test]
async fn a_missing_session_is_400_and_an_unknown_one_404_and_neither_creates_anything() {
    let probe = probe();
    let server = probe.server();
    let call = request(1, "echo", &json!({}));
    let response = send(&server, post(call.to_string())).await;
    assert_eq!(response.status(), 400);
    let body = json_body(response).await;
    assert_eq!((&body["id"], &body["error"]["code"]), (&json!(1), &json!(-32600)));
    assert_eq!(
        refusal(send(&server, legacy("unknown", &call)).await).await,
        (404, -32600)
    );
    assert_eq!(
        refusal(send(&server, legacy("unknown", &initialized())).await).await,
        (404, -32600)
    );
    assert_eq!(send(&server, get(Some("unknown"))).await.status(), 404);
    assert_eq!(send(&server, delete(Some("unknown"))).await.status(), 404);
    let answer = json!({"jsonrpc": "2.0", "id": 1, "result": {}});
    assert_eq!(
        refusal(send(&server, post(answer.to_string())).await).await,
        (400, -32600)
    );
    assert_eq!((probe.begun(), server.handle().sessions()), (0, 0));
}

// items 58, 59
#[tokio::test]
async fn delete_ends_the_session_its_calls_and_its_streams() {
    let probe = probe();
    let server = probe.server();
    let session = open(&server).await;
    let mut stream = Events::of(send(&server, get(Some(&session))).await);
    let mut call = Events::of(send(&server, legacy(&session, &request(1, "talk, then wait", &json!({})))).await);
    call.next().await.unwrap();
    assert_eq!(send(&server, delete(Some(&session))).await.status(), 204);
    let end = call.next().await.unwrap();
    assert_eq!((&end["id"], &end["error"]["code"]), (&json!(1), &json!(-32603)));
    assert_eq!((call.next().await, stream.next().await), (None, None));
    until(|| probe.dropped() == 1 && probe.listening() == 0).await;
    assert_eq!(send(&server, delete(Some(&session))).await.status(), 404);
    assert_eq!(
        send(&server, legacy(&session, &request(2, "echo", &json!({}))))
            .await
            .status(),
        404
    );
    let handle = server.handle();
    assert_eq!((handle.sessions(), handle.calls()), (0, 0));
}

// item 61
#[tokio::test]
async fn the_version_header_is_checked_when_it_is_there() {
    let server = probe().server();
    let session = open(&server).await;
    let call = || legacy(&session, &request(1, "echo", &json!({})));
    for version in ["2025-11-25", "2025-06-18", "2025-03-26"] {
        assert_eq!(
            send(&server, with(call(), "mcp-protocol-version", version))
                .await
                .status(),
            200,
            "{version}"
        );
    }
    assert_eq!(send(&server, call()).await.status(), 200);
    for version in ["2026-07-28", "1999-01-01", ""] {
        let response = send(&server, with(call(), "mcp-protocol-version", version)).await;
        assert_eq!(refusal(response).await, (400, -32600), "{version}");
    }
    assert_eq!(
        send(&server, with(get(Some(&session)), "mcp-protocol-version", "x"))
            .await
            .status(),
        400
    );
}

// item 62
#[tokio::test]
async fn headers_of_2026_07_28_say_nothing_about_the_era() {
    let server = probe().server();
    let response = send(
        &server,
        with(post(initialize().to_string()), "mcp-method", "initialize"),
    )
    .await;
    let session = response.headers()["mcp-session-id"].to_str().unwrap().to_owned();
    let call = legacy(&session, &request(1, "echo", &json!({})));
    assert_eq!(
        send(&server, with(call, "mcp-method", "something/else")).await.status(),
        200
    );
}

// item 100
#[tokio::test]
async fn both_eras_are_served_at_once() {
    let probe = probe();
    let server = probe.server();
    let session = open(&server).await;
    let mut call = Events::of(send(&server, legacy(&session, &request(1, "talk, then wait", &json!({})))).await);
    call.next().await.unwrap();
    assert_eq!(send(&server, modern(&json!(1), "echo", &json!({}))).await.status(), 200);
    probe.go.notify_one();
    assert_eq!(call.next().await.unwrap()["result"], "waited");
}
