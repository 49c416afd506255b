//! What the exchange of a session asks its client.

use super::live::{Live, State};
use super::queue::Push;
use crate::exchange::Responder;
use crate::message::{Id, Message, code};
use std::collections::HashMap;
use std::sync::Arc;
use std::task::{Context, Waker};

/// Requests of the exchange that a client has not answered, per session.
const ASKS: usize = 64;

/// A request to the client: whose it is, and the way to answer it.
pub(super) struct Ask {
    pub(super) task: u64,
    responder: Responder,
}

impl Live {
    /// Gives a request of the exchange its id on this wire, or refuses it.
    pub(super) fn ask(&self, task: u64, request: Message, responder: Responder) -> Option<(u64, Message)> {
        let mut state = self.lock();
        let forgotten = state.forget_orphans();
        let refused = if state.ended || state.asks.len() >= ASKS {
            Err(responder)
        } else {
            let key = state.key();
            state.asks.insert(key, Ask { task, responder });
            Ok(key)
        };
        drop(state);
        drop(forgotten);
        match refused {
            Ok(key) => Some((key, request.with_id(Id::number(key)))),
            Err(responder) => {
                refuse(responder, "the client has not answered the requests it was sent before");
                None
            }
        }
    }

    /// Whether the exchange has given up on a request to the client, which is then forgotten.
    pub(super) fn given_up(&self, ask: u64, cx: &mut Context<'_>) -> Option<bool> {
        let mut state = self.lock();
        let closed = state.asks.get_mut(&ask)?.responder.poll_closed(cx).is_ready();
        let forgotten = if closed { state.asks.remove(&ask) } else { None };
        drop(state);
        drop(forgotten);
        Some(closed)
    }

    /// The client answers. What no request waits for is counted and dropped.
    pub(super) fn answer(&self, answer: Message) {
        let ask = answer
            .id()
            .and_then(|id| id.as_u64())
            .and_then(|key| self.lock().asks.remove(&key));
        let taken = ask.is_some_and(|ask| ask.responder.respond(answer).is_ok());
        if !taken {
            self.control.stray();
        }
    }

    /// Sends a request whose own stream has no reader on the stream opened by GET, or refuses it.
    pub(super) fn reroute(&self, request: Message) {
        let listener = self.lock().listener.as_ref().map(|(_, work)| Arc::clone(&work.out));
        let request = match listener.map(|out| out.push(request.clone())) {
            Some(Push::Taken) => return,
            Some(Push::Full(request) | Push::Gone(request)) => request,
            None => request,
        };
        let key = request.id().and_then(|id| id.as_u64());
        let ask = key.and_then(|key| self.lock().asks.remove(&key));
        if let Some(ask) = ask {
            refuse(
                ask.responder,
                "the client reads no stream that the request could be sent on",
            );
        }
    }
}

impl State {
    /// Takes out what was given up by askers whose task has ended, so that nobody watches for it any more.
    fn forget_orphans(&mut self) -> Vec<Ask> {
        if self.asks.len() < ASKS {
            return Vec::new();
        }
        let listener = self.listener.as_ref().map(|(key, ..)| *key);
        let mut cx = Context::from_waker(Waker::noop());
        let orphaned = |ask: &mut Ask| {
            let watched = self.calls.contains_key(&ask.task) || listener == Some(ask.task);
            !watched && ask.responder.poll_closed(&mut cx).is_ready()
        };
        take_if(&mut self.asks, orphaned)
    }
}

pub(super) fn take_if(asks: &mut HashMap<u64, Ask>, mut is_taken: impl FnMut(&mut Ask) -> bool) -> Vec<Ask> {
    asks.extract_if(|_, ask| is_taken(ask)).map(|(_, ask)| ask).collect()
}

fn refuse(responder: Responder, why: &str) {
    // The exchange may have given up on its request, and then nobody is to be told.
    let _gone = responder.refuse(code::INTERNAL_ERROR, why);
}
