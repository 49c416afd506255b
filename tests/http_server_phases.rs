//! How far a request has come, and what is let go when its client goes: the exchange is made, readied, called, and its reply is read.

mod http_server_support;

use futures_core::Stream;
use http_server_support::{Events, modern, send};
use serde_json::json;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tower::Service;
use tower_transport::BoxError;
use tower_transport::exchange::{Call, Item};
use tower_transport::http::{Server, Session};

/// Where a request gets stuck.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    MakeReady,
    Make,
    Ready,
    Call,
    Reply,
}

const PHASES: [Phase; 5] = [Phase::MakeReady, Phase::Make, Phase::Ready, Phase::Call, Phase::Reply];

impl Phase {
    fn ready(self, stuck: Phase) -> Poll<Result<(), BoxError>> {
        if self == stuck {
            Poll::Pending
        } else {
            Poll::Ready(Ok(()))
        }
    }
}

/// Counts by their clones the makers, the exchanges, and the futures and replies.
#[derive(Clone)]
struct Alive {
    maker: Arc<()>,
    exchange: Arc<()>,
    work: Arc<()>,
}

impl Alive {
    fn now(&self) -> [usize; 3] {
        [&self.maker, &self.exchange, &self.work].map(Arc::strong_count)
    }
}

#[derive(Clone)]
struct Maker {
    stuck: Phase,
    of: Arc<Alive>,
    _one: Arc<()>,
}

#[derive(Clone)]
struct Exchange {
    stuck: Phase,
    of: Arc<Alive>,
    _one: Arc<()>,
}

struct Silence(#[allow(dead_code, reason = "it is counted")] Arc<()>);

type Boxed<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

impl Service<Session> for Maker {
    type Response = Exchange;
    type Error = BoxError;
    type Future = Boxed<Exchange>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.stuck.ready(Phase::MakeReady)
    }

    fn call(&mut self, _: Session) -> Self::Future {
        let (stuck, of, work) = (self.stuck, Arc::clone(&self.of), Arc::clone(&self.of.work));
        Box::pin(async move {
            let _work = work;
            if stuck == Phase::Make {
                pending::<()>().await;
            }
            let _one = Arc::clone(&of.exchange);
            Ok(Exchange { stuck, of, _one })
        })
    }
}

impl Service<Call> for Exchange {
    type Response = Silence;
    type Error = BoxError;
    type Future = Boxed<Silence>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.stuck.ready(Phase::Ready)
    }

    fn call(&mut self, _: Call) -> Self::Future {
        let (stuck, work) = (self.stuck, Arc::clone(&self.of.work));
        Box::pin(async move {
            if stuck == Phase::Call {
                pending::<()>().await;
            }
            Ok(Silence(work))
        })
    }
}

impl Stream for Silence {
    type Item = Result<Item, BoxError>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Pending
    }
}

/// A server that gets stuck, and what of it is alive.
fn server(stuck: Phase) -> (Server<Exchange, Maker>, Arc<Alive>) {
    let alive = Arc::new(Alive {
        maker: Arc::default(),
        exchange: Arc::default(),
        work: Arc::default(),
    });
    let maker = Maker {
        stuck,
        of: Arc::clone(&alive),
        _one: Arc::clone(&alive.maker),
    };
    let server = Server::per_session(maker)
        .keep_alive(Duration::from_secs(1))
        .ready_timeout(Duration::from_secs(60));
    (server, alive)
}

/// What a request holds while it is stuck: the exchange is let go as soon as it was called.
fn held(stuck: Phase) -> [usize; 3] {
    match stuck {
        Phase::MakeReady => [1, 0, 0],
        Phase::Ready => [0, 1, 0],
        Phase::Make | Phase::Call | Phase::Reply => [0, 0, 1],
    }
}

fn more(now: [usize; 3], before: [usize; 3]) -> [usize; 3] {
    [0, 1, 2].map(|at| now[at] - before[at])
}

#[tokio::test]
async fn a_request_holds_what_it_has_come_to_and_lets_go_of_it_with_its_client() {
    for stuck in PHASES {
        let (mut server, alive) = server(stuck);
        let before = alive.now();
        let mut response = tokio_test::task::spawn(server.call(modern(&json!(1), "echo", &json!({}))));
        assert!(response.poll().is_pending());
        assert_eq!(more(alive.now(), before), held(stuck), "{stuck:?}");
        assert_eq!(server.handle().calls(), 1, "{stuck:?}");
        drop(response);
        assert_eq!(alive.now(), before, "{stuck:?}");
        assert_eq!(server.handle().calls(), 0, "{stuck:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_that_was_begun_holds_no_more_and_lets_go_of_it_as_well() {
    for stuck in PHASES {
        let (server, alive) = server(stuck);
        let before = alive.now();
        let mut events = Events::of(send(&server, modern(&json!(1), "echo", &json!({}))).await);
        for _ in 0..2 {
            assert_eq!(events.block().await.unwrap(), ":");
        }
        assert_eq!(more(alive.now(), before), held(stuck), "{stuck:?}");
        assert_eq!(server.handle().calls(), 1, "{stuck:?}");
        drop(events);
        assert_eq!(alive.now(), before, "{stuck:?}");
        assert_eq!(server.handle().calls(), 0, "{stuck:?}");
    }
}

#[tokio::test]
async fn a_drain_ends_a_subscription_wherever_it_is() {
    for stuck in PHASES {
        let (mut server, alive) = server(stuck);
        let before = alive.now();
        let mut response = tokio_test::task::spawn(server.call(modern(&json!(1), "subscriptions/listen", &json!({}))));
        assert!(response.poll().is_pending());
        let mut drained = tokio_test::task::spawn(server.handle().drain());
        assert!(drained.poll().is_pending());
        assert!(response.is_woken(), "{stuck:?}");
        assert!(response.poll().is_ready(), "{stuck:?}");
        assert!(drained.is_woken() && drained.poll().is_ready(), "{stuck:?}");
        assert_eq!(alive.now(), before, "{stuck:?}");
    }
}
