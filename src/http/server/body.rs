use super::encode::Chunks;
use super::options::Options;
use super::source::{Event, Source};
use super::timer::Timer;
use crate::message::Id;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// The body of the server's responses: one JSON document, nothing, or an event stream.
///
/// An event stream reads the reply of its call as the client reads it. In 2026-07-28, dropping it before its end cancels the
/// call; in the revisions before, the call goes on, as the session owns it.
pub struct ServerBody {
    chunks: Chunks,
    // In a box, as most bodies are one document, and a body is moved from hand to hand.
    events: Option<Pin<Box<Events>>>,
}

pin_project! {
    struct Events {
        source: Source,
        id: Id,
        options: Arc<Options>,
        #[pin]
        keep_alive: Timer,
    }
}

impl ServerBody {
    pub(super) fn empty() -> ServerBody {
        ServerBody::once(Chunks::default())
    }

    pub(super) const fn once(chunks: Chunks) -> ServerBody {
        ServerBody { chunks, events: None }
    }

    /// An event stream that begins with `chunks`. A failure of the source is answered with `id`.
    pub(super) fn events(chunks: Chunks, source: Source, id: Id, options: &Arc<Options>) -> ServerBody {
        ServerBody {
            chunks,
            events: Some(Box::pin(Events {
                source,
                id,
                options: Arc::clone(options),
                keep_alive: Timer::new(options.keep_alive),
            })),
        }
    }
}

impl Events {
    /// What is sent next, and whether more follows.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<(Chunks, bool)> {
        let mut this = self.project();
        let pool = &this.options.pool;
        Poll::Ready(match this.source.poll_event(cx) {
            Poll::Ready(Some(Event::Item(message))) => {
                this.keep_alive.as_mut().reset();
                (Chunks::event(message, pool), true)
            }
            Poll::Ready(Some(Event::Answer(message))) => (Chunks::event(message, pool), false),
            Poll::Ready(Some(Event::Failed(failure))) => {
                let answer = failure.message(this.id, this.options.show_causes);
                (Chunks::event(answer, pool), false)
            }
            Poll::Ready(None) => (Chunks::default(), false),
            Poll::Pending => {
                ready!(this.keep_alive.poll(cx));
                (Chunks::keep_alive(), true)
            }
        })
    }
}

impl Body for ServerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        loop {
            if let Some(chunk) = self.chunks.next() {
                return Poll::Ready(Some(Ok(Frame::data(chunk))));
            }
            let Some(events) = self.events.as_mut() else {
                return Poll::Ready(None);
            };
            let (chunks, more) = ready!(events.as_mut().poll(cx));
            self.chunks = chunks;
            if !more {
                // The call is out, whoever still holds this body.
                self.events = None;
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.events.is_none() && self.chunks.len() == 0
    }

    fn size_hint(&self) -> SizeHint {
        match self.events {
            Some(_) => SizeHint::default(),
            None => SizeHint::with_exact(self.chunks.len() as u64),
        }
    }
}

// By hand: what runs behind it has no `Debug`.
impl fmt::Debug for ServerBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBody")
            .field("streams", &self.events.is_some())
            .finish_non_exhaustive()
    }
}
