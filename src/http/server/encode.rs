use crate::message::Message;
use bytes::{Bytes, BytesMut};

/// A message up to this size is copied into one chunk; a larger one is sent from the bytes it came in.
const COPY: usize = 16 * 1024;

const EVENT: &[u8] = b"event: message\ndata: ";
const END: &[u8] = b"\n\n";

const KEEP_ALIVE: Bytes = Bytes::from_static(b":\n\n");

/// The chunks of one message, in order.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    chunks: [Bytes; 3],
    next: usize,
}

impl Chunks {
    /// The message as the whole of a body.
    pub(super) fn json(message: &Message) -> Chunks {
        let [head, id, _] = message.segments();
        if id.is_empty() || message.wire_len() <= COPY {
            return Chunks::of([message.to_bytes(), Bytes::new(), Bytes::new()]);
        }
        let mut start = BytesMut::with_capacity(head.len() + id.len());
        start.extend_from_slice(head);
        start.extend_from_slice(id);
        Chunks::of([start.freeze(), message.tail(), Bytes::new()])
    }

    /// The message as one server-sent event.
    ///
    /// A line break may stand between the tokens of a message, where it means nothing, and would end the event's data here: it is
    /// made a space.
    pub(super) fn event(message: Message) -> Chunks {
        let message = message.on_one_line();
        let len = message.wire_len();
        if len <= COPY {
            let mut event = BytesMut::with_capacity(EVENT.len() + len + END.len());
            event.extend_from_slice(EVENT);
            message.write_to(&mut event);
            event.extend_from_slice(END);
            return Chunks::of([event.freeze(), Bytes::new(), Bytes::new()]);
        }
        let tail = message.tail();
        let mut start = BytesMut::with_capacity(EVENT.len() + len - tail.len());
        start.extend_from_slice(EVENT);
        if let [head, id @ [_, ..], _] = message.segments() {
            start.extend_from_slice(head);
            start.extend_from_slice(id);
        }
        Chunks::of([start.freeze(), tail, Bytes::from_static(END)])
    }

    /// A few messages as events, copied into one chunk.
    pub(super) fn events(messages: impl Iterator<Item = Message>) -> Chunks {
        let mut events = BytesMut::new();
        for message in messages {
            events.extend_from_slice(EVENT);
            message.on_one_line().write_to(&mut events);
            events.extend_from_slice(END);
        }
        Chunks::of([events.freeze(), Bytes::new(), Bytes::new()])
    }

    /// A comment: it opens a stream, keeps it open through proxies, and clients ignore it.
    pub(super) fn keep_alive() -> Chunks {
        Chunks::of([KEEP_ALIVE, Bytes::new(), Bytes::new()])
    }

    pub(super) fn next(&mut self) -> Option<Bytes> {
        while let Some(chunk) = self.chunks.get_mut(self.next) {
            self.next += 1;
            if !chunk.is_empty() {
                return Some(std::mem::take(chunk));
            }
        }
        None
    }

    /// The bytes that are left.
    pub(super) fn len(&self) -> usize {
        self.chunks.iter().map(Bytes::len).sum()
    }

    const fn of(chunks: [Bytes; 3]) -> Chunks {
        Chunks { chunks, next: 0 }
    }
}
