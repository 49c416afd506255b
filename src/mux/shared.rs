//! What callers and the driver share: one short lock, never held across an await, a wake-up or a drop of what a user gave us.

use super::after::After;
use super::alarm::{Alarm, Ringing};
use super::asked::Asked;
use super::listener::Listener;
use super::options::Bounds;
use super::state::{Control, State};
use super::stats::Counters;
use super::table::Table;
use super::waiters::Waiters;
use super::{Disconnected, Error};
use crate::exchange::respond::Fault;
use crate::exchange::{Asker, Gone};
use crate::message::{Id, Message};
use crate::protocol::Protocol;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    pub(super) protocol: Arc<dyn Protocol>,
    pub(super) bounds: Bounds,
    pub(super) counters: Counters,
}

impl Shared {
    pub(super) fn new(protocol: Arc<dyn Protocol>, bounds: Bounds) -> (Shared, Ringing) {
        let (alarm, ringing) = Alarm::new();
        let state = State {
            table: Table::new(bounds.in_flight, bounds.in_flight),
            waiters: Waiters::default(),
            queue: VecDeque::new(),
            control: VecDeque::new(),
            asked: Asked::new(bounds.in_flight),
            listener: Listener::default(),
            unread: 0,
            alarm,
            orphaned: false,
            close_asked: false,
            closing: None,
            closed: None,
        };
        let shared = Shared {
            state: Mutex::new(state),
            protocol,
            bounds,
            counters: Counters::default(),
        };
        (shared, ringing)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody wants the call in this slot any more. What was sent is cancelled, what was not is never written.
    pub(super) fn abandon(&self, index: u32) {
        let mut after = After::default();
        let mut state = self.lock();
        let request = state.abandon(index, &mut after);
        drop(state);
        drop(request);
        after.run();
    }

    /// Takes no more calls. Those that wait to be ready fail.
    pub(super) fn refuse_calls(&self, why: Disconnected) {
        let mut after = After::default();
        let mut state = self.lock();
        if state.closing.is_none() {
            state.closing = Some(why);
        }
        state.waiters.wake_all(&mut after.more);
        state.wake_driver(&mut after);
        drop(state);
        after.run();
    }

    /// Ends everything that is in flight. The first reason stays.
    pub(super) fn close(&self, why: Disconnected) {
        let mut after = After::default();
        let mut state = self.lock();
        if state.closed.is_none() {
            state.close(&why, &mut after);
            state.closed = Some(why);
        }
        drop(state);
        after.run();
    }
}

impl Shared {
    /// Frees the slot of a handler's request that was answered.
    pub(super) fn abandon_answered(&self, index: u32) {
        let mut after = After::default();
        self.lock().free(index, &mut after);
        after.run();
    }
}

impl Asker for Shared {
    fn respond(&self, key: u64, mut answer: Message) -> Result<(), Gone> {
        let (limit, size) = (self.bounds.message, answer.wire_len());
        if size > limit {
            answer = Fault::with_causes(&Error::too_large(limit, size, true)).message(&Id::null());
        }
        let mut after = After::default();
        let mut state = self.lock();
        let taken = state.asked.answer(key, answer, &mut after);
        if taken {
            state.control.push_back(Control::Answer(key));
        }
        // The driver of a connection that everybody has dropped stays for the responders.
        if taken || state.orphaned {
            state.wake_driver(&mut after);
        }
        drop(state);
        after.run();
        if taken { Ok(()) } else { Err(Gone::new()) }
    }

    fn poll_notify(&self, key: u64, cx: &mut Context<'_>, note: &mut Option<Message>) -> Poll<Result<(), Gone>> {
        let mut after = After::default();
        let mut state = self.lock();
        if state.closed.is_some() {
            return Poll::Ready(Err(Gone::new()));
        }
        let taken = state.asked.note(key, note, cx.waker(), &mut after);
        if taken == Some(true) {
            state.control.push_back(Control::Note(key));
            state.wake_driver(&mut after);
        }
        drop(state);
        after.run();
        match taken {
            Some(true) => Poll::Ready(Ok(())),
            Some(false) => Poll::Pending,
            None => Poll::Ready(Err(Gone::new())),
        }
    }

    fn poll_closed(&self, key: u64, cx: &mut Context<'_>) -> Poll<()> {
        let mut after = After::default();
        let mut state = self.lock();
        let closed = state.asked.is_closed(key, cx.waker(), &mut after);
        drop(state);
        after.run();
        if closed { Poll::Ready(()) } else { Poll::Pending }
    }
}
