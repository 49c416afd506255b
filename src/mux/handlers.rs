//! The driver's part for handlers: what is handed to them, and what they say.

use super::Error;
use super::driver::Driver;
use super::inbound::{Local, overloaded};
use super::outbound::WRITE_HIGH;
use super::slots::Polled;
use super::stats::count;
use super::table::{Lane, State as Slot};
use crate::codec::Framing;
use crate::exchange::respond::Fault;
use crate::exchange::{Exchange, Item, NoResponse};
use crate::message::{Id, Message};
use std::task::{Context, Waker};
use tokio::io::{AsyncRead, AsyncWrite};

/// What a handler may say after a request that waits for room, in items, and in bytes as much as may wait to be written. Past it, the request
/// is refused, so that the handler goes on.
const HELD: usize = 16;

impl<R, W, H, F> Driver<R, W, H, F>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
    H: Exchange,
    F: Framing,
{
    /// Does what a chunk of frames asks of the driver itself.
    pub(super) fn act(&mut self) {
        let mut locals = std::mem::take(&mut self.locals);
        for local in locals.drain(..) {
            match local {
                Local::Reply(message) => self.refuse(message),
                Local::Handle(message) => self.handle(message),
                Local::Cancel(id) => {
                    if !self.server.as_mut().is_some_and(|server| server.cancel(&id)) {
                        count(&self.shared.counters.late);
                    }
                }
                Local::Answered(slot, message) => {
                    if let Some(at) = self.asks.iter().position(|(ask, _)| *ask == slot) {
                        let (_, responder) = self.asks.swap_remove(at);
                        self.shared.abandon_answered(slot);
                        // The handler may have given up on it; then nobody is left to tell.
                        let _gone = responder.respond(message);
                    } else {
                        count(&self.shared.counters.late);
                    }
                }
                Local::Noted(slot, message) => {
                    if let Some((_, responder)) = self.asks.iter_mut().find(|(ask, _)| *ask == slot) {
                        let mut cx = Context::from_waker(Waker::noop());
                        let mut note = Some(message);
                        if responder.poll_notify(&mut cx, &mut note).is_pending() {
                            count(&self.shared.counters.strays_dropped);
                        }
                    }
                }
            }
        }
        self.locals = locals;
    }

    fn refuse(&mut self, message: Message) {
        self.refusal_bytes += message.wire_len();
        self.refusals.push_back(message);
    }

    fn handle(&mut self, message: Message) {
        let Some(server) = &mut self.server else { return };
        if let Some(error) = &server.failed {
            if let Some(id) = message.id() {
                let fault = Fault::with_causes(&**error).may_have_run(false);
                self.refuse(fault.message(&id));
            }
            return;
        }
        if let Err(message) = server.take(message) {
            match message.id() {
                Some(id) => {
                    count(&self.shared.counters.refused);
                    self.refuse(overloaded(&id, self.shared.bounds.in_flight));
                }
                None => count(&self.shared.counters.strays_dropped),
            }
        }
    }

    /// Calls and polls handlers, as far as the write buffer has room for what they say; whether there may be more to do at once.
    pub(super) fn run_handlers(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(server) = &mut self.server else { return false };
        if server.woken() {
            server.take_woken(&mut self.ready);
        }
        let mut ran = false;
        for _ in 0..self.held.len() {
            let Some(index) = self.held.pop_front() else { break };
            self.say_held(cx, index);
            let Some(server) = &mut self.server else { break };
            if server.is_holding(index) {
                self.held.push_back(index);
            } else {
                server.forget(index);
                self.ready.push_back(index);
            }
        }
        while self.writer.pending() < WRITE_HIGH {
            let Some(server) = &mut self.server else { break };
            let next = self.ready.pop_front().or_else(|| server.dispatch(cx));
            let Some(index) = next else { break };
            ran = true;
            self.run_handler(cx, index);
        }
        let waiting = self.server.as_ref().is_some_and(|server| !server.inbox.is_empty());
        ran && (waiting || !self.ready.is_empty() || !self.refusals.is_empty())
    }

    fn run_handler(&mut self, cx: &mut Context<'_>, index: u32) {
        while let Some(server) = &mut self.server {
            if !server.may_speak(index) {
                return;
            }
            if self.writer.pending() >= WRITE_HIGH {
                self.ready.push_back(index);
                return;
            }
            match server.poll(index) {
                Polled::Pending => return,
                Polled::Item(item) if server.is_holding(index) => {
                    let (items, bytes) = server.hold_behind(index, item);
                    if (items > HELD || bytes > WRITE_HIGH)
                        && let Some(Item::Request(_, responder)) = server.take_held(index)
                    {
                        let refusal = overloaded(&Id::null(), self.shared.bounds.in_flight);
                        let _gone = responder.respond(refusal);
                        self.say_held(cx, index);
                    }
                }
                Polled::Item(item) => _ = self.say(cx, index, item),
                Polled::Ended => {
                    if let Some(id) = server.end(index) {
                        self.refuse(Fault::with_causes(&NoResponse::new()).message(&id));
                    }
                }
                Polled::Failed(error) => {
                    if let Some(id) = server.end(index) {
                        self.refuse(Fault::with_causes(&*error).message(&id));
                    }
                }
            }
        }
    }

    /// Writes what waited for room, as far as there is some by now.
    fn say_held(&mut self, cx: &mut Context<'_>, index: u32) {
        while self.writer.pending() < WRITE_HIGH
            && let Some(server) = &mut self.server
            && let Some(item) = server.take_held(index)
            && self.say(cx, index, item)
        {}
    }

    /// Writes what a handler says; not if that has to wait for room.
    fn say(&mut self, cx: &mut Context<'_>, index: u32, item: Item) -> bool {
        let Some(server) = &mut self.server else { return false };
        let (limit, size) = (self.shared.bounds.message, item.message().wire_len());
        if size > limit && !matches!(item, Item::Request(..)) {
            if let Some(id) = server.end(index) {
                self.refuse(Fault::with_causes(&Error::too_large(limit, size, true)).message(&id));
            }
            return true;
        }
        match item {
            Item::Notification(message) => self.writer.push(self.reader.framing(), &message),
            Item::Response(message) => {
                if let Some(id) = server.end(index) {
                    self.writer.push(self.reader.framing(), &message.with_id(id));
                }
            }
            Item::Request(message, mut responder) => {
                // Also while it waits for room it may be given up.
                if responder.poll_closed(cx).is_ready() {
                    return true;
                }
                let request = match self.shared.check(&message) {
                    Ok(Some(request)) => request,
                    Ok(None) => return true,
                    Err(error) => {
                        let _gone = responder.respond(Fault::with_causes(&error).message(&Id::null()));
                        return true;
                    }
                };
                let mut state = self.shared.lock();
                if state.closed.is_some() {
                    return true;
                }
                let Some(slot) = state.table.reserve(Lane::Ask) else {
                    drop(state);
                    if server.hold(index, Item::Request(message, responder)) {
                        self.held.push_back(index);
                    }
                    return false;
                };
                let wire = state.table.wire_id(slot);
                let entry = &mut state.table[slot];
                entry.state = Slot::Sent;
                entry.id = Some(request.id);
                entry.may_cancel = request.may_cancel;
                entry.echo = None;
                entry.token = request.token;
                let at = entry.token.as_ref().map(|(_, at)| at.clone());
                drop(state);
                let wire = Id::number(wire.into());
                let message = message.with_id(wire.clone());
                let message = match at {
                    Some(at) => message.splice(at, wire.as_bytes()),
                    None => message,
                };
                self.writer.push(self.reader.framing(), &message);
                self.asks.push((slot, responder));
            }
        }
        true
    }

    /// Cancels the handlers' requests that they gave up on; whether that makes room for others that wait for it.
    pub(super) fn watch_asks(&mut self, cx: &mut Context<'_>) -> bool {
        if self.asks.is_empty() {
            return false;
        }
        let shared = &self.shared;
        if shared.lock().closed.is_some() {
            // Their slots were freed with the rest.
            self.asks.clear();
            return false;
        }
        let before = self.asks.len();
        self.asks.retain_mut(|(slot, responder)| {
            let open = responder.poll_closed(cx).is_pending();
            if !open {
                shared.abandon(*slot);
            }
            open
        });
        self.asks.len() < before && !self.held.is_empty()
    }
}
