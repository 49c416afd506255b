use super::Error;
use super::after::After;
use super::connection::Alive;
use super::shared::Shared;
use crate::exchange::Item;
use futures_core::Stream;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// What comes after the first item of a [`Connection`](super::Connection)'s reply, or what a call that listens gets.
///
/// Dropped before its end, it cancels the call, or stops listening.
#[derive(Debug)]
pub struct Items {
    alive: Arc<Alive>,
    of: Of,
}

#[derive(Debug)]
enum Of {
    Call(u32),
    Listen(u64),
    Over,
}

impl Items {
    pub(super) fn call(alive: Arc<Alive>, slot: u32) -> Items {
        Items {
            alive,
            of: Of::Call(slot),
        }
    }

    pub(super) fn listen(alive: Arc<Alive>, turn: u64) -> Items {
        Items {
            alive,
            of: Of::Listen(turn),
        }
    }
}

impl Stream for Items {
    type Item = Result<Item, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let (next, over) = match self.of {
            Of::Call(slot) => {
                let Poll::Ready((item, over)) = self.alive.shared.poll_item(slot, cx) else {
                    return Poll::Pending;
                };
                (Some(item), over)
            }
            Of::Listen(turn) => {
                let Poll::Ready(next) = self.alive.shared.poll_listen(turn, cx) else {
                    return Poll::Pending;
                };
                let over = !matches!(next, Some(Ok(_)));
                (next, over)
            }
            Of::Over => (None, true),
        };
        if over {
            self.of = Of::Over;
        }
        Poll::Ready(next)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self.of {
            Of::Call(slot) => {
                let state = self.alive.shared.lock();
                let items = state.table[slot].items.len();
                match state.table[slot].last {
                    Some(_) => (items + 1, Some(items + 1)),
                    None => (items + 1, None),
                }
            }
            Of::Listen(turn) => (self.alive.shared.lock().listener.len(turn), None),
            Of::Over => (0, Some(0)),
        }
    }
}

impl Drop for Items {
    fn drop(&mut self) {
        match self.of {
            Of::Call(slot) => self.alive.shared.abandon(slot),
            Of::Listen(turn) => self.alive.shared.unlisten(turn),
            Of::Over => {}
        }
    }
}

impl Shared {
    fn poll_listen(&self, turn: u64, cx: &mut Context<'_>) -> Poll<Option<Result<Item, Error>>> {
        let mut state = self.lock();
        if let Ok(next) = state.listener.next(turn) {
            return Poll::Ready(next);
        }
        if let Some(why) = &state.closed {
            return Poll::Ready(Some(Err(Error::disconnected(true, why.clone()))));
        }
        let replaced = state.listener.set_waker(cx.waker());
        drop(state);
        drop(replaced);
        Poll::Pending
    }

    pub(super) fn unlisten(&self, turn: u64) {
        let mut after = After::default();
        let mut state = self.lock();
        state.listener.close(turn, &mut after.trash);
        drop(state);
        after.run();
    }
}
