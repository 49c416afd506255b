use super::after::After;
use super::connection::Alive;
use super::shared::Shared;
use super::{Error, Items};
use crate::exchange::{Item, Reply};
use crate::message::{Id, Message};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The future of a [`Connection`](super::Connection)'s call: resolves with the first item.
///
/// Dropped before, it cancels the call.
#[derive(Debug)]
pub struct ResponseFuture {
    alive: Arc<Alive>,
    state: Waits,
}

#[derive(Debug)]
pub(super) enum Waits {
    Failed(Option<Error>),
    /// A notification was accepted with the call.
    Nothing,
    Listen(u64),
    Response(u32),
    /// The reply has it.
    Over,
}

impl ResponseFuture {
    pub(super) fn new(alive: Arc<Alive>, state: Waits) -> ResponseFuture {
        ResponseFuture { alive, state }
    }
}

impl Future for ResponseFuture {
    type Output = Result<Reply<Items>, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.state {
            Waits::Failed(error) => Poll::Ready(Err(error.take().expect("polled after completion"))),
            Waits::Nothing => Poll::Ready(Ok(Reply::empty())),
            Waits::Listen(turn) => {
                let turn = *turn;
                self.state = Waits::Over;
                Poll::Ready(Ok(Reply::stream(Items::listen(self.alive.clone(), turn))))
            }
            Waits::Response(slot) => {
                let slot = *slot;
                let Poll::Ready((item, over)) = self.alive.shared.poll_item(slot, cx) else {
                    return Poll::Pending;
                };
                self.state = Waits::Over;
                Poll::Ready(match item {
                    Ok(item) if over => Ok(Reply::once(item)),
                    Ok(item) => Ok(Reply::first_of(item, Items::call(self.alive.clone(), slot))),
                    Err(error) => Err(error),
                })
            }
            Waits::Over => panic!("polled after completion"),
        }
    }
}

impl Shared {
    /// The next item of the call in this slot; and whether it was the last, and the slot is free.
    pub(super) fn poll_item(&self, slot: u32, cx: &mut Context<'_>) -> Poll<(Result<Item, Error>, bool)> {
        let mut state = self.lock();
        if let Some(item) = state.pop_item(slot) {
            return Poll::Ready((Ok(item), false));
        }
        let entry = &mut state.table[slot];
        if let Some(last) = entry.last.take() {
            let (id, echo) = (entry.id.take(), entry.echo);
            let mut after = After::default();
            let replaced = entry.waker.take();
            state.free(slot, &mut after);
            drop(state);
            drop(replaced);
            after.run();
            let last = last.map(|response| Item::Response(restore(response, id, echo)));
            return Poll::Ready((last, true));
        }
        let replaced = match &entry.waker {
            Some(waker) if waker.will_wake(cx.waker()) => None,
            _ => entry.waker.replace(cx.waker().clone()),
        };
        drop(state);
        drop(replaced);
        Poll::Pending
    }
}

/// Gives a response the caller's id, also where it repeats it.
fn restore(response: Message, id: Option<Id>, echo: Option<&[&str]>) -> Message {
    let Some(id) = id else { return response };
    let response = match echo.map(|path| response.find(path)) {
        Some(Ok(Some(at))) => response.splice(at, id.as_bytes()),
        Some(Ok(None) | Err(_)) | None => response,
    };
    response.with_id(id)
}

impl Drop for ResponseFuture {
    fn drop(&mut self) {
        match self.state {
            Waits::Response(slot) => self.alive.shared.abandon(slot),
            Waits::Listen(turn) => self.alive.shared.unlisten(turn),
            Waits::Failed(_) | Waits::Nothing | Waits::Over => {}
        }
    }
}
