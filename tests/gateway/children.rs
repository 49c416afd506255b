//! Children live and die.

use crate::support::{Gateway, signal, within};
use rustix::process::Signal;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn session_has_a_child_of_its_own_which_goes_with_it() {
    let gateway = Gateway::demo(&[]).await;
    let (one, other) = (gateway.session().await, gateway.session().await);
    assert_eq!(gateway.children().len(), 2);
    assert_eq!(one.delete().await.status, 204);
    gateway.until_children(1).await;
    assert_eq!(other.tool("echo", json!({ "message": "a" })).await.said(), "a");
    assert!(gateway.terminate().await.success());
}

#[tokio::test]
async fn all_sessions_share_one_child_if_told_to() {
    let gateway = Gateway::demo(&["--children", "shared"]).await;
    let (one, other) = (gateway.session().await, gateway.session().await);
    assert_eq!(gateway.tool("echo", json!({ "message": "a" })).await.said(), "a");
    assert_eq!(gateway.children().len(), 1);
    one.delete().await;
    assert_eq!(other.tool("echo", json!({ "message": "b" })).await.said(), "b");
    assert!(gateway.terminate().await.success());
}

#[tokio::test]
async fn call_whose_child_is_killed_fails_at_once_and_only_its_session_ends() {
    let gateway = Gateway::demo(&[]).await;
    let session = gateway.session().await;
    let child = gateway.children()[0];
    let other = gateway.session().await;
    let killed = async {
        // A progress message would say that the call has arrived; so does the fact that the next one is answered.
        session.tool("echo", json!({ "message": "a" })).await;
        signal(child, Signal::KILL);
    };
    let (answer, ()) = tokio::join!(session.tool("sleep", json!({ "ms": 600_000 })), killed);
    let error = answer.error();
    assert!(error.contains("signal 9") && error.contains("may have run"), "{error}");
    assert_eq!(answer.message()["error"]["data"]["origin"], "transport");

    let next = session.tool("echo", json!({ "message": "a" })).await;
    assert_eq!(next.status, 404, "{}", next.text);
    assert_eq!(session.tool("echo", json!({ "message": "a" })).await.status, 404);
    assert_eq!(other.tool("echo", json!({ "message": "b" })).await.said(), "b");
    let again = gateway.session().await;
    assert_eq!(again.tool("echo", json!({ "message": "c" })).await.said(), "c");
    assert!(gateway.terminate().await.success());
}

#[tokio::test]
async fn child_that_crashes_in_a_call_tells_its_status_and_last_words() {
    let gateway = Gateway::demo(&[]).await;
    let session = gateway.session().await;
    for answer in [
        gateway.tool("crash", json!({})).await,
        session.tool("crash", json!({})).await,
    ] {
        let error = answer.error();
        assert!(
            error.contains("exit status 1") && error.contains("crashes, as it was asked to"),
            "{error}"
        );
    }
    assert!(gateway.terminate().await.success());
}

#[tokio::test]
async fn shared_child_is_started_again_for_the_next_call() {
    let gateway = Gateway::demo(&[]).await;
    for round in 0..4 {
        gateway.tool("crash", json!({})).await.error();
        let text = round.to_string();
        assert_eq!(gateway.tool("echo", json!({ "message": text })).await.said(), text);
        assert_eq!(gateway.get("/readyz").await.status, 200);
    }
    assert_eq!(gateway.children().len(), 1);
    assert!(gateway.terminate().await.success());
}

// PITFALLS 40, 41
#[tokio::test]
async fn shared_child_that_dies_at_once_is_started_ever_more_seldom_and_health_turns_bad() {
    let starts = tempfile::NamedTempFile::new().unwrap();
    let script = format!("echo x >>{}; echo 'no key' >&2; exit 7", starts.path().display());
    let gateway = Gateway::script(&[], &script).await;
    let resting = async {
        loop {
            let error = gateway.tool("echo", json!({ "message": "a" })).await.error();
            assert!(error.contains("exit status 7") && error.contains("no key"), "{error}");
            if error.contains("started again in") {
                return;
            }
        }
    };
    within(20, "a delay that calls do not wait for", resting).await;
    let started = || std::fs::read_to_string(starts.path()).unwrap().lines().count();
    let before = started();
    assert!((3..=8).contains(&before), "{before} starts");
    for _ in 0..20 {
        gateway.tool("echo", json!({ "message": "a" })).await.error();
    }
    assert_eq!(started(), before);

    let ready = gateway.get("/readyz").await;
    assert_eq!(ready.status, 503);
    assert!(
        ready.text.contains("exit status 7") && ready.text.contains("no key"),
        "{}",
        ready.text
    );
    assert_eq!(gateway.get("/healthz").await.status, 200);
    assert!(gateway.terminate().await.success());
}

#[tokio::test]
async fn command_that_has_gone_fails_the_calls_that_need_it_and_is_found_when_it_is_back() {
    let directory = tempfile::tempdir().unwrap();
    let (server, away) = (directory.path().join("server"), directory.path().join("away"));
    std::os::unix::fs::symlink(crate::support::BIN, &server).unwrap();
    let gateway = Gateway::start(&[], &[server.to_str().unwrap(), "--demo-server"]).await;
    std::fs::rename(&server, &away).unwrap();
    for answer in [
        gateway.initialize().await,
        gateway.tool("echo", json!({ "message": "a" })).await,
    ] {
        assert_eq!(answer.status, 503);
        assert!(answer.error().contains("command not found"), "{}", answer.text);
    }
    assert_eq!(gateway.get("/readyz").await.status, 503);
    std::fs::rename(&away, &server).unwrap();
    assert_eq!(gateway.get("/readyz").await.status, 200);
    assert_eq!(
        gateway
            .session()
            .await
            .tool("echo", json!({ "message": "a" }))
            .await
            .said(),
        "a"
    );
    assert_eq!(gateway.tool("echo", json!({ "message": "a" })).await.said(), "a");
    assert!(gateway.terminate().await.success());
}

#[tokio::test]
async fn child_that_ends_before_it_answers_initialize_fails_that_request_and_opens_no_session() {
    let gateway = Gateway::script(&[], "echo 'no key' >&2; exit 7").await;
    let answer = gateway.initialize().await;
    assert!(answer.session.is_none());
    let error = answer.error();
    assert!(error.contains("exit status 7") && error.contains("no key"), "{error}");
    gateway.until_children(0).await;
    assert!(gateway.terminate().await.success());
}

// PITFALLS 33
#[tokio::test]
async fn end_of_a_session_ends_the_whole_tree_behind_it() {
    let gateway = Gateway::script(&[], r#"sleep 600 & "$DEMO" --demo-server"#).await;
    let session = gateway.session().await;
    gateway.until_children(3).await;
    session.delete().await;
    gateway.until_children(0).await;
    assert!(gateway.terminate().await.success());
}

// PITFALLS 43, 44
#[tokio::test]
async fn sessions_that_come_and_go_leave_nothing_behind() {
    let gateway = Gateway::demo(&["--session-idle", "1s"]).await;
    let cycle = async || {
        let session = gateway.session().await;
        session.tool("echo", json!({ "message": "a" })).await;
        session.delete().await;
        // A client that gives up while its child starts, or does not hear that its session is open.
        let body = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {} });
        let request = gateway.post().body(body.to_string()).unwrap();
        let _gone = tokio::time::timeout(Duration::from_millis(1), gateway.send(request)).await;
    };
    cycle().await;
    gateway.until_children(0).await;
    let before = gateway.descriptors();
    for _ in 0..50 {
        cycle().await;
    }
    gateway.until_children(0).await;
    let same = async {
        while gateway.descriptors() > before {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    within(20, "as many descriptors as before", same).await;
    assert!(gateway.terminate().await.success());
}
