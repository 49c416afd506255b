use super::failure::Failure;
use super::live::Live;
use super::source::{Beginning, Event};
use crate::message::{Kind, Message};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Messages that wait to be read, whatever their size: a million tiny ones weigh more than their bytes.
const MESSAGES: usize = 1024;

/// What a session's task leaves for the client that reads one of its streams. The end has a place of its own.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    limit: usize,
}

#[derive(Debug, Default)]
struct State {
    messages: VecDeque<Message>,
    bytes: usize,
    end: Option<End>,
    reader: Option<Waker>,
    writer: Option<Waker>,
    gone: bool,
}

/// How a stream ends.
#[derive(Debug)]
pub(super) enum End {
    Answer(Message),
    Failed(Failure),
    /// Without an answer: the client cancelled, or it is no call's stream.
    Silent,
    /// The reader has had it.
    Over,
}

/// What became of a message.
pub(super) enum Push {
    Taken,
    /// There is no room yet.
    Full(Message),
    /// The client has gone, or the stream has ended.
    Gone(Message),
}

/// The reading side. Dropped early, requests that it has not read go to the client by another way, or are refused.
pub(super) struct Reader {
    queue: Arc<Queue>,
    live: Arc<Live>,
}

impl Queue {
    pub(super) fn pair(limit: usize, live: Arc<Live>) -> (Arc<Queue>, Reader) {
        let queue = Arc::new(Queue {
            state: Mutex::default(),
            limit,
        });
        let reader = Reader {
            queue: Arc::clone(&queue),
            live,
        };
        (queue, reader)
    }

    pub(super) fn push(&self, message: Message) -> Push {
        let mut state = self.lock();
        if state.gone || state.end.is_some() {
            return Push::Gone(message);
        }
        if !state.has_room(message.wire_len(), self.limit) {
            return Push::Full(message);
        }
        state.bytes += message.wire_len();
        state.messages.push_back(message);
        let reader = state.reader.take();
        drop(state);
        wake(reader);
        Push::Taken
    }

    /// Ready when a message of that size is taken, or refused for good.
    pub(super) fn poll_room(&self, size: usize, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.gone || state.end.is_some() || state.has_room(size, self.limit) {
            return Poll::Ready(());
        }
        state.writer = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Ready when nobody reads any more.
    pub(super) fn poll_gone(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.gone {
            return Poll::Ready(());
        }
        state.writer = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Ends the stream after what it holds. The first end holds.
    pub(super) fn finish(&self, end: End) {
        let mut state = self.lock();
        if state.end.is_some() {
            return;
        }
        state.end = Some(end);
        let reader = state.reader.take();
        drop(state);
        wake(reader);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// A message larger than the limit is taken alone: how large messages may be is not for the queue to say.
    fn has_room(&self, size: usize, limit: usize) -> bool {
        self.messages.is_empty() || (self.messages.len() < MESSAGES && self.bytes + size <= limit)
    }

    /// The end of a stream that holds no message.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        match self.end.replace(End::Over) {
            Some(End::Answer(message)) => Poll::Ready(Some(Event::Answer(message))),
            Some(End::Failed(failure)) => Poll::Ready(Some(Event::Failed(failure))),
            Some(End::Silent | End::Over) => Poll::Ready(None),
            None => {
                self.end = None;
                self.reader = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Reader {
    /// The end, or that something comes before it.
    ///
    /// A message stays where it is: it belongs to the stream, and to somebody else if the client goes before that is read.
    pub(super) fn poll_beginning(&mut self, cx: &mut Context<'_>) -> Poll<Beginning> {
        let mut state = self.queue.lock();
        if !state.messages.is_empty() {
            return Poll::Ready(Beginning::Items(None));
        }
        state.poll_end(cx).map(Beginning::End)
    }

    pub(super) fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        let mut state = self.queue.lock();
        if let Some(message) = state.messages.pop_front() {
            state.bytes -= message.wire_len();
            let writer = state.writer.take();
            drop(state);
            wake(writer);
            return Poll::Ready(Some(Event::Item(message)));
        }
        state.poll_end(cx)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.gone = true;
        state.bytes = 0;
        let unread = std::mem::take(&mut state.messages);
        let writer = state.writer.take();
        drop(state);
        wake(writer);
        for message in unread {
            if message.kind() == Kind::Request {
                self.live.reroute(message);
            }
        }
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
