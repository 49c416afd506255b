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
use std::time::Duration;

pin_project! {
    /// The body of the server's responses: one JSON document, nothing, or an event stream.
    ///
    /// An event stream reads the reply of its call as the client reads it. In 2026-07-28, dropping it before its end cancels the
    /// call; in the revisions before, the call goes on, as the session owns it.
    pub struct ServerBody {
        chunks: Chunks,
        // With how its events are encoded.
        source: Option<(Source, Arc<Options>)>,
        id: Id,
        #[pin]
        keep_alive: Timer,
    }
}

impl ServerBody {
    pub(super) fn empty() -> ServerBody {
        ServerBody::once(Chunks::default())
    }

    pub(super) fn once(chunks: Chunks) -> ServerBody {
        ServerBody {
            chunks,
            source: None,
            id: Id::null(),
            keep_alive: Timer::new(Duration::MAX),
        }
    }

    /// An event stream that begins with `chunks`. A failure of the source is answered with `id`.
    pub(super) fn events(chunks: Chunks, source: Source, id: Id, options: &Arc<Options>) -> ServerBody {
        ServerBody {
            chunks,
            source: Some((source, Arc::clone(options))),
            id,
            keep_alive: Timer::new(options.keep_alive),
        }
    }
}

impl Body for ServerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let mut this = self.project();
        loop {
            if let Some(chunk) = this.chunks.next() {
                return Poll::Ready(Some(Ok(Frame::data(chunk))));
            }
            let Some((source, options)) = this.source.as_mut() else {
                return Poll::Ready(None);
            };
            match source.poll_event(cx) {
                Poll::Ready(Some(Event::Item(message))) => {
                    *this.chunks = Chunks::event(message, &options.pool);
                    this.keep_alive.as_mut().reset();
                }
                Poll::Ready(Some(Event::Answer(message))) => {
                    *this.chunks = Chunks::event(message, &options.pool);
                    // Nothing follows the answer, so the call is out, whoever still holds this body.
                    *this.source = None;
                }
                Poll::Ready(Some(Event::Failed(failure))) => {
                    let answer = failure.message(this.id, options.show_causes);
                    *this.chunks = Chunks::event(answer, &options.pool);
                    *this.source = None;
                }
                Poll::Ready(None) => *this.source = None,
                Poll::Pending => {
                    ready!(this.keep_alive.as_mut().poll(cx));
                    *this.chunks = Chunks::keep_alive();
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.source.is_none() && self.chunks.len() == 0
    }

    fn size_hint(&self) -> SizeHint {
        match self.source {
            Some(_) => SizeHint::default(),
            None => SizeHint::with_exact(self.chunks.len() as u64),
        }
    }
}

// By hand: what runs behind it has no `Debug`.
impl fmt::Debug for ServerBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBody")
            .field("streams", &self.source.is_some())
            .finish_non_exhaustive()
    }
}
