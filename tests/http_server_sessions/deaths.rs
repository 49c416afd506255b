//! Exchanges that die.

use crate::http_server_support::{
    Events, get, initialize, json_body, legacy, modern, open, post, refusal, request, send, until,
};
use crate::support::probe;
use http::Response;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tower::{Service, service_fn};
use tower_transport::exchange::{BoxCloneExchange, Call};
use tower_transport::http::{Server, ServerBody, Session};

// item 123
#[tokio::test]
async fn a_dead_exchange_ends_its_session_alone_and_a_new_one_works() {
    let (probe, dead) = (probe(), Arc::new(AtomicBool::new(false)));
    let mortal = Mortal {
        inner: probe.exchange(),
        dead: Arc::clone(&dead),
    };
    let server = Server::new(mortal).show_causes(true);
    let session = open(&server).await;
    let mut stream = Events::of(send(&server, get(Some(&session))).await);
    dead.store(true, Ordering::SeqCst);
    let response = send(&server, legacy(&session, &request(1, "echo", &json!({})))).await;
    assert_eq!(response.status(), 404);
    let body = json_body(response).await;
    assert_eq!((&body["id"], &body["error"]["code"]), (&json!(1), &json!(-32603)));
    assert_eq!(body["error"]["message"], "the exchange has ended: exit status 9");
    assert_eq!(stream.next().await, None);
    assert_eq!(server.handle().sessions(), 0);
    assert_eq!(
        refusal(send(&server, modern(&json!(1), "echo", &json!({}))).await).await,
        (503, -32603)
    );
    dead.store(false, Ordering::SeqCst);
    assert_eq!(
        send(&server, legacy(&session, &request(1, "echo", &json!({}))))
            .await
            .status(),
        404
    );
    let session = open(&server).await;
    assert_eq!(
        send(&server, legacy(&session, &request(1, "echo", &json!({}))))
            .await
            .status(),
        200
    );
}

#[tokio::test]
async fn what_an_exchange_died_of_is_not_told_unless_that_is_allowed() {
    let (probe, dead) = (probe(), Arc::new(AtomicBool::new(false)));
    let server = Server::new(Mortal {
        inner: probe.exchange(),
        dead: Arc::clone(&dead),
    });
    let session = open(&server).await;
    let running = tokio::spawn({
        let (server, session) = (server.clone(), session.clone());
        async move { json_or_event(send(&server, legacy(&session, &request(1, "hang", &json!({})))).await).await }
    });
    until(|| probe.begun() == 2).await;
    dead.store(true, Ordering::SeqCst);
    let refused = send(&server, legacy(&session, &request(2, "echo", &json!({})))).await;
    assert_eq!(json_body(refused).await["error"]["message"], "the exchange has ended");
    let lost = running.await.unwrap();
    assert_eq!(
        lost["error"]["message"],
        "the session ended while the call ran, it may have run"
    );
}

/// The answer, whether it is the whole body or an event.
async fn json_or_event(response: Response<ServerBody>) -> Value {
    match response.headers()["content-type"] == "application/json" {
        true => json_body(response).await,
        false => Events::of(response).next().await.unwrap(),
    }
}

// PITFALLS 54
#[tokio::test]
async fn a_session_whose_exchange_died_while_nobody_called_makes_room_for_another() {
    let probe = probe();
    let dead: Arc<Mutex<Vec<Arc<AtomicBool>>>> = Arc::default();
    let server = Server::per_session({
        let dead = Arc::clone(&dead);
        service_fn(move |_: Session| {
            let mortal = Mortal {
                inner: probe.exchange(),
                dead: Arc::default(),
            };
            dead.lock().unwrap().push(Arc::clone(&mortal.dead));
            std::future::ready(Ok::<_, std::io::Error>(mortal))
        })
    })
    .max_sessions(2);
    let (died, alive) = (open(&server).await, open(&server).await);
    assert_eq!(
        refusal(send(&server, post(initialize().to_string())).await).await,
        (503, -32603)
    );
    dead.lock().unwrap()[0].store(true, Ordering::SeqCst);
    let opened = open(&server).await;
    for (session, status) in [(died, 404), (alive, 200), (opened, 200)] {
        let call = legacy(&session, &request(1, "echo", &json!({})));
        assert_eq!(send(&server, call).await.status(), status);
    }
}

/// Fails for good while a flag says so.
#[derive(Clone)]
struct Mortal {
    inner: BoxCloneExchange,
    dead: Arc<AtomicBool>,
}

impl Service<Call> for Mortal {
    type Response = <BoxCloneExchange as Service<Call>>::Response;
    type Error = tower::BoxError;
    type Future = <BoxCloneExchange as Service<Call>>::Future;

    fn poll_ready(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), tower::BoxError>> {
        if self.dead.load(Ordering::SeqCst) {
            return std::task::Poll::Ready(Err(Box::new(std::io::Error::other("exit status 9"))));
        }
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> Self::Future {
        self.inner.call(call)
    }
}
