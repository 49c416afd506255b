use super::control::Admitted;
use super::failure::Failure;
use super::queue::Reader;
use super::run::Running;
use crate::exchange::Item;
use crate::message::{Message, code};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What a response is told.
#[derive(Debug)]
pub(super) enum Event {
    /// Something that comes before the answer, or that is no part of a call.
    Item(Message),
    /// The answer: nothing follows.
    Answer(Message),
    /// Instead of the answer: nothing follows.
    Failed(Failure),
}

/// How a response begins.
#[derive(Debug)]
pub(super) enum Beginning {
    /// With something that comes before the answer: what was taken of it, to be sent first.
    Items(Option<Message>),
    /// With the answer, or with what stands in its place.
    End(Option<Event>),
}

/// Where a response's events come from.
pub(super) enum Source {
    /// The call itself: dropping the response cancels it (2026-07-28).
    Call {
        items: Running,
        /// Ends the stream without an answer, for calls that have no end of their own.
        until: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
        _admitted: Admitted,
    },
    /// What a session's task left for this client (2025-11-25 and before).
    Queue(Reader),
}

impl Source {
    /// How the response begins.
    pub(super) fn poll_beginning(&mut self, cx: &mut Context<'_>) -> Poll<Beginning> {
        if let Source::Queue(reader) = self {
            return reader.poll_beginning(cx);
        }
        self.poll_event(cx).map(|event| match event {
            Some(Event::Item(message)) => Beginning::Items(Some(message)),
            end => Beginning::End(end),
        })
    }

    /// The next event. After an answer, a failure or the end it must not be asked again.
    pub(super) fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        let (items, until) = match self {
            Source::Call { items, until, .. } => (items, until),
            Source::Queue(reader) => return reader.poll_event(cx),
        };
        loop {
            return Poll::Ready(Some(match items.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(Item::Notification(message)))) => Event::Item(message),
                Poll::Ready(Some(Ok(Item::Response(message)))) => Event::Answer(message),
                Poll::Ready(Some(Ok(Item::Request(_, responder)))) => {
                    // The exchange may have given up on its request, and then has what it needs to know.
                    let _gone = responder.refuse(
                        code::METHOD_NOT_FOUND,
                        "2026-07-28 has no requests to the client: answer with an input_required result",
                    );
                    continue;
                }
                Poll::Ready(Some(Err(failure))) => Event::Failed(failure),
                Poll::Ready(None) => Event::Failed(Failure::NoResponse),
                Poll::Pending => {
                    return match until {
                        Some(until) => until.as_mut().poll(cx).map(|()| None),
                        None => Poll::Pending,
                    };
                }
            }));
        }
    }
}
