//! The handler's side: requests of the peer in, items out.

use super::slots::{Polled, Running, Server, Step};
use crate::exchange::{Call, Exchange, Item};
use crate::message::{Id, Kind, Message};
use futures_core::Stream;
use std::convert::Infallible;
use std::future::{Future, Pending};
use std::pin::Pin;
use std::task::{Context, Poll};
use tower_service::Service;

/// The handler of a connection that serves nobody. It is never called.
#[derive(Debug, Clone, Copy)]
pub struct Nobody(Infallible);

/// The empty reply of [`Nobody`].
#[derive(Debug)]
pub struct Nothing(Infallible);

impl Service<Call> for Nobody {
    type Response = Nothing;
    type Error = Infallible;
    type Future = Pending<Result<Nothing, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        match self.0 {}
    }

    fn call(&mut self, _: Call) -> Self::Future {
        match self.0 {}
    }
}

impl Stream for Nothing {
    type Item = Result<Item, Infallible>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.0 {}
    }
}

/// Notifications that wait for a handler, in bytes.
const INBOX_NOTES: usize = 1 << 20;

impl<H: Exchange> Server<H> {
    /// Takes a request or a notification of the peer, unless there is no room. What is not taken is given back.
    pub(super) fn take(&mut self, message: Message) -> Result<(), Message> {
        let request = message.kind() == Kind::Request;
        if request && self.requests == self.room || !request && self.inbox_notes > INBOX_NOTES {
            return Err(message);
        }
        if request {
            self.requests += 1;
        } else {
            self.inbox_notes += message.wire_len();
        }
        self.inbox.push_back(message);
        Ok(())
    }

    /// Calls the handler with what waits, as long as it is ready and there are places.
    pub(super) fn dispatch(&mut self, cx: &mut Context<'_>) -> Option<u32> {
        let id = self.inbox.front()?.id();
        if self.failed.is_some() {
            return None;
        }
        let index = self.vacant()?;
        match self.handler.poll_ready(cx) {
            Poll::Pending => return None,
            Poll::Ready(Err(error)) => {
                self.failed = Some(error.into());
                return None;
            }
            Poll::Ready(Ok(())) => {}
        }
        let message = self.inbox.pop_front()?;
        if id.is_none() {
            self.inbox_notes = self.inbox_notes.saturating_sub(message.wire_len());
        }
        let future = self.handler.call(Call::new(message));
        self.begin(index, id, future);
        Some(index)
    }

    /// The peer gave up its request `id`; whether one is waiting or running. The latest goes first, where ids are equal.
    pub(super) fn cancel(&mut self, id: &Id) -> bool {
        if let Some(at) = self
            .inbox
            .iter()
            .rposition(|message| message.id_bytes() == Some(id.as_bytes()))
        {
            self.inbox.remove(at);
            self.requests -= 1;
            return true;
        }
        self.end_by_id(id)
    }

    /// The next item of the handler in this place.
    pub(super) fn poll(&mut self, index: u32) -> Polled {
        let (mut running, waker) = self.running(index);
        let mut cx = Context::from_waker(waker);
        loop {
            match running.as_mut().project() {
                Step::Idle => return Polled::Pending,
                Step::Calling { future } => match future.poll(&mut cx) {
                    Poll::Pending => return Polled::Pending,
                    Poll::Ready(Ok(reply)) => running.set(Running::Replying { reply }),
                    Poll::Ready(Err(error)) => return Polled::Failed(error.into()),
                },
                Step::Replying { reply } => {
                    return match reply.poll_next(&mut cx) {
                        Poll::Pending => Polled::Pending,
                        Poll::Ready(Some(Ok(item))) => Polled::Item(item),
                        Poll::Ready(Some(Err(error))) => Polled::Failed(error.into()),
                        Poll::Ready(None) => Polled::Ended,
                    };
                }
            }
        }
    }
}
