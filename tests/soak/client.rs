use crate::gateway::Gateway;
use crate::http::{Answer, Connection, Refused};
use crate::random::Random;
use crate::tally::Tally;
use crate::tool::{Era, Legacy, Modern, Tool};
use http::{Method, StatusCode};
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// One client after another.
pub(crate) struct Client {
    address: SocketAddr,
    shared: Arc<AtomicU32>,
    /// The child of this client's session, once a call has told.
    own: Option<u32>,
    random: Random,
    /// Calls so far, from anywhere on.
    calls: u64,
    pub(crate) tally: Tally,
}

/// What a round of calls came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Round {
    Done,
    /// The client has gone in the middle of it.
    Vanished,
    /// The session has ended with its child.
    Over,
}

impl Client {
    pub(crate) fn new(gateway: &Gateway, mut random: Random) -> Client {
        let calls = random.within(0..u64::MAX / 2);
        Client {
            address: gateway.address,
            shared: gateway.shared.clone(),
            own: None,
            random,
            calls,
            tally: Tally::default(),
        }
    }

    /// The whole life of one client.
    pub(crate) async fn live(&mut self) {
        sleep(self.pause(30)).await;
        if self.random.percent(60) {
            self.live_in_session().await;
        } else {
            for _ in 0..self.random.within(1..5) {
                if self.round(None).await == Round::Vanished {
                    return;
                }
            }
        }
    }

    async fn live_in_session(&mut self) {
        let mut connection = Connection::open(self.address).await;
        let Some(session) = self.initialize(&mut connection).await else {
            return;
        };
        self.tally.sessions += 1;
        self.own = None;
        let listening = if self.random.percent(30) {
            Some(self.listen(&session).await)
        } else {
            None
        };
        for _ in 0..self.random.within(1..6) {
            if self.round(Some(&session)).await != Round::Done {
                return;
            }
        }
        drop(listening);
        if self.random.percent(25) {
            let delete = connection.request(Method::DELETE).header("Mcp-Session-Id", &session);
            let status = connection.send(delete.body(String::new()).unwrap()).await.status();
            self.tally.deleted += u64::from(status == StatusCode::NO_CONTENT);
            assert!(
                matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_FOUND),
                "{status}"
            );
        }
    }

    async fn initialize(&mut self, connection: &mut Connection) -> Option<String> {
        let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "soak", "version": "0" } });
        let body = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params });
        let opening = async {
            let request = connection.request(Method::POST);
            let response = connection.post(request, &body).await;
            let session = response.headers().get("mcp-session-id");
            let session = session.map(|id| id.to_str().unwrap().to_owned());
            Answer::read(response, 0).await.map(|answer| (session, answer))
        };
        let opened = if self.random.percent(5) {
            timeout(Duration::from_millis(self.random.within(0..10)), opening).await
        } else {
            Ok(opening.await)
        };
        match opened {
            Err(_vanished) => {
                self.tally.abandoned += 1;
                return None;
            }
            Ok(Ok((Some(session), answer))) => {
                assert!(answer.response.get("result").is_some(), "{}", answer.response);
                let body = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
                let request = connection.request(Method::POST).header("Mcp-Session-Id", &session);
                let status = connection.post(request, &body).await.status();
                assert!(
                    matches!(status, StatusCode::ACCEPTED | StatusCode::NOT_FOUND),
                    "{status}"
                );
                return Some(session);
            }
            Ok(Ok((None, answer))) => {
                let said = answer
                    .result()
                    .expect_err("a session id comes with the result of initialize");
                assert!(said.contains("signal 9"), "{said}");
            }
            // There are too many sessions, or the child was killed before it was told anything.
            Ok(Err(Refused { status, said })) => {
                let known = said.contains("sessions") || said.contains("never sent") && said.contains("signal 9");
                assert!(status == StatusCode::SERVICE_UNAVAILABLE && known, "{status}: {said}");
            }
        }
        self.tally.sessions_refused += 1;
        None
    }

    /// Opens the stream of what the server sends outside of its answers. Nobody reads it.
    async fn listen(&mut self, session: &str) -> Connection {
        let mut connection = Connection::open(self.address).await;
        let request = connection.request(Method::GET).header("Mcp-Session-Id", session);
        let response = connection.send(request.body(String::new()).unwrap()).await;
        assert!(
            matches!(response.status(), StatusCode::OK | StatusCode::NOT_FOUND),
            "{}",
            response.status()
        );
        connection
    }

    /// Up to three calls at once, each over its own connection; ids may be equal, as they are the caller's own.
    async fn round(&mut self, session: Option<&str>) -> Round {
        let mut running = JoinSet::new();
        let calls = self.random.within(1..4);
        for _ in 0..calls {
            self.calls += 1;
            let tool = Tool::any(&mut self.random, &format!("call {}", self.calls));
            let (address, id) = (self.address, self.random.within(1..4));
            let session = session.map(str::to_owned);
            running.spawn(async move {
                let answer = match &session {
                    Some(session) => call(address, Legacy(session), id, &tool).await,
                    None => call(address, Modern, id, &tool).await,
                };
                (tool, answer)
            });
        }
        let mut round = Round::Done;
        let vanishes = self.random.percent(15).then(|| self.pause(40));
        let ends = async {
            while let Some(ended) = running.join_next().await {
                let (tool, answer) = ended.unwrap();
                if self.count(session.is_some(), &tool, answer) == Round::Over {
                    round = Round::Over;
                }
            }
        };
        match vanishes {
            None => ends.await,
            Some(after) => {
                if timeout(after, ends).await.is_err() {
                    round = Round::Vanished;
                }
            }
        }
        self.tally.abandoned += running.len() as u64;
        running.shutdown().await;
        round
    }

    fn count(&mut self, in_session: bool, tool: &Tool, answer: Result<Answer, Refused>) -> Round {
        let answer = match answer {
            Ok(answer) => answer,
            Err(Refused { status, said }) => {
                let known = match status {
                    StatusCode::NOT_FOUND => in_session,
                    StatusCode::SERVICE_UNAVAILABLE => said.contains("signal 9"),
                    _ => false,
                };
                assert!(known, "{tool:?}: {status}: {said}");
                self.tally.refused += 1;
                return if in_session { Round::Over } else { Round::Done };
            }
        };
        match answer.result() {
            Ok(text) => {
                tool.check(text, &answer.before);
                self.tally.answered += 1;
                if matches!(tool, Tool::Pid) {
                    self.check_process(in_session, text);
                }
            }
            Err(said) => {
                assert!(
                    said.contains("has ended") || said.contains("session ended"),
                    "{tool:?}: {said}"
                );
                if !said.contains("signal 9") {
                    eprintln!("without the status: {tool:?}: {said}");
                    self.tally.without_status += 1;
                }
                tool.check_progress(&answer.before);
                self.tally.failed_by_kills += 1;
            }
        }
        Round::Done
    }

    /// A session has one child from its first call to its last.
    fn check_process(&mut self, in_session: bool, pid: &str) {
        let pid = pid.parse().unwrap();
        if in_session {
            assert_eq!(*self.own.get_or_insert(pid), pid, "the child of another session");
        } else {
            self.shared.store(pid, Ordering::Relaxed);
        }
    }

    fn pause(&mut self, most: u64) -> Duration {
        Duration::from_millis(self.random.within(0..most))
    }
}

async fn call(address: SocketAddr, era: impl Era, id: u64, tool: &Tool) -> Result<Answer, Refused> {
    let mut connection = Connection::open(address).await;
    connection.call(era, id, tool).await
}
