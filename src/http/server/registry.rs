use super::control::Place;
use super::failure::Failure;
use super::live::Live;
use crate::exchange::Exchange;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::task::AbortHandle;
use tokio::time::Instant;

/// The sessions are looked through no more often than that, however short they may be idle.
const PACE: Duration = Duration::from_millis(100);

/// The sessions of one server, by id.
pub(super) struct Registry<E> {
    state: Mutex<State<E>>,
}

struct State<E> {
    sessions: HashMap<Box<str>, Entry<E>>,
    /// Runs while there are sessions.
    reaper: Option<AbortHandle>,
}

/// A session with its exchange. Dropped, it has ended.
struct Entry<E> {
    exchange: E,
    live: Arc<Live>,
    _place: Place,
}

impl<E> Registry<E> {
    pub(super) fn new() -> Registry<E> {
        Registry {
            state: Mutex::new(State {
                sessions: HashMap::new(),
                reaper: None,
            }),
        }
    }

    /// The session and a clone of its exchange, unless it is unknown or has ended.
    pub(super) fn get(&self, id: &str) -> Option<(E, Arc<Live>)>
    where
        E: Clone,
    {
        let mut state = self.lock();
        let entry = state.sessions.get(id)?;
        if entry.live.has_ended() {
            let entry = state.sessions.remove(id);
            drop(state);
            drop(entry);
            return None;
        }
        Some((entry.exchange.clone(), Arc::clone(&entry.live)))
    }

    /// Ends a session. Says whether there was one.
    pub(super) fn remove(&self, id: &str) -> bool {
        let entry = self.lock().sessions.remove(id);
        entry.is_some()
    }

    /// Ends the sessions whose exchange has died while nobody called them.
    pub(super) fn bury(&self)
    where
        E: Exchange + Clone,
    {
        // Asked without the lock. A clone gives back what its readiness reserved.
        let state = self.lock();
        let mut all: Vec<_> = state
            .sessions
            .iter()
            .map(|(id, entry)| (id.clone(), entry.exchange.clone(), Arc::clone(&entry.live)))
            .collect();
        drop(state);
        let mut cx = Context::from_waker(Waker::noop());
        for (id, exchange, live) in &mut all {
            if let Poll::Ready(Err(error)) = exchange.poll_ready(&mut cx)
                && let Some(cause) = Failure::Dead(error.into()).cause_of_death()
            {
                // Its calls may not have heard of it yet.
                live.died(cause);
            }
            if live.has_ended() {
                self.remove(id);
            }
        }
    }

    /// Adds a session, which ends when it was idle for so long.
    pub(super) fn insert(self: &Arc<Self>, exchange: E, live: Arc<Live>, place: Place, idle: Duration)
    where
        E: Send + 'static,
    {
        let Some(id) = live.session().id().map(Box::from) else {
            return;
        };
        let mut state = self.lock();
        state.sessions.insert(
            id,
            Entry {
                exchange,
                live,
                _place: place,
            },
        );
        // It has finished early if a runtime that the server was used on before has gone, or if an exchange panicked in its drop.
        if state.reaper.as_ref().is_none_or(AbortHandle::is_finished) {
            let reaper = tokio::spawn(reap(Arc::downgrade(self), idle));
            state.reaper = Some(reaper.abort_handle());
        }
    }

    /// Ends what is idle, and tells when to look again, unless no session is left.
    fn sweep(&self, idle: Duration) -> Option<Instant> {
        let now = Instant::now();
        let mut next = later(now, idle.max(PACE));
        let mut state = self.lock();
        let ended: Vec<_> = state
            .sessions
            .extract_if(|_, entry| {
                let over = entry.live.idle_since().map(|since| later(since, idle));
                next = next
                    .min(over.filter(|over| *over > now).unwrap_or(next))
                    .max(now + PACE);
                entry.live.has_ended() || over.is_some_and(|over| over <= now)
            })
            .collect();
        let next = (!state.sessions.is_empty()).then_some(next);
        if next.is_none() {
            state.reaper = None;
        }
        drop(state);
        if !ended.is_empty() {
            tracing::debug!(sessions = ended.len(), "ended by idleness");
        }
        next
    }

    fn lock(&self) -> MutexGuard<'_, State<E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A sum that can't overflow: a year is as good as never.
fn later(from: Instant, by: Duration) -> Instant {
    from + by.min(Duration::from_secs(365 * 86_400))
}

async fn reap<E>(registry: Weak<Registry<E>>, idle: Duration) {
    let mut next = later(Instant::now(), idle);
    loop {
        tokio::time::sleep_until(next).await;
        let Some(again) = registry.upgrade().and_then(|registry| registry.sweep(idle)) else {
            return;
        };
        next = again;
    }
}

impl<E> Drop for Entry<E> {
    fn drop(&mut self) {
        self.live.end();
    }
}

impl<E> Drop for Registry<E> {
    fn drop(&mut self) {
        if let Some(reaper) = self.lock().reaper.take() {
            reaper.abort();
        }
    }
}

// By hand: exchanges need have no `Debug`.
impl<E> fmt::Debug for Registry<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("sessions", &self.lock().sessions.len())
            .finish_non_exhaustive()
    }
}
