use crate::message::Message;
use bytes::{Bytes, BytesMut};

/// A message up to this size is copied into one chunk; a larger one is sent from the bytes it came in.
const COPY: usize = 16 * 1024;

const EVENT: &[u8] = b"event: message\ndata: ";
const END: &[u8] = b"\n\n";

/// A comment: it keeps the stream open through proxies, and clients ignore it.
pub(super) const KEEP_ALIVE: Bytes = Bytes::from_static(b":\n\n");

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
    /// made a space. (Within a string JSON has it escaped.)
    pub(super) fn event(message: &Message) -> Chunks {
        let len = message.wire_len();
        if len <= COPY {
            let mut event = BytesMut::with_capacity(EVENT.len() + len + END.len());
            event.extend_from_slice(EVENT);
            message.write_to(&mut event);
            unbreak(&mut event[EVENT.len()..]);
            event.extend_from_slice(END);
            return Chunks::of([event.freeze(), Bytes::new(), Bytes::new()]);
        }
        let (head, id, shared) = match message.segments() {
            [_, [], _] => ([].as_slice(), [].as_slice(), message.to_bytes()),
            [head, id, _] => (head, id, message.tail()),
        };
        let mut start = BytesMut::with_capacity(EVENT.len() + head.len() + id.len());
        start.extend_from_slice(EVENT);
        start.extend_from_slice(head);
        start.extend_from_slice(id);
        unbreak(&mut start[EVENT.len()..]);
        let shared = if memchr::memchr2(b'\n', b'\r', &shared).is_some() {
            let mut copy = BytesMut::from(&shared[..]);
            unbreak(&mut copy);
            copy.freeze()
        } else {
            shared
        };
        Chunks::of([start.freeze(), shared, Bytes::from_static(END)])
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

fn unbreak(json: &mut [u8]) {
    let mut from = 0;
    while let Some(at) = memchr::memchr2(b'\n', b'\r', &json[from..]) {
        json[from + at] = b' ';
        from += at + 1;
    }
}
