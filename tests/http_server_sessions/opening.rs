//! How a session begins, and ends with its exchange.

use crate::http_server_support::{
    ACCEPT, Events, delete, get, initialize, json_body, legacy, modern, open, post, progress, refusal, request, send,
    with,
};
use crate::support::{initialized, probe};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tower::service_fn;
use tower_transport::exchange::{BoxCloneExchange, Call, Input, Reply, unary};
use tower_transport::http::{Server, Session};
use tower_transport::message::{Id, Message};

// items 56, 98
#[tokio::test]
async fn a_session_begins_with_an_initialize_that_succeeds() {
    let server = probe().server();
    let mut ids = HashSet::new();
    for _ in 0..20 {
        let response = send(&server, post(initialize().to_string())).await;
        let id = response.headers()["mcp-session-id"].to_str().unwrap().to_owned();
        assert!(
            id.len() >= 32 && id.bytes().all(|byte| (0x21..=0x7e).contains(&byte)),
            "{id}"
        );
        assert_eq!(json_body(response).await["result"]["protocolVersion"], "2025-11-25");
        assert!(ids.insert(id));
    }
    assert_eq!(server.handle().sessions(), 20);
    let session = ids.into_iter().next().unwrap();
    let response = send(&server, legacy(&session, &request(1, "echo", &json!({"a": 1})))).await;
    assert!(!response.headers().contains_key("mcp-session-id"));
    assert_eq!(json_body(response).await["result"]["a"], 1);
}

// item 56
#[tokio::test]
async fn an_initialize_that_fails_opens_no_session() {
    let failing = Server::new(unary(async |_| {
        Ok::<_, std::io::Error>(Message::error(&Id::null(), -32602, "unsupported"))
    }));
    let response = send(&failing, post(initialize().to_string())).await;
    assert_eq!(response.status(), 200);
    assert!(!response.headers().contains_key("mcp-session-id"));
    assert_eq!(json_body(response).await["error"]["code"], -32602);
    assert_eq!(failing.handle().sessions(), 0);
    let broken = Server::new(unary(async |_| {
        Err::<Message, _>(std::io::Error::other("exit status 1"))
    }));
    let response = send(&broken, post(initialize().to_string())).await;
    assert!(!response.headers().contains_key("mcp-session-id"));
    assert_eq!(refusal(response).await, (200, -32603));
    assert_eq!(broken.handle().sessions(), 0);
}

#[tokio::test]
async fn each_session_has_an_exchange_of_its_own_that_ends_with_it() {
    let made: Arc<Mutex<Vec<Option<String>>>> = Arc::default();
    let alive = Arc::new(AtomicUsize::new(0));
    let make = {
        let (made, alive) = (Arc::clone(&made), Arc::clone(&alive));
        service_fn(move |session: Session| {
            made.lock().unwrap().push(session.id().map(str::to_owned));
            alive.fetch_add(1, Ordering::SeqCst);
            let child = Arc::new(Alive(Arc::clone(&alive)));
            let exchange = tower_transport::exchange::service_fn(move |call: Call| {
                let _child = &child;
                let session = call.extensions.get::<Session>().cloned();
                let Input::Message(message) = call.input else { panic!() };
                let says = json!({
                    "protocolVersion": "2025-06-18",
                    "session": session.as_ref().and_then(Session::id),
                    "version": session.as_ref().and_then(Session::version),
                });
                let answer = Message::response(&message.id().unwrap(), &says).unwrap();
                std::future::ready(Ok::<_, std::io::Error>(
                    Reply::<tower_transport::exchange::BoxReply>::once(tower_transport::exchange::Item::Response(
                        answer,
                    )),
                ))
            });
            std::future::ready(Ok::<_, std::io::Error>(exchange))
        })
    };
    let server = Server::per_session(make);
    let (a, b) = (open(&server).await, open(&server).await);
    let said = json_body(send(&server, legacy(&a, &request(1, "echo", &json!({})))).await).await;
    assert_eq!(
        (&said["result"]["session"], &said["result"]["version"]),
        (&json!(a), &json!("2025-06-18"))
    );
    let said = json_body(send(&server, modern(&json!(1), "echo", &json!({}))).await).await;
    assert_eq!(said["result"]["session"], Value::Null);
    assert_eq!(*made.lock().unwrap(), [Some(a.clone()), Some(b), None]);
    assert_eq!(alive.load(Ordering::SeqCst), 2);
    send(&server, delete(Some(&a))).await;
    assert_eq!(alive.load(Ordering::SeqCst), 1);
    drop(server);
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

struct Alive(Arc<AtomicUsize>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn an_exchange_that_cannot_be_made_or_never_answers_opens_no_session() {
    let make = service_fn(|_: Session| {
        std::future::ready(Err::<BoxCloneExchange, _>(std::io::Error::other("no such command")))
    });
    for (show, text) in [
        (true, "no exchange could be made: no such command"),
        (false, "no exchange could be made"),
    ] {
        let server = Server::per_session(make).show_causes(show);
        let response = send(&server, post(initialize().to_string())).await;
        assert_eq!(response.status(), 503);
        assert_eq!(json_body(response).await["error"]["message"], text);
    }
    let make = service_fn(|_: Session| std::future::pending::<Result<BoxCloneExchange, std::io::Error>>());
    let response = send(&Server::per_session(make), post(initialize().to_string())).await;
    assert_eq!(refusal(response).await, (503, -32603));
    let server = Server::new(unary(async |_| {
        std::future::pending::<Result<Message, std::io::Error>>().await
    }));
    let server = server.initialize_timeout(Duration::from_secs(60));
    let response = send(&server, post(initialize().to_string())).await;
    assert!(!response.headers().contains_key("mcp-session-id"));
    assert_eq!(refusal(response).await, (200, -32603));
    assert_eq!(server.handle().sessions(), 0);
}

// item 30
#[tokio::test]
async fn what_comes_before_the_answer_to_initialize_is_kept_in_its_order() {
    let server = Server::new(tower_transport::exchange::handler_fn(
        |call: Call, peer: tower_transport::exchange::Peer| async move {
            let Input::Message(_) = call.input else { return Ok(None) };
            peer.notify(progress(&json!("early"))).await?;
            let ask = Message::request(&Id::number(1), "ping", &json!({})).unwrap();
            let answer = peer.request(ask).await?.decode::<Value>().unwrap();
            let answer = json!({"protocolVersion": "2025-11-25", "ping": answer["code"]});
            Ok::<_, tower_transport::exchange::PeerGone>(Message::response(&Id::null(), &answer).ok())
        },
    ));
    let response = send(&server, post(initialize().to_string())).await;
    assert!(response.headers().contains_key("mcp-session-id"));
    let mut events = Events::of(response);
    assert_eq!(events.next().await.unwrap()["params"]["progress"], "early");
    let answer = events.next().await.unwrap();
    assert_eq!((&answer["id"], &answer["result"]["ping"]), (&json!(0), &json!(-32603)));
    assert_eq!(events.next().await, None);
}

// items 43, 57, 97: the opening of mcp-remote 0.15.1, as it was measured.
#[tokio::test]
async fn the_opening_of_a_client_in_wide_use_is_served() {
    let server = probe().server();
    assert_eq!(send(&server, with(get(None), "accept", ACCEPT)).await.status(), 405);
    for path in [
        "/.well-known/oauth-protected-resource/mcp",
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
        "/mcp/.well-known/openid-configuration",
        "/mcp/.well-known/oauth-authorization-server",
    ] {
        let mut probe = get(None);
        *probe.uri_mut() = path.parse().unwrap();
        assert_eq!(send(&server, probe).await.status(), 404, "{path}");
    }
    let first = open(&server).await;
    let second = open(&server).await;
    assert_eq!(
        send(
            &server,
            with(
                post(initialized().to_string()),
                "mcp-method",
                "notifications/initialized"
            )
        )
        .await
        .status(),
        202
    );
    for session in [first, second] {
        let call = legacy(&session, &request(1, "echo", &json!({})));
        assert_eq!(send(&server, with(call, "mcp-method", "echo")).await.status(), 200);
    }
}
