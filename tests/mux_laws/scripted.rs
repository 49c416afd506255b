//! A mux that calls a peer which answers, tells, asks and cancels at random, and speaks nonsense between.

use crate::chaos::Chaos;
use crate::random::Rng;
use crate::wire::{cancels, check_calls, id, is_answer, is_request, lines};
use futures_core::Stream;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, WriteHalf, duplex, split};
use tokio::task::{JoinSet, LocalSet};
use tower::{Service, ServiceExt};
use tower_transport::exchange::{Call, Item};
use tower_transport::message::{Id, Message};
use tower_transport::mux::{Connection, Error, Mux};

const LIMIT: usize = 2000;
const PATIENCE: Duration = Duration::from_secs(20);

/// What the peer has said to each call, by its stamp, in order; and the requests that it made.
#[derive(Default)]
struct Said {
    to: HashMap<u64, Vec<Word>>,
    asked: Vec<u64>,
    given_up: HashSet<u64>,
    /// The peer says no more.
    enough: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Told(u64),
    Answered,
    /// With a message over the limit.
    Flooded,
}

pub(crate) async fn run(seed: u64, leaves: bool) {
    LocalSet::new().run_until(scenario(Rng::new(seed), leaves)).await;
}

async fn scenario(mut rng: Rng, leaves: bool) {
    let (ours, theirs) = duplex(rng.pick(&[1, 64, 64, 256, 256, 1024, 4096, 1 << 16]));
    let mut ours = Chaos::new(ours, rng.fork());
    let written = ours.tap();
    if leaves && rng.percent(50) {
        ours.doomed();
    }
    let said = Rc::new(RefCell::new(Said::default()));
    let peer = Peer {
        rng: rng.fork(),
        said: said.clone(),
        calls: Vec::new(),
        next: 0,
        leaves: if leaves { rng.below(60) } else { u64::MAX },
    };
    let peer = tokio::task::spawn_local(peer.run(theirs));
    let (read, write) = split(ours);
    // The peer does not read while it writes, and its wire may be slow.
    let stall = if leaves { 30 } else { 3600 };
    let mux = Mux::new()
        .max_in_flight(1 + rng.below(8) as usize)
        .max_message_size(LIMIT)
        .write_stall(Duration::from_secs(stall));
    let (connection, driver) = mux.connect(read, write);
    let driver = tokio::task::spawn_local(driver);
    let mut callers = JoinSet::new();
    let stamps = Rc::new(RefCell::new(0));
    for _ in 0..1 + rng.below(6) {
        let (connection, stamps, said) = (connection.clone(), stamps.clone(), said.clone());
        callers.spawn_local(calls(connection, stamps, said, rng.fork(), leaves));
    }
    let listener = rng
        .percent(60)
        .then(|| tokio::task::spawn_local(listen(connection.clone())));
    while let Some(caller) = callers.join_next().await {
        caller.expect("a caller finds the laws kept");
    }
    if let Some(listener) = listener {
        listener.abort();
        let _aborted = listener.await;
    }
    while connection.in_flight() != (0, 0) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(leaves || !connection.is_closed());
    // What the peer has asked meanwhile is answered or refused, once it has come through.
    said.borrow_mut().enough = true;
    tokio::time::sleep(Duration::from_secs(3600)).await;
    drop(connection);
    driver.await.expect("no panic");
    peer.abort();
    let _aborted = peer.await;

    let written = lines(&written);
    check_calls(&written);
    let mut answers = HashMap::<String, u32>::new();
    for line in written.iter().filter(|line| is_answer(line)) {
        *answers.entry(id(line).unwrap()).or_default() += 1;
    }
    let said = said.borrow();
    for ask in &said.asked {
        let answers = answers.remove(&format!("\"ask {ask}\"")).unwrap_or_default();
        let least = u32::from(!leaves && !said.given_up.contains(ask));
        assert!(
            (least..=1).contains(&answers),
            "request {ask} was answered {answers} times"
        );
    }
    assert!(answers.is_empty(), "answers to nothing: {answers:?}");
}

struct Peer {
    rng: Rng,
    said: Rc<RefCell<Said>>,
    /// Wire id, stamp and token of what was asked and not answered yet.
    calls: Vec<(Value, u64, bool)>,
    next: u64,
    leaves: u64,
}

impl Peer {
    async fn run(mut self, io: DuplexStream) {
        let (read, mut write) = split(io);
        let mut lines = BufReader::new(read).lines();
        while self.leaves > 0 {
            self.leaves -= 1;
            let wait = self.rng.millis(200);
            if let Ok(line) = tokio::time::timeout(wait, lines.next_line()).await {
                let Ok(Some(line)) = line else { break };
                self.hear(&serde_json::from_str(&line).expect("a mux writes JSON"));
                continue;
            }
            if self.said.borrow().enough {
                while let Ok(Some(_)) = lines.next_line().await {}
                return;
            }
            // Several messages in one write, so that the mux reads them at once.
            let text: String = (0..1 + self.rng.below(6)).map(|_| self.speak()).collect();
            if write_all(&mut write, &text).await.is_err() {
                return;
            }
        }
        // Half of those that leave close their side and still read.
        if self.rng.percent(50) {
            let _gone = write.shutdown().await;
            while let Ok(Some(_)) = lines.next_line().await {}
        }
    }

    fn hear(&mut self, line: &Value) {
        if is_request(line) {
            let stamp = line["params"]["stamp"].as_u64().expect("our calls are stamped");
            self.calls
                .push((line["id"].clone(), stamp, line["params"].get("_meta").is_some()));
        } else if let Some(id) = cancels(line) {
            let at = self.calls.iter().position(|(call, ..)| call.to_string() == *id);
            // Sometimes it answers all the same.
            if let Some(at) = at
                && self.rng.percent(60)
            {
                self.calls.swap_remove(at);
            }
        }
    }

    fn speak(&mut self) -> String {
        let call = match self.calls.len() as u64 {
            0 => None,
            calls => Some(self.rng.below(calls) as usize),
        };
        let text = match (self.rng.below(20), call) {
            (0..6, Some(at)) if self.calls[at].2 => self.tell(at),
            (6..11, Some(at)) => self.answer(at),
            (11, Some(at)) => self.flood(at),
            (12, _) => json!({"id": self.rng.below(1 << 33), "result": "unknown"}).to_string(),
            (13, _) => json!({"method": "notifications/progress", "params": {"progressToken": "mine"}}).to_string(),
            (14, _) => {
                json!({"jsonrpc": "2.0", "method": "notifications/message", "params": {"data": "log"}}).to_string()
            }
            (15, _) => self.ask(),
            (16, _) => self.give_up(),
            (17, _) => format!("not a message{}", "!".repeat(self.rng.pick(&[1, 100, 2 * LIMIT]))),
            (18, Some(at)) => {
                // Nothing of ours but a subscription is the peer's to cancel.
                let id = self.calls[at].0.clone();
                json!({"method": "notifications/cancelled", "params": {"requestId": id}}).to_string()
            }
            _ => String::new(),
        };
        text + self.rng.pick(&["\n", "\r\n", "\n\n"])
    }

    fn say(&self, stamp: u64, word: Word) {
        self.said.borrow_mut().to.entry(stamp).or_default().push(word);
    }

    fn tell(&mut self, at: usize) -> String {
        let (id, stamp, _) = self.calls[at].clone();
        self.next += 1;
        self.say(stamp, Word::Told(self.next));
        json!({"method": "notifications/progress", "params": {"progressToken": id, "n": self.next}}).to_string()
    }

    fn answer(&mut self, at: usize) -> String {
        let (id, stamp, _) = self.calls.swap_remove(at);
        self.say(stamp, Word::Answered);
        let answer = json!({"jsonrpc": "2.0", "id": id, "result": {"stamp": stamp}}).to_string();
        if self.rng.percent(10) {
            format!("{answer}\n{answer}")
        } else {
            answer
        }
    }

    fn flood(&mut self, at: usize) -> String {
        let (id, stamp, _) = self.calls.swap_remove(at);
        self.say(stamp, Word::Flooded);
        let text = "x".repeat(LIMIT + self.rng.below(6000) as usize);
        if self.rng.percent(50) {
            format!(r#"{{"jsonrpc":"2.0","id":{id},"result":"{text}"}}"#)
        } else {
            format!(r#"{{"result":"{text}","jsonrpc":"2.0","id":{id}}}"#)
        }
    }

    fn ask(&mut self) -> String {
        self.next += 1;
        self.said.borrow_mut().asked.push(self.next);
        let method = self.rng.pick(&["ping", "roots/list", "sampling/createMessage"]);
        json!({"jsonrpc": "2.0", "id": format!("ask {}", self.next), "method": method}).to_string()
    }

    fn give_up(&mut self) -> String {
        let mut said = self.said.borrow_mut();
        let Some(ask) = said.asked.last().copied() else {
            return String::new();
        };
        said.given_up.insert(ask);
        json!({"method": "notifications/cancelled", "params": {"requestId": format!("ask {ask}")}}).to_string()
    }
}

async fn write_all(write: &mut WriteHalf<DuplexStream>, text: &str) -> std::io::Result<()> {
    write.write_all(text.as_bytes()).await
}

async fn calls(connection: Connection, stamps: Rc<RefCell<u64>>, said: Rc<RefCell<Said>>, mut rng: Rng, leaves: bool) {
    for _ in 0..rng.below(10) {
        let mut connection = connection.clone();
        match tokio::time::timeout(PATIENCE, connection.ready()).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                assert!(leaves && error.was_never_sent(), "{error}");
                return;
            }
            Err(_) => continue,
        }
        let stamp = *stamps.borrow();
        *stamps.borrow_mut() += 1;
        let method = rng.pick(&["tools/call", "tools/list", "initialize"]);
        let params = if rng.percent(70) {
            json!({"stamp": stamp, "_meta": {"progressToken": "mine"}})
        } else {
            json!({"stamp": stamp})
        };
        let message = Message::request(&Id::string("same"), method, &params).unwrap();
        let call = connection.call(Call::new(message));
        let patience = match rng.below(4) {
            0 => Duration::ZERO,
            1 => rng.millis(1000),
            _ => PATIENCE,
        };
        let mut heard = Vec::new();
        let read = async {
            let mut reply = call.await?;
            while let Some(item) = poll_fn(|cx| Pin::new(&mut reply).poll_next(cx)).await {
                hear(item?, stamp, &mut heard);
                if rng.percent(20) {
                    tokio::time::sleep(rng.millis(300)).await;
                }
            }
            Ok::<_, Error>(())
        };
        let outcome = tokio::time::timeout(patience, read).await;
        let said = said.borrow().to.get(&stamp).cloned().unwrap_or_default();
        match outcome {
            // What was said before the end was heard, in order, and nothing of what was said to others.
            Ok(Ok(())) => assert_eq!((&heard, heard.last()), (&said, Some(&Word::Answered))),
            Ok(Err(error)) if error.is_too_large() => {
                heard.push(Word::Flooded);
                assert_eq!(heard, said, "{error}");
                assert!(error.size() > error.limit() && error.limit() == Some(LIMIT));
            }
            Ok(Err(error)) => {
                assert!(leaves && error.is_disconnected(), "{error}");
                assert!(said.starts_with(&heard), "{heard:?} of {said:?}");
            }
            Err(_) => assert!(said.starts_with(&heard), "{heard:?} of {said:?}"),
        }
    }
}

fn hear(item: Item, stamp: u64, heard: &mut Vec<Word>) {
    match item {
        Item::Notification(message) if message.method().as_deref() == Some("notifications/progress") => {
            let told: Value = message.decode().unwrap();
            assert_eq!(told["progressToken"], "mine");
            heard.push(Word::Told(told["n"].as_u64().unwrap()));
        }
        // Logs and requests that name no call come to the only one.
        Item::Notification(_) => {}
        Item::Request(_, responder) => drop(responder),
        Item::Response(message) => {
            assert_eq!(message.id(), Some(Id::string("same")));
            assert_eq!(message.decode::<Value>().unwrap(), json!({"stamp": stamp}));
            heard.push(Word::Answered);
        }
    }
}

async fn listen(mut connection: Connection) {
    while connection.ready().await.is_ok() {
        let Ok(mut reply) = connection.call(Call::listen()).await else {
            return;
        };
        while let Some(Ok(item)) = poll_fn(|cx| Pin::new(&mut reply).poll_next(cx)).await {
            if let Item::Request(_, responder) = item {
                let _gone = responder.respond(Message::response(&Id::null(), &"heard").unwrap());
            }
        }
    }
}
