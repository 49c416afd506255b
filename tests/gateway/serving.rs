//! What the gateway is for: clients of both eras in front of one command.

use crate::support::{Answer, Gateway, within};
use http::Method;
use http_body_util::BodyExt;
use serde_json::json;

/// The words of a shell line that quotes with single quotes alone.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for (at, part) in line.split('\'').enumerate() {
        if at % 2 == 1 {
            words.last_mut().unwrap().push_str(part);
            continue;
        }
        let mut pieces = part.split(' ');
        words.last_mut().unwrap().push_str(pieces.next().unwrap());
        words.extend(pieces.map(str::to_owned));
    }
    words
}

#[tokio::test]
async fn printed_curl_line_answers_as_it_stands() {
    let mut gateway = Gateway::demo(&[]).await;
    gateway.next_line().await;
    let line = gateway.next_line().await;
    let words = words(&line);
    let flags = |flag: &str| {
        let at = words.iter().enumerate().filter(|(_, word)| *word == flag);
        at.map(|(at, _)| words[at + 1].clone()).collect::<Vec<_>>()
    };
    assert_eq!(words[..2], ["curl", "-s"], "{line}");
    assert_eq!(words[2], format!("{}/mcp", gateway.origin));
    let mut request = gateway.request(Method::POST, "/mcp");
    for header in flags("-H") {
        let (name, value) = header.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    let answer = gateway.send(request.body(flags("-d").remove(0)).unwrap()).await;
    assert_eq!(Answer::read(answer).await.said(), "hello");
    assert!(gateway.terminate().await.success());
}

#[tokio::test]
async fn client_of_2025_11_25_lists_and_calls_tools_in_its_session() {
    let gateway = Gateway::demo(&[]).await;
    let initialized = gateway.initialize().await.message();
    assert_eq!(initialized["result"]["protocolVersion"], "2025-11-25");
    let session = gateway.session().await;
    let tools = session
        .post(&json!({ "jsonrpc": "2.0", "id": "a", "method": "tools/list" }))
        .await
        .message();
    assert_eq!(tools["id"], "a");
    assert_eq!(tools["result"]["tools"].as_array().unwrap().len(), 5);
    assert_eq!(session.tool("echo", json!({ "message": "é" })).await.said(), "é");
    assert_eq!(session.tool("add", json!({ "a": 1.5, "b": 2 })).await.said(), "3.5");
    assert!(
        session
            .tool("add", json!({ "a": 1 }))
            .await
            .said()
            .contains("missing field")
    );
    let unknown = session.tool("fly", json!({})).await;
    assert_eq!(unknown.message()["error"]["code"], -32602);
    let ping = session
        .post(&json!({ "jsonrpc": "2.0", "id": 2, "method": "ping" }))
        .await
        .message();
    assert_eq!(ping["result"], json!({}));
    assert!(gateway.terminate().await.success());
}

#[tokio::test]
async fn version_that_the_demo_does_not_know_is_answered_with_its_newest() {
    let gateway = Gateway::demo(&[]).await;
    let body =
        json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": { "protocolVersion": "1999-01-01" } });
    let answer = Answer::read(gateway.send(gateway.post().body(body.to_string()).unwrap()).await).await;
    assert_eq!(answer.message()["result"]["protocolVersion"], "2025-11-25");
    assert!(gateway.terminate().await.success());
}

#[tokio::test]
async fn client_of_2026_07_28_needs_no_session() {
    let gateway = Gateway::demo(&[]).await;
    let discovered = Answer::read(gateway.send(gateway.modern("server/discover", json!({}))).await).await;
    assert!(discovered.session.is_none());
    let discovered = discovered.message();
    assert_eq!(discovered["result"]["supportedVersions"], json!(["2026-07-28"]));
    assert_eq!(discovered["result"]["resultType"], "complete");
    assert_eq!(gateway.tool("echo", json!({ "message": "a" })).await.said(), "a");

    let removed = Answer::read(gateway.send(gateway.modern("ping", json!({}))).await).await;
    assert_eq!(removed.status, 404);
    assert_eq!(removed.message()["error"]["code"], -32601);
    assert!(gateway.terminate().await.success());
}

#[tokio::test]
async fn progress_comes_before_its_answer_in_both_eras() {
    let gateway = Gateway::demo(&[]).await;
    let params =
        json!({ "name": "slow", "arguments": { "steps": 3, "step_ms": 1 }, "_meta": { "progressToken": "p" } });
    let session = gateway.session().await;
    let legacy = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    for answer in [
        session.post(&legacy).await,
        Answer::read(gateway.send(gateway.modern("tools/call", params)).await).await,
    ] {
        let messages = answer.messages();
        let progress = |at: usize| {
            (
                &messages[at]["params"]["progressToken"],
                &messages[at]["params"]["progress"],
            )
        };
        assert_eq!(messages.len(), 4);
        for at in 0..3 {
            assert_eq!(progress(at), (&json!("p"), &json!(at + 1)));
        }
        assert_eq!(answer.said(), "took 3 steps of 1 ms");
    }
    assert!(gateway.terminate().await.success());
}

#[tokio::test]
async fn health_is_served_beside_the_endpoint_and_all_else_is_a_fast_404_in_json() {
    let gateway = Gateway::demo(&[]).await;
    for path in ["/healthz", "/readyz"] {
        let answer = gateway.get(path).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, "ok\n"));
    }
    for path in [
        "/",
        "/mcp/x",
        "/.well-known/oauth-protected-resource",
        "/mcp/.well-known/openid-configuration",
    ] {
        let answer = gateway.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.message()["error"]["message"].is_string());
    }
    assert_eq!(
        gateway.children(),
        Vec::<u32>::new(),
        "no child is started for any of these"
    );
    assert!(gateway.terminate().await.success());
}

// PITFALLS 53
#[tokio::test]
async fn foreign_host_is_refused_with_the_flag_that_allows_it() {
    for (flags, status) in [(vec![], 403), (vec!["--allow-host", "mcp.example.com"], 200)] {
        let gateway = Gateway::demo(&flags).await;
        let mut request = gateway.modern("server/discover", json!({}));
        request.headers_mut().insert("Host", "mcp.example.com".parse().unwrap());
        let answer = Answer::read(gateway.send(request).await).await;
        assert_eq!(answer.status, status);
        assert_eq!(
            status == 403,
            answer.text.contains("--allow-host mcp.example.com"),
            "{}",
            answer.text
        );
        assert!(gateway.terminate().await.success());
    }
}

#[tokio::test]
async fn garbage_on_a_childs_stdout_costs_nothing_but_itself() {
    let gateway = Gateway::script(
        &[],
        r#"echo 'npm notice'; echo '{"jsonrpc"'; printf '\377\n\n[]\n{"jsonrpc":"2.0","id":77,"result":{}}\n'; exec "$DEMO" --demo-server"#,
    )
    .await;
    assert_eq!(gateway.tool("echo", json!({ "message": "a" })).await.said(), "a");
    assert_eq!(
        gateway
            .session()
            .await
            .tool("echo", json!({ "message": "b" }))
            .await
            .said(),
        "b"
    );
    assert!(gateway.terminate().await.success());
}

#[tokio::test]
async fn vanished_client_cancels_its_call_of_2026_07_28() {
    let gateway = Gateway::demo(&["--max-in-flight", "1"]).await;
    let params = json!({ "name": "slow", "arguments": { "steps": 60_000 }, "_meta": { "progressToken": 1 } });
    let mut response = gateway.send(gateway.modern("tools/call", params)).await;
    within(10, "progress", response.frame()).await.unwrap().unwrap();
    drop(response);
    // The one place of the child is free again.
    assert_eq!(gateway.tool("echo", json!({ "message": "a" })).await.said(), "a");
    assert!(gateway.terminate().await.success());
}
