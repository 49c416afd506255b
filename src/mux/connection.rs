use super::after::After;
use super::response::{ResponseFuture, Waits};
use super::shared::Shared;
use super::table::{Lane, State as Slot};
use super::{End, Error, Items, Stats};
use crate::exchange::{Call, Input, Reply};
use crate::message::{Id, Kind, Message};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_service::Service;

/// The exchange towards the peer of a [`Mux`](super::Mux). A clone is a handle on the same connection, and holds no slot.
///
/// It is not ready while as many calls are in flight as the connection allows; connections that wait get slots in the order in
/// which they came. A readied connection holds one slot until it calls or is dropped.
///
/// The call future resolves with the first item. Dropping the future or the reply cancels: what was written is cancelled in the
/// peer's protocol, what was not is never written. After the last connection and reply have been dropped, the driver ends.
#[derive(Debug)]
pub struct Connection {
    alive: Arc<Alive>,
    ready: Ready,
}

#[derive(Debug)]
enum Ready {
    No,
    Waiting(u32),
    Slot(u32),
}

/// Held by all who may still want something of the peer.
pub(super) struct Alive {
    pub(super) shared: Arc<Shared>,
    /// What is to be dropped with the last of them.
    _guard: Option<Box<dyn Send + Sync>>,
}

impl Connection {
    pub(super) fn new(shared: Arc<Shared>, guard: Option<Box<dyn Send + Sync>>) -> Connection {
        Connection {
            alive: Arc::new(Alive { shared, _guard: guard }),
            ready: Ready::No,
        }
    }

    /// What the connection has counted since it began.
    pub fn stats(&self) -> Stats {
        self.alive.shared.counters.snapshot()
    }

    /// How many calls are in flight or reserved, and how many requests of the peer wait for their answer.
    pub fn in_flight(&self) -> (usize, usize) {
        let state = self.alive.shared.lock();
        (state.table.in_use(), state.asked.in_use())
    }

    /// Whether the connection takes no more calls, as it has ended or is being closed. Then it is never ready again.
    pub fn is_closed(&self) -> bool {
        self.alive.shared.lock().unavailable().is_some()
    }

    /// Closes our side of the connection: takes no more calls, writes what is queued, then drops the writer. What the peer still answers is
    /// read until it closes its side as well. Calls on any clone fail from now on.
    pub fn close(&self) {
        let shared = &self.alive.shared;
        shared.lock().close_asked = true;
        shared.refuse_calls(End::Dropped.reason());
    }

    /// Listens to all that the peer sends outside an exchange of ours, as a call with [`Input::Listen`] does, without waiting to be ready.
    ///
    /// For who has to listen before the driver runs for the first time, so that nothing is missed.
    pub fn listen(&self) -> Items {
        Items::listen(self.alive.clone(), self.alive.shared.open_listener())
    }

    fn give_back(&mut self) {
        let mut after = After::default();
        let mut state = self.alive.shared.lock();
        let slot = match std::mem::replace(&mut self.ready, Ready::No) {
            Ready::No => None,
            Ready::Slot(slot) => Some(slot),
            Ready::Waiting(key) => {
                let (slot, waker) = state.waiters.leave(key);
                after.wake(waker);
                slot
            }
        };
        if let Some(slot) = slot {
            state.free(slot, &mut after);
        }
        drop(state);
        after.run();
    }
}

impl Service<Call> for Connection {
    type Response = Reply<Items>;
    type Error = Error;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let mut state = self.alive.shared.lock();
        if let Some(error) = state.unavailable() {
            return Poll::Ready(Err(error));
        }
        let replaced = match self.ready {
            Ready::Slot(_) => return Poll::Ready(Ok(())),
            Ready::Waiting(key) => match state.waiters.poll(key, cx.waker()) {
                Ok(slot) => {
                    self.ready = Ready::Slot(slot);
                    return Poll::Ready(Ok(()));
                }
                Err(replaced) => replaced,
            },
            Ready::No => {
                if state.waiters.is_empty()
                    && let Some(slot) = state.table.reserve(Lane::Call)
                {
                    self.ready = Ready::Slot(slot);
                    return Poll::Ready(Ok(()));
                }
                self.ready = Ready::Waiting(state.waiters.join(cx.waker().clone()));
                None
            }
        };
        drop(state);
        drop(replaced);
        Poll::Pending
    }

    fn call(&mut self, call: Call) -> ResponseFuture {
        let Ready::Slot(slot) = std::mem::replace(&mut self.ready, Ready::No) else {
            panic!("poll_ready gave no Ready(Ok) before this call");
        };
        let state = match call.input {
            Input::Listen => self.alive.shared.listen(slot),
            Input::Message(message) => self.alive.shared.send(slot, message),
        };
        ResponseFuture::new(self.alive.clone(), state)
    }
}

impl Clone for Connection {
    // By hand: a clone holds no slot.
    fn clone(&self) -> Self {
        Connection {
            alive: self.alive.clone(),
            ready: Ready::No,
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if !matches!(self.ready, Ready::No) {
            self.give_back();
        }
    }
}

// By hand: guards have no `Debug`.
impl fmt::Debug for Alive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alive")
            .field("shared", &self.shared)
            .finish_non_exhaustive()
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        let mut after = After::default();
        let mut state = self.shared.lock();
        state.orphaned = true;
        state.wake_driver(&mut after);
        drop(state);
        after.run();
    }
}

impl Shared {
    fn open_listener(&self) -> u64 {
        let mut after = After::default();
        let mut state = self.lock();
        let (turn, earlier) = state.listener.open();
        after.wake(earlier);
        drop(state);
        after.run();
        turn
    }

    fn listen(&self, slot: u32) -> Waits {
        let mut after = After::default();
        self.lock().free(slot, &mut after);
        after.run();
        Waits::Listen(self.open_listener())
    }

    fn send(&self, slot: u32, message: Message) -> Waits {
        let request = match self.check(&message) {
            Ok(request) => request,
            Err(error) => {
                let mut after = After::default();
                self.lock().free(slot, &mut after);
                after.run();
                return Waits::Failed(Some(error));
            }
        };
        let mut after = After::default();
        let mut state = self.lock();
        if let Some(error) = state.unavailable() {
            state.free(slot, &mut after);
            drop(state);
            after.run();
            return Waits::Failed(Some(error));
        }
        let entry = &mut state.table[slot];
        entry.state = Slot::Queued;
        entry.request = Some(message);
        let waits = match request {
            Some(request) => {
                entry.id = Some(request.id);
                entry.token = request.token;
                entry.echo = request.echo;
                entry.may_cancel = request.may_cancel;
                Waits::Response(slot)
            }
            None => Waits::Nothing,
        };
        state.queue.push_back(slot);
        state.wake_driver(&mut after);
        drop(state);
        after.run();
        waits
    }

    /// What has to be known of a message before it is queued; `None` for a notification.
    pub(super) fn check(&self, message: &Message) -> Result<Option<Request>, Error> {
        let (limit, size) = (self.bounds.message, message.wire_len());
        if size > limit {
            return Err(Error::too_large(limit, size, false));
        }
        match message.kind() {
            Kind::Notification => return Ok(None),
            Kind::Request => {}
            Kind::Response | Kind::Error => return Err(Error::not_a_call()),
        }
        let method = message.method().unwrap_or_default();
        let token = match self.protocol.token(message).map_err(Error::ambiguous)? {
            Some(at) => {
                let raw = message.payload().map(|payload| &payload.as_bytes()[at.clone()]);
                raw.and_then(|raw| Id::from_raw(raw).ok()).map(|token| (token, at))
            }
            None => None,
        };
        Ok(Some(Request {
            id: message.id().unwrap_or_else(Id::null),
            token,
            echo: self.protocol.echo(&method),
            may_cancel: self.protocol.may_cancel(&method),
        }))
    }
}

pub(super) struct Request {
    pub(super) id: Id,
    pub(super) token: Option<(Id, Range<usize>)>,
    pub(super) echo: Option<&'static [&'static str]>,
    pub(super) may_cancel: bool,
}
