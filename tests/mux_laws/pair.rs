//! Two muxes: callers with all sorts of patience on one side, handlers that talk and ask back on the other.

use crate::chaos::Chaos;
use crate::random::Rng;
use crate::wire::{check_answers, check_calls, lines};
use futures_core::Stream;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use tokio::io::{duplex, split};
use tokio::task::{JoinSet, LocalSet};
use tower::{Service, ServiceExt};
use tower_transport::BoxError;
use tower_transport::exchange::{Call, Item, Peer, Responder, handler_fn};
use tower_transport::message::{Id, Kind, Message};
use tower_transport::mux::{Connection, End, Items, Mux};

/// After so long without an item a caller gives up: on a broken wire there may be none.
const PATIENCE: Duration = Duration::from_secs(3000);

#[derive(Serialize, Deserialize)]
struct Params {
    stamp: u64,
    caller: u64,
    script: Vec<Step>,
    #[serde(rename = "_meta")]
    meta: Value,
    filler: String,
}

/// What a handler is asked to do before it answers.
#[derive(Serialize, Deserialize, Clone, Copy)]
enum Step {
    Tell,
    Ask,
    AskBriefly(u64),
    Sleep(u64),
    Fail,
}

pub(crate) async fn run(seed: u64, breaks: bool) {
    LocalSet::new().run_until(scenario(Rng::new(seed), breaks)).await;
}

async fn scenario(mut rng: Rng, breaks: bool) {
    let (ours, theirs) = duplex(rng.pick(&[1, 64, 64, 256, 256, 1024, 4096, 1 << 16]));
    let (mut ours, mut theirs) = (Chaos::new(ours, rng.fork()), Chaos::new(theirs, rng.fork()));
    let (called, served) = (ours.tap(), theirs.tap());
    let mut deaf = false;
    if breaks && rng.percent(70) {
        deaf |= ours.doomed();
    } else if breaks {
        deaf |= theirs.doomed();
    }

    let running = Arc::new(AtomicUsize::new(0));
    let handler = {
        let running = running.clone();
        handler_fn(move |call: Call, peer: Peer| handle(call, peer, Running::new(&running)))
    };
    let (read, write) = split(theirs);
    let (server, driver) = Mux::new()
        .max_in_flight(1 + rng.below(8) as usize)
        .serve(read, write, handler);
    let server_driver = tokio::task::spawn_local(driver);
    let (read, write) = split(ours);
    let (connection, driver) = Mux::new().max_in_flight(1 + rng.below(8) as usize).connect(read, write);
    let client_driver = tokio::task::spawn_local(driver);

    let stamps = Rc::new(Cell::new(0));
    let mut callers = JoinSet::new();
    for caller in 0..1 + rng.below(6) {
        let caller = Caller {
            connection: connection.clone(),
            number: caller,
            rng: rng.fork(),
            stamps: stamps.clone(),
            breaks,
        };
        callers.spawn_local(caller.run());
    }
    let listener = rng
        .percent(60)
        .then(|| tokio::task::spawn_local(listen(connection.clone(), rng.fork())));
    while let Some(caller) = callers.join_next().await {
        caller.expect("a caller finds the laws kept");
    }
    if let Some(listener) = listener {
        listener.abort();
        let _aborted = listener.await;
    }
    settled(&connection).await;
    if !breaks {
        settled(&server).await;
        // What counts as written may still be in the buffer of a slow wire.
        tokio::time::sleep(PATIENCE).await;
    }
    assert!(breaks || !connection.is_closed());
    drop(connection);
    let end = client_driver.await.expect("no panic");
    assert!(breaks || matches!(end, End::Dropped), "{end}");
    let written = called.lock().unwrap().len();
    if deaf {
        server_driver.abort();
        let _aborted = server_driver.await;
    } else {
        let end = server_driver.await.expect("no panic");
        // It may still have been writing what nobody waits for.
        assert!(breaks || matches!(end, End::Eof | End::Write(_)), "{end}");
    }
    assert_eq!(server.in_flight(), (0, 0));
    assert_eq!(running.load(Relaxed), 0, "a handler outlived its connection");
    assert_eq!(called.lock().unwrap().len(), written, "written after the end");

    let (called, served) = (lines(&called), lines(&served));
    let (requests, cancelled) = check_calls(&called);
    let answered = check_answers(&served, &requests);
    let (asked, given_up) = check_calls(&served_calls(&served));
    let told: Vec<Value> = called
        .iter()
        .filter(|line| line.get("method").is_none())
        .cloned()
        .collect();
    let replied = check_answers(&told, &asked);
    if !breaks {
        let due = requests
            .keys()
            .filter(|id| !cancelled.contains(*id) && requests[*id]["method"] != "initialize");
        for id in due {
            assert!(answered.contains(id), "never answered: {}", requests[id]);
        }
        for id in asked.keys().filter(|id| !given_up.contains(*id)) {
            assert!(replied.contains(id), "never answered: {}", asked[id]);
        }
    }
}

fn served_calls(served: &[Value]) -> Vec<Value> {
    let called = |line: &&Value| {
        line.get("id").is_some() && line.get("method").is_some() || line["method"] == "notifications/cancelled"
    };
    served.iter().filter(called).cloned().collect()
}

async fn settled(connection: &Connection) {
    while connection.in_flight() != (0, 0) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

struct Running(Arc<AtomicUsize>);

impl Running {
    fn new(count: &Arc<AtomicUsize>) -> Running {
        count.fetch_add(1, Relaxed);
        Running(count.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

async fn handle(call: Call, peer: Peer, _running: Running) -> Result<Option<Message>, BoxError> {
    let message = call.message().expect("nobody listens here");
    let params: Params = message.decode()?;
    if message.kind() == Kind::Notification {
        return Ok(None);
    }
    let (mut told, mut asked) = (0, 0);
    for step in params.script {
        let ask = || {
            let params = json!({"caller": params.caller, "asked": asked});
            Message::request(&Id::number(1), "sampling/createMessage", &params)
        };
        match step {
            Step::Tell => {
                let params = json!({
                    "progressToken": params.meta["progressToken"],
                    "caller": params.caller,
                    "progress": told,
                    "filler": params.filler,
                });
                peer.notify(Message::notification("notifications/progress", &params)?)
                    .await?;
                told += 1;
            }
            Step::Ask => {
                let answer = peer.request(ask()?).await?;
                if answer.kind() == Kind::Response {
                    let echo: Value = answer.decode()?;
                    assert_eq!(
                        echo,
                        json!({"caller": params.caller, "asked": asked}),
                        "another's answer"
                    );
                }
                asked += 1;
            }
            Step::AskBriefly(millis) => {
                let _given_up = tokio::time::timeout(Duration::from_millis(millis), peer.request(ask()?)).await;
                asked += 1;
            }
            Step::Sleep(millis) => tokio::time::sleep(Duration::from_millis(millis)).await,
            Step::Fail => return Err("asked to fail".into()),
        }
    }
    let answer = json!({"caller": params.caller, "stamp": params.stamp, "told": told});
    Ok(Some(Message::response(&Id::null(), &answer)?))
}

struct Caller {
    connection: Connection,
    number: u64,
    rng: Rng,
    stamps: Rc<Cell<u64>>,
    breaks: bool,
}

impl Caller {
    async fn run(mut self) {
        for _ in 0..self.rng.below(12) {
            let mut connection = self.connection.clone();
            let ready = tokio::time::timeout(PATIENCE, connection.ready()).await;
            match ready {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => {
                    assert!(
                        self.breaks && error.is_disconnected() && error.was_never_sent(),
                        "{error}"
                    );
                    return;
                }
                Err(_) => {
                    assert!(self.breaks, "never ready");
                    continue;
                }
            }
            match self.rng.below(20) {
                0 => continue,
                1 => tokio::time::sleep(self.rng.millis(50)).await,
                2..6 => {
                    self.tell(connection).await;
                    continue;
                }
                _ => {}
            }
            self.ask(connection).await;
        }
    }

    fn params(&mut self) -> Params {
        let script = (0..self.rng.below(8))
            .map(|_| match self.rng.below(20) {
                0..10 => Step::Tell,
                10..13 => Step::Ask,
                13..15 => Step::AskBriefly(self.rng.below(300)),
                15..19 => Step::Sleep(self.rng.below(200)),
                _ => Step::Fail,
            })
            .collect();
        let stamp = self.stamps.get();
        self.stamps.set(stamp + 1);
        Params {
            stamp,
            caller: self.number,
            script,
            // All callers use the same token, and often the same id.
            meta: json!({"progressToken": "same"}),
            filler: "x".repeat(if self.rng.percent(3) {
                9000
            } else {
                self.rng.below(60) as usize
            }),
        }
    }

    async fn tell(&mut self, mut connection: Connection) {
        let message = Message::notification("notifications/tell", &self.params()).unwrap();
        match connection.call(Call::new(message)).await {
            Ok(mut reply) => assert!(next(&mut reply).await.is_none(), "a notification's reply is empty"),
            Err(error) => assert!(self.breaks && error.is_disconnected(), "{error}"),
        }
    }

    async fn ask(&mut self, mut connection: Connection) {
        let id = match self.rng.below(3) {
            0 => Id::number(7),
            1 => Id::string("seven"),
            _ => Id::from_raw(b"7.0").unwrap(),
        };
        let method = self.rng.pick(&["tools/call", "tools/call", "tools/call", "initialize"]);
        let params = self.params();
        let message = Message::request(&id, method, &params).unwrap();
        let call = connection.call(Call::new(message));
        if self.rng.percent(50) {
            drop(connection);
        }
        let patience = match self.rng.below(5) {
            0 => Duration::ZERO,
            1 => self.rng.millis(500),
            _ => PATIENCE,
        };
        let items = if self.rng.percent(15) {
            self.rng.below(4)
        } else {
            u64::MAX
        };
        let read = self.read(call, items, &id, &params);
        let outcome = tokio::time::timeout(patience, read).await;
        assert!(self.breaks || outcome.is_ok() || patience < PATIENCE, "never answered");
    }

    /// Reads up to so many items, and holds them against what was asked for.
    async fn read<E>(
        &mut self,
        call: impl Future<Output = Result<tower_transport::exchange::Reply<Items>, E>>,
        items: u64,
        id: &Id,
        params: &Params,
    ) where
        E: std::fmt::Display,
    {
        let mut reply = match call.await {
            Ok(reply) => reply,
            Err(error) => {
                assert!(self.breaks, "{error}");
                return;
            }
        };
        let mut told = 0;
        for _ in 0..items {
            if self.rng.percent(20) {
                tokio::time::sleep(self.rng.millis(300)).await;
            }
            match next(&mut reply)
                .await
                .expect("a reply ends with a response or an error")
            {
                Ok(Item::Notification(message)) => {
                    let progress: Value = message.decode().unwrap();
                    assert_eq!(progress["progressToken"], "same");
                    assert_eq!(
                        (&progress["caller"], &progress["progress"]),
                        (&json!(params.caller), &json!(told))
                    );
                    told += 1;
                }
                Ok(Item::Request(message, responder)) => answer(&message, responder, &mut self.rng).await,
                Ok(Item::Response(message)) => {
                    assert_eq!(message.id_bytes(), Some(id.as_bytes()), "the caller's own id");
                    if message.kind() == Kind::Response {
                        let result: Value = message.decode().unwrap();
                        assert_eq!(
                            result,
                            json!({"caller": params.caller, "stamp": params.stamp, "told": told})
                        );
                    }
                    assert_eq!(reply.size_hint(), (0, Some(0)));
                    assert!(next(&mut reply).await.is_none(), "nothing follows the response");
                    return;
                }
                Err(error) => {
                    assert!(self.breaks && error.is_disconnected(), "{error}");
                    assert!(next(&mut reply).await.is_none(), "nothing follows an error");
                    return;
                }
            }
        }
    }
}

async fn listen(mut connection: Connection, mut rng: Rng) {
    loop {
        if connection.ready().await.is_err() {
            return;
        }
        let Ok(mut reply) = connection.call(Call::listen()).await else {
            return;
        };
        for _ in 0..1 + rng.below(20) {
            match next(&mut reply).await {
                Some(Ok(Item::Request(message, responder))) => answer(&message, responder, &mut rng).await,
                Some(Ok(Item::Notification(_))) => {}
                Some(Ok(Item::Response(message))) => panic!("a listener gets no response: {message:?}"),
                Some(Err(_)) | None => break,
            }
        }
    }
}

/// Answers with what was asked, now or later, or not at all.
async fn answer(message: &Message, mut responder: Responder, rng: &mut Rng) {
    match rng.below(6) {
        0 => return,
        1 => tokio::time::sleep(rng.millis(300)).await,
        2 => {
            let note = Message::notification("notifications/progress", &json!({"progressToken": 1})).unwrap();
            let _gone = responder.notify(note).await;
        }
        3 => {
            let _closed = tokio::time::timeout(rng.millis(100), responder.closed()).await;
        }
        _ => {}
    }
    let echo: Value = message.decode().unwrap();
    let _gone = responder.respond(Message::response(&Id::null(), &echo).unwrap());
}

async fn next<S: Stream + Unpin>(reply: &mut S) -> Option<S::Item> {
    poll_fn(|cx| Pin::new(&mut *reply).poll_next(cx)).await
}
