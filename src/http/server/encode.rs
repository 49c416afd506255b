use crate::message::Message;
use bytes::{Bytes, BytesMut};
use tower_transport_layers::buffer_pool::{Buffer, BufferPool};

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
    /// Bytes that are the whole of a body.
    pub(super) const fn whole(bytes: Bytes) -> Chunks {
        Chunks::of([bytes, Bytes::new(), Bytes::new()])
    }

    /// The message as the whole of a body.
    pub(super) fn json(message: &Message, pool: &BufferPool) -> Chunks {
        let [head, id, _] = message.segments();
        if id.is_empty() {
            return Chunks::whole(message.to_bytes());
        }
        if message.wire_len() <= COPY {
            let mut body = pool.take(message.wire_len());
            append(&mut body, message);
            return Chunks::whole(body.split());
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
    pub(super) fn event(message: Message, pool: &BufferPool) -> Chunks {
        let message = message.on_one_line();
        let len = message.wire_len();
        if len <= COPY {
            let mut event = pool.take(EVENT.len() + len + END.len());
            append_event(&mut event, &message);
            return Chunks::whole(event.split());
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
    pub(super) fn events(messages: impl Iterator<Item = Message>, pool: &BufferPool) -> Chunks {
        let mut events = pool.buffer();
        for message in messages {
            append_event(&mut events, &message.on_one_line());
        }
        Chunks::whole(events.split())
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

fn append_event(out: &mut Buffer, message: &Message) {
    out.extend_from_slice(EVENT);
    append(out, message);
    out.extend_from_slice(END);
}

fn append(out: &mut Buffer, message: &Message) {
    for segment in message.segments() {
        out.extend_from_slice(segment);
    }
}
