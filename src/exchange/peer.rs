use super::{Asker, Gone, Item, Responder};
use crate::message::{Kind, Message};
use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio::sync::mpsc;

/// How a handler speaks to the caller of its exchange before it answers: notifications and requests, in the order of the calls.
///
/// What a peer sends waits in a queue of 16 items until the reply is read; past that, the methods wait.
#[derive(Debug, Clone)]
pub struct Peer {
    items: mpsc::Sender<Item>,
}

/// The caller gave up on the exchange, or the exchange has ended, or was begun by a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerGone(());

/// Items that wait to be read, per exchange.
const QUEUE: usize = 16;

impl Peer {
    pub(super) fn channel() -> (Peer, mpsc::Receiver<Item>) {
        let (items, queue) = mpsc::channel(QUEUE);
        (Peer { items }, queue)
    }

    /// Tells the caller something within this exchange.
    ///
    /// # Errors
    ///
    /// [`PeerGone`] when nobody reads the reply any more.
    ///
    /// # Panics
    ///
    /// In debug builds, if the message is not a notification.
    ///
    /// # Cancel safety
    ///
    /// A notification whose future is dropped before it resolves is not sent.
    pub async fn notify(&self, notification: Message) -> Result<(), PeerGone> {
        debug_assert_eq!(notification.kind(), Kind::Notification);
        self.items
            .send(Item::Notification(notification))
            .await
            .map_err(|_| PeerGone(()))
    }

    /// Asks the caller something within this exchange, and waits for the answer: a result or an error message. A request that the
    /// caller drops, read or unread, is answered with an error.
    ///
    /// The request's id is of no account, as each wire puts its own on. Notifications that the caller sends about the request are
    /// dropped.
    ///
    /// # Errors
    ///
    /// [`PeerGone`] when nobody reads the reply any more.
    ///
    /// # Panics
    ///
    /// In debug builds, if the message is not a request.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future tells the caller that the answer is not wanted any more.
    pub async fn request(&self, request: Message) -> Result<Message, PeerGone> {
        debug_assert_eq!(request.kind(), Kind::Request);
        let ask = Ask(Arc::default());
        let responder = Responder::new(ask.0.clone(), 0);
        self.items
            .send(Item::Request(request, responder))
            .await
            .map_err(|_| PeerGone(()))?;
        let mut gone = pin!(self.items.closed());
        std::future::poll_fn(|cx| {
            if let Poll::Ready(answer) = ask.0.poll_answer(cx) {
                return Poll::Ready(Ok(answer));
            }
            gone.as_mut().poll(cx).map(|()| Err(PeerGone(())))
        })
        .await
    }
}

/// The asking side of a request: closes it when dropped.
struct Ask(Arc<Asked>);

#[derive(Default)]
struct Asked(Mutex<State>);

#[derive(Default)]
struct State {
    answer: Option<Message>,
    closed: bool,
    asker: Option<Waker>,
    responder: Option<Waker>,
}

impl Asked {
    fn poll_answer(&self, cx: &mut Context<'_>) -> Poll<Message> {
        let mut state = self.lock();
        match state.answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => {
                state.asker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Asker for Asked {
    fn respond(&self, _: u64, answer: Message) -> Result<(), Gone> {
        let mut state = self.lock();
        if state.closed {
            return Err(Gone::new());
        }
        state.answer = Some(answer);
        let asker = state.asker.take();
        drop(state);
        if let Some(asker) = asker {
            asker.wake();
        }
        Ok(())
    }

    fn poll_notify(&self, _: u64, _: &mut Context<'_>, notification: &mut Option<Message>) -> Poll<Result<(), Gone>> {
        if self.lock().closed {
            return Poll::Ready(Err(Gone::new()));
        }
        *notification = None;
        Poll::Ready(Ok(()))
    }

    fn poll_closed(&self, _: u64, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.closed {
            return Poll::Ready(());
        }
        state.responder = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Ask {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.closed = true;
        let responder = state.responder.take();
        drop(state);
        if let Some(responder) = responder {
            responder.wake();
        }
    }
}

impl fmt::Display for PeerGone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the caller does not read this exchange any more")
    }
}

impl std::error::Error for PeerGone {}
