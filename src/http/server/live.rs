use super::asks::{Ask, take_if};
use super::control::{Admitted, Control};
use super::failure::Failure;
use super::pump::{self, Task};
use super::queue::{End, Queue, Reader};
use super::run::Running;
use super::session::Session;
use crate::message::Id;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::AbortHandle;
use tokio::time::Instant;

/// Calls that run in a session. A call goes on when its client has gone, so connections do not bound them.
const CALLS: usize = 1024;

/// A session without its exchange: the calls that run in it, and what its client is asked.
pub(super) struct Live {
    session: Session,
    pub(super) control: Arc<Control>,
    limits: Limits,
    state: Mutex<State>,
}

/// What a client may leave unread on one stream: so much, or more than that for so long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) unread: usize,
    pub(super) stall: Duration,
}

pub(super) struct State {
    pub(super) ended: bool,
    /// What the session's exchange died of.
    died_of: Option<Arc<str>>,
    /// Numbers tasks and requests to the client. Never used twice in a session.
    next: u64,
    pub(super) calls: HashMap<u64, (Id, Work)>,
    pub(super) asks: HashMap<u64, Ask>,
    pub(super) listener: Option<(u64, Work)>,
    uses: usize,
    used: Instant,
}

/// What runs on a task of its own, and where it leaves what the client is to read.
pub(super) struct Work {
    pub(super) out: Arc<Queue>,
    /// Not there while the task is being spawned.
    task: Option<AbortHandle>,
}

/// Why a session runs nothing more.
#[derive(Debug)]
pub(super) enum Refused {
    Ended,
    /// So many calls run in it already, which is the limit.
    Full(usize),
}

/// One use of a session, which keeps it from being idle. Dropped, it is over.
pub(super) struct Use(Arc<Live>);

impl Live {
    pub(super) fn new(session: Session, control: Arc<Control>, limits: Limits) -> Live {
        Live {
            session,
            control,
            limits,
            state: Mutex::new(State {
                ended: false,
                died_of: None,
                next: 0,
                calls: HashMap::new(),
                asks: HashMap::new(),
                listener: None,
                uses: 0,
                used: Instant::now(),
            }),
        }
    }

    pub(super) const fn session(&self) -> &Session {
        &self.session
    }

    pub(super) const fn limits(&self) -> Limits {
        self.limits
    }

    pub(super) fn has_ended(&self) -> bool {
        self.lock().ended
    }

    /// When the session was last used, unless it is in use.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let state = self.lock();
        (state.uses == 0).then_some(state.used)
    }

    pub(super) fn enter(self: &Arc<Self>) -> Use {
        self.lock().uses += 1;
        Use(Arc::clone(self))
    }

    /// Runs a call on a task of the session's, whatever becomes of its client's connection.
    pub(super) fn call(
        self: &Arc<Self>,
        id: Id,
        items: Running,
        admitted: Option<Admitted>,
    ) -> Result<Reader, Refused> {
        let (out, reader) = Queue::pair(self.limits.unread, Arc::clone(self));
        let entered = self.enter();
        let mut state = self.lock();
        if state.ended {
            return Err(Refused::Ended);
        }
        if state.calls.len() >= CALLS {
            return Err(Refused::Full(CALLS));
        }
        let key = state.key();
        state.calls.insert(key, (id, Work::new(&out)));
        drop(state);
        let lost = End::Failed(Failure::Lost);
        let task = Task::new(out, Arc::clone(self), key, (admitted, entered), lost);
        self.spawned(key, &tokio::spawn(pump::call(task, items)).abort_handle());
        Ok(reader)
    }

    /// Runs the stream that a client opened by GET, in the place of the one that it may have had.
    pub(super) fn listen(self: &Arc<Self>, items: Running) -> Result<Reader, Refused> {
        let (out, reader) = Queue::pair(self.limits.unread, Arc::clone(self));
        let entered = self.enter();
        let drained = self.control.drained();
        let mut state = self.lock();
        if state.ended {
            return Err(Refused::Ended);
        }
        let key = state.key();
        let replaced = state.listener.replace((key, Work::new(&out)));
        drop(state);
        if let Some((_, work)) = replaced {
            work.stop(End::Silent);
        }
        let task = Task::new(out, Arc::clone(self), key, entered, End::Silent);
        self.spawned(key, &tokio::spawn(pump::listen(task, items, drained)).abort_handle());
        Ok(reader)
    }

    /// Keeps the handle of a task, unless its work was taken out meanwhile.
    ///
    /// It was spawned without the lock: a runtime that shuts down drops it then and there, and its end takes the lock.
    fn spawned(&self, key: u64, task: &AbortHandle) {
        let mut state = self.lock();
        match state.work(key) {
            Some(work) => work.task = Some(task.clone()),
            None => task.abort(),
        }
    }

    /// The task has ended by itself.
    pub(super) fn leave(&self, key: u64) {
        let mut state = self.lock();
        let call = state.calls.remove(&key);
        let listener = state.listener.take_if(|(listener, ..)| *listener == key);
        drop(state);
        drop((call, listener));
    }

    /// The client cancels a request of its own. An id that several of its requests have says nothing about which is meant.
    pub(super) fn cancel(&self, id: &Id) {
        let mut state = self.lock();
        let mut meant = state.calls.iter().filter(|(_, (call, _))| call == id);
        let (Some((&key, _)), None) = (meant.next(), meant.next()) else {
            return;
        };
        let call = state.calls.remove(&key);
        let asks = take_if(&mut state.asks, |ask| ask.task == key);
        drop(state);
        if let Some((_, work)) = call {
            work.stop(End::Silent);
        }
        drop(asks);
    }

    /// Ends the session, as its exchange is dead for good: its calls fail with the cause.
    pub(super) fn died(&self, cause: Arc<str>) {
        self.lock().died_of.get_or_insert(cause);
        self.end();
    }

    /// Ends the session: its calls fail, its streams end, and what its client was asked is refused.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        state.ended = true;
        let calls = std::mem::take(&mut state.calls);
        let asks = std::mem::take(&mut state.asks);
        let listener = state.listener.take();
        let cause = state.died_of.clone();
        drop(state);
        for (_, work) in calls.into_values() {
            work.stop(End::Failed(Failure::SessionEnded(cause.clone())));
        }
        if let Some((_, work)) = listener {
            work.stop(End::Silent);
        }
        drop(asks);
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Work {
    fn new(out: &Arc<Queue>) -> Work {
        Work {
            out: Arc::clone(out),
            task: None,
        }
    }

    fn stop(self, end: End) {
        self.out.finish(end);
        if let Some(task) = self.task {
            task.abort();
        }
    }
}

impl State {
    fn work(&mut self, key: u64) -> Option<&mut Work> {
        let listener = self.listener.as_mut().filter(|(listener, _)| *listener == key);
        let call = self.calls.get_mut(&key).map(|(_, work)| work);
        call.or(listener.map(|(_, work)| work))
    }

    pub(super) const fn key(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.uses -= 1;
        state.used = Instant::now();
    }
}

// By hand: the calls have no `Debug`.
impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}
