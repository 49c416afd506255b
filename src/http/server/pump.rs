//! The tasks of a session: one for each call that runs in it, and one for the stream that its client opened by GET.

use super::failure::Failure;
use super::live::Live;
use super::queue::{End, Push, Queue};
use super::run::Running;
use crate::exchange::{Item, Responder};
use crate::message::Message;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Carries a call's items to the client, and goes on without it when it has gone.
pub(super) async fn call<G: Send>(mut task: Task<G>, items: Running) {
    let outcome = task.stream().run_call(items).await;
    let cause = outcome.as_ref().err().and_then(Failure::cause_of_death);
    task.end = Some(outcome.map_or_else(End::Failed, End::Answer));
    let live = Arc::clone(&task.live);
    drop(task);
    if let Some(cause) = cause {
        live.died(cause);
    }
}

/// Carries to the client what the exchange sends outside its calls, until either of them ends it, or the server drains.
pub(super) async fn listen<G: Send>(task: Task<G>, items: Running, drained: impl Future<Output = ()> + Send) {
    let mut drained = pin!(drained);
    let mut stream = task.stream();
    let mut run = pin!(stream.run_listen(items));
    poll_fn(|cx| match run.as_mut().poll(cx) {
        Poll::Pending if task.out.poll_gone(cx).is_pending() => drained.as_mut().poll(cx),
        _ => Poll::Ready(()),
    })
    .await;
}

/// What a task must leave in order, also if the exchange panics in it or its runtime shuts down, be it before it began.
pub(super) struct Task<G> {
    out: Arc<Queue>,
    live: Arc<Live>,
    key: u64,
    guards: Option<G>,
    end: Option<End>,
}

impl<G> Task<G> {
    /// `end` is the end of a task that comes to none of its own.
    pub(super) const fn new(out: Arc<Queue>, live: Arc<Live>, key: u64, guards: G, end: End) -> Task<G> {
        Task {
            out,
            live,
            key,
            guards: Some(guards),
            end: Some(end),
        }
    }

    fn stream(&self) -> Stream<'_> {
        Stream {
            out: &self.out,
            live: &self.live,
            key: self.key,
            asked: Vec::new(),
        }
    }
}

impl<G> Drop for Task<G> {
    fn drop(&mut self) {
        // The call is out before its answer can be read, so whoever has the answer finds it gone.
        self.live.leave(self.key);
        self.guards = None;
        if let Some(end) = self.end.take() {
            self.out.finish(end);
        }
    }
}

struct Stream<'a> {
    out: &'a Queue,
    live: &'a Live,
    key: u64,
    /// What the client was asked and has not answered.
    asked: Vec<u64>,
}

enum Step {
    Item(Option<Result<Item, Failure>>),
    GivenUp(u64),
}

impl Stream<'_> {
    async fn run_call(&mut self, mut items: Running) -> Result<Message, Failure> {
        loop {
            match self.step(&mut items).await {
                Step::Item(Some(Ok(Item::Response(answer)))) => return Ok(answer),
                Step::Item(Some(Ok(Item::Notification(message)))) => self.tell(message).await?,
                Step::Item(Some(Ok(Item::Request(request, responder)))) => self.ask(request, responder).await?,
                Step::Item(Some(Err(failure))) => return Err(failure),
                Step::Item(None) => return Err(Failure::NoResponse),
                Step::GivenUp(ask) => self.cancel(ask).await?,
            }
        }
    }

    async fn run_listen(&mut self, mut items: Running) {
        loop {
            let told = match self.step(&mut items).await {
                Step::Item(Some(Ok(Item::Notification(message)))) => self.tell(message).await,
                Step::Item(Some(Ok(Item::Request(request, responder)))) => self.ask(request, responder).await,
                Step::Item(Some(Err(failure))) => Err(failure),
                // A listening call has no response.
                Step::Item(Some(Ok(Item::Response(_))) | None) => return,
                Step::GivenUp(ask) => self.cancel(ask).await,
            };
            if let Err(failure) = told {
                tracing::debug!(session = ?self.live.session(), %failure, "the stream opened by GET ends");
                return;
            }
        }
    }

    async fn step(&mut self, items: &mut Running) -> Step {
        // What was given up first: it makes room for what is asked next.
        poll_fn(|cx| match self.poll_given_up(cx) {
            Poll::Ready(ask) => Poll::Ready(Step::GivenUp(ask)),
            Poll::Pending => items.as_mut().poll_next(cx).map(Step::Item),
        })
        .await
    }

    fn poll_given_up(&mut self, cx: &mut Context<'_>) -> Poll<u64> {
        let mut given_up = None;
        self.asked.retain(|&ask| {
            if given_up.is_some() {
                return true;
            }
            match self.live.given_up(ask, cx) {
                Some(false) => true,
                Some(true) => {
                    given_up = Some(ask);
                    false
                }
                None => false,
            }
        });
        given_up.map_or(Poll::Pending, Poll::Ready)
    }

    /// Waits for room if there is none. What nobody reads any more is dropped, as the revisions before 2025-11-25 have it.
    async fn tell(&mut self, message: Message) -> Result<(), Failure> {
        self.send(message).await.map(drop)
    }

    async fn ask(&mut self, request: Message, responder: Responder) -> Result<(), Failure> {
        if let Some((ask, request)) = self.live.ask(self.key, request, responder) {
            self.asked.push(ask);
            if let Some(request) = self.send(request).await? {
                self.live.reroute(request);
            }
        }
        Ok(())
    }

    /// Tells the client that a request it was sent needs no answer any more.
    async fn cancel(&mut self, ask: u64) -> Result<(), Failure> {
        #[derive(serde::Serialize)]
        struct Cancelled {
            #[serde(rename = "requestId")]
            request_id: u64,
        }
        match Message::notification("notifications/cancelled", &Cancelled { request_id: ask }) {
            Ok(cancelled) => self.tell(cancelled).await,
            Err(error) => Err(Failure::Failed(error.into())),
        }
    }

    /// Gives the message back when nobody reads.
    async fn send(&mut self, mut message: Message) -> Result<Option<Message>, Failure> {
        let limits = self.live.limits();
        loop {
            message = match self.out.push(message) {
                Push::Taken => return Ok(None),
                Push::Gone(message) => return Ok(Some(message)),
                Push::Full(message) => message,
            };
            let size = message.wire_len();
            let room = poll_fn(|cx| self.out.poll_room(size, cx));
            if tokio::time::timeout(limits.stall, room).await.is_err() {
                return Err(Failure::Unread {
                    limit: limits.unread,
                    stalled: limits.stall,
                });
            }
        }
    }
}
