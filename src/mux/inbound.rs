//! What is done with a frame that was read.

use super::Error;
use super::after::After;
use super::driver::Driver;
use super::shared::Shared;
use super::state::{State, weight};
use super::stats::count;
use super::table::Lane;
use crate::codec::{Frame, Framing};
use crate::exchange::respond::Fault;
use crate::exchange::{Exchange, Item, Responder};
use crate::message::{Id, Kind, Message, PrefixHead, code};
use crate::protocol::Route;
use std::ops::Range;
use std::sync::Arc;

/// A frame that was understood, before the lock is taken.
pub(super) enum Inbound {
    Answer(Message),
    Told(Message, Route),
    Asked(Message, Route),
    /// A handler gets all requests, wherever they belong.
    Served(Message),
    TooLong(Cut),
}

/// What is known of a frame over the size limit.
pub(super) struct Cut {
    limit: usize,
    /// At least.
    size: usize,
    head: PrefixHead,
}

/// What the driver has to do itself, after the lock was given back.
pub(super) enum Local {
    /// Send this answer of ours.
    Reply(Message),
    /// Hand this to the handler.
    Handle(Message),
    /// The handler is to give up this request.
    Cancel(Id),
    /// The peer answers a request of the handler's.
    Answered(u32, Message),
    /// The peer tells something about a request of the handler's.
    Noted(u32, Message),
}

impl<R, W, H: Exchange, F: Framing> Driver<R, W, H, F> {
    /// Reads what the frames hold. A frame that is no message costs one frame: it is counted, logged and not answered.
    pub(super) fn understand(&mut self) {
        let shared = &self.shared;
        let serves = self.server.is_some();
        for frame in self.frames.drain(..) {
            count(&shared.counters.frames);
            let mut bytes = match frame {
                Frame::Whole(bytes) => bytes,
                Frame::TooLong(too_long) => {
                    count(&shared.counters.too_large);
                    tracing::warn!(
                        limit = too_long.limit(),
                        size = too_long.at_least(),
                        "skipping a message over the size limit"
                    );
                    let head = Message::id_in_prefix(too_long.prefix());
                    let cut = Cut {
                        limit: too_long.limit(),
                        size: too_long.at_least(),
                        head,
                    };
                    if cut.head.id.is_some() {
                        self.inbound.push(Inbound::TooLong(cut));
                    } else {
                        self.cut = Some(cut);
                    }
                    continue;
                }
                Frame::Skipped(skipped) => {
                    if let Some(mut cut) = self.cut.take() {
                        cut.size = skipped.size();
                        cut.head.id = Message::id_in_suffix(skipped.suffix());
                        self.inbound.push(Inbound::TooLong(cut));
                    }
                    continue;
                }
            };
            let message = match Message::take(&mut bytes) {
                Ok(message) => message,
                Err(error) => {
                    count(&shared.counters.not_messages);
                    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
                    tracing::debug!(%error, start, "skipped a frame that is no message");
                    continue;
                }
            };
            self.inbound.push(match message.kind() {
                Kind::Response | Kind::Error => Inbound::Answer(message),
                Kind::Notification => {
                    let route = shared.protocol.route(&message);
                    Inbound::Told(message, route)
                }
                Kind::Request if serves => Inbound::Served(message),
                Kind::Request => {
                    let route = shared.protocol.route(&message);
                    Inbound::Asked(message, route)
                }
            });
        }
    }

    /// Completes calls and routes the rest, under one lock, or none where all goes to the handler; how many callers were woken.
    pub(super) fn deliver(&mut self) -> usize {
        let serves = self.server.is_some();
        let (shared, after) = (&self.shared, &mut self.after);
        let mut state = None;
        for inbound in self.inbound.drain(..) {
            if let Inbound::Served(message) = inbound {
                self.locals.push(Local::Handle(message));
                continue;
            }
            let state = state.get_or_insert_with(|| shared.lock());
            let local = match inbound {
                Inbound::Answer(message) => state.answer(message, shared, after),
                Inbound::Told(message, route) => state.tell(message, route, serves, shared, after),
                Inbound::Asked(message, route) => state.ask(message, route, shared, after),
                Inbound::TooLong(cut) => state.too_long(cut, after),
                Inbound::Served(_) => unreachable!("handed on above"),
            };
            self.locals.extend(local);
        }
        drop(state);
        after.run()
    }
}

impl State {
    fn answer(&mut self, message: Message, shared: &Shared, after: &mut After) -> Option<Local> {
        let Some(index) = message.id_number().and_then(|id| self.table.sent(id)) else {
            count(&shared.counters.late);
            return None;
        };
        if self.table[index].lane == Lane::Ask {
            return Some(Local::Answered(index, message));
        }
        self.complete(index, Ok(message), after);
        None
    }

    fn tell(
        &mut self,
        message: Message,
        route: Route,
        serves: bool,
        shared: &Arc<Shared>,
        after: &mut After,
    ) -> Option<Local> {
        let (at, is_token) = match route {
            Route::Cancel(at) => return self.cancelled(&message, at, serves, shared, after),
            Route::Token(at) => (at, true),
            Route::Id(at) => (at, false),
            Route::Ambiguous(ambiguous) => {
                count(&shared.counters.not_messages);
                tracing::debug!(error = %ambiguous, "skipped a notification that names its request twice");
                return None;
            }
            Route::Related | Route::Stray | Route::Answer(_) if serves => return Some(Local::Handle(message)),
            Route::Related => {
                match self.table.sole_call() {
                    Some(index) => self.give(index, Item::Notification(message), shared, after),
                    None => self.stray(Item::Notification(message), shared, after),
                }
                return None;
            }
            Route::Stray | Route::Answer(_) => {
                self.stray(Item::Notification(message), shared, after);
                return None;
            }
        };
        let index = id_at(&message, &at).and_then(|wire| self.table.sent(wire.as_u64()?));
        let original = index.and_then(|index| {
            let slot = &self.table[index];
            if is_token {
                slot.token.as_ref().map(|(token, _)| token.clone())
            } else {
                slot.id.clone()
            }
        });
        let (Some(index), Some(original)) = (index, original) else {
            // A token that we did not mint came from the peer's own client, through a handler that serves it.
            if serves {
                return Some(Local::Handle(message));
            }
            count(&shared.counters.unknown_tokens);
            return None;
        };
        let message = message.splice(at, original.as_bytes());
        if self.table[index].lane == Lane::Ask {
            return Some(Local::Noted(index, message));
        }
        self.give(index, Item::Notification(message), shared, after);
        None
    }

    fn cancelled(
        &mut self,
        message: &Message,
        at: Range<usize>,
        serves: bool,
        shared: &Shared,
        after: &mut After,
    ) -> Option<Local> {
        let id = id_at(message, &at)?;
        if self.asked.close(&id, after) {
            return None;
        }
        // A server ends a subscription of ours by cancelling it (2026-07-28); nothing else of ours is the peer's to cancel.
        if let Some(index) = id.as_u64().and_then(|id| self.table.sent(id))
            && self.table[index].echo.is_some()
        {
            self.complete(index, Err(Error::ended_by_peer()), after);
            return None;
        }
        if serves {
            return Some(Local::Cancel(id));
        }
        count(&shared.counters.late);
        None
    }

    fn ask(&mut self, message: Message, route: Route, shared: &Arc<Shared>, after: &mut After) -> Option<Local> {
        let id = message.id()?;
        let sole = match route {
            Route::Answer(answer) => return Some(Local::Reply(answer)),
            Route::Related => self.table.sole_call(),
            _ => None,
        };
        if sole.is_none() && !self.listener.is_open() {
            count(&shared.counters.refused);
            let why = "nobody here answers requests at the moment";
            return Some(Local::Reply(Message::error(&id, code::METHOD_NOT_FOUND, why)));
        }
        let Some(key) = self.asked.open(id.clone()) else {
            count(&shared.counters.refused);
            return Some(Local::Reply(overloaded(&id, shared.bounds.in_flight)));
        };
        let item = Item::Request(message, Responder::new(shared.clone(), key));
        match sole {
            Some(index) => self.give(index, item, shared, after),
            None => self.stray(item, shared, after),
        }
        None
    }

    fn too_long(&mut self, cut: Cut, after: &mut After) -> Option<Local> {
        let (limit, size) = (cut.limit, cut.size);
        let id = cut.head.id?;
        if cut.head.kind == Some(Kind::Request) {
            let why = format!("the message has at least {size} bytes, the limit is {limit}");
            return Some(Local::Reply(Message::error(&id, code::INVALID_REQUEST, &why)));
        }
        let index = self.table.sent(id.as_u64()?)?;
        if self.table[index].lane == Lane::Ask {
            let fault = Fault::with_causes(&Error::too_large(limit, size, true));
            return Some(Local::Answered(index, fault.message(&id)));
        }
        self.complete(index, Err(Error::too_large(limit, size, true)), after);
        None
    }

    fn give(&mut self, index: u32, item: Item, shared: &Shared, after: &mut After) {
        if !self.push_item(index, item, &shared.bounds, after) {
            count(&shared.counters.unread);
        }
    }

    fn stray(&mut self, item: Item, shared: &Shared, after: &mut After) {
        let weight = weight(&item);
        if self.listener.push(item, weight, shared.bounds.unread, &mut after.trash) {
            count(&shared.counters.strays_dropped);
        }
        let waker = self.listener.take_waker();
        after.wake(waker);
    }
}

fn id_at(message: &Message, at: &Range<usize>) -> Option<Id> {
    Id::from_raw(message.payload()?.as_bytes().get(at.clone())?).ok()
}

pub(super) fn overloaded(id: &Id, limit: usize) -> Message {
    Fault::internal(format!(
        "refused: {limit} requests are in flight, which is the limit; try again later"
    ))
    .kind("overloaded")
    .limit(limit)
    .may_have_run(false)
    .retryable(true)
    .message(id)
}
