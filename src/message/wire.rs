//! How a message goes out.

use super::{Id, Message};
use bytes::{Bytes, BytesMut};

impl Message {
    /// The same message with another id; nothing is copied. A message without an id stays as it is.
    #[must_use]
    pub fn with_id(mut self, id: Id) -> Message {
        if let Some(range) = self.envelope.id.range() {
            let own = self.bytes[range] == *id.as_bytes();
            self.replaced = if own { None } else { Some(id) };
        }
        self
    }

    /// The bytes on the wire, in order: before the id, the id, after it. A message whose id is its own is one segment, the first.
    pub fn segments(&self) -> [&[u8]; 3] {
        match (&self.replaced, self.envelope.id.range()) {
            (Some(id), Some(own)) => [&self.bytes[..own.start], id.as_bytes(), &self.bytes[own.end..]],
            _ => [&self.bytes, &[], &[]],
        }
    }

    /// How many bytes this is on the wire, without framing.
    pub fn wire_len(&self) -> usize {
        match (&self.replaced, self.envelope.id.range()) {
            (Some(id), Some(own)) => self.bytes.len() - own.len() + id.as_bytes().len(),
            _ => self.bytes.len(),
        }
    }

    /// Appends the bytes on the wire.
    pub fn write_to(&self, out: &mut BytesMut) {
        out.reserve(self.wire_len());
        for segment in self.segments() {
            out.extend_from_slice(segment);
        }
    }

    /// The last of the [segments](Message::segments) that has bytes, shared, for a vectored write that copies no payload: what follows a
    /// replaced id, or else the whole message.
    pub fn tail(&self) -> Bytes {
        match (&self.replaced, self.envelope.id.range()) {
            (Some(_), Some(own)) => self.bytes.slice(own.end..),
            _ => self.bytes.clone(),
        }
    }

    /// The bytes on the wire as one piece; copied only if the id was replaced.
    pub fn to_bytes(&self) -> Bytes {
        if self.replaced.is_none() {
            return self.bytes.clone();
        }
        let mut out = BytesMut::with_capacity(self.wire_len());
        self.write_to(&mut out);
        out.freeze()
    }

    /// A copy of exactly its own size, which pins no larger block: for a small message that is to be kept long.
    #[must_use]
    pub fn detach(mut self) -> Message {
        self.bytes = Bytes::copy_from_slice(&self.bytes);
        self
    }

    /// This message on one line, for newline framing: raw line breaks, which JSON allows between tokens, become spaces. Copies the frame
    /// only if there is one; that was seen when the message was read.
    #[must_use]
    pub fn on_one_line(mut self) -> Message {
        if self.envelope.line_breaks {
            let mut bytes = BytesMut::from(&self.bytes[..]);
            for byte in bytes.iter_mut() {
                if matches!(*byte, b'\n' | b'\r') {
                    *byte = b' ';
                }
            }
            self.bytes = bytes.freeze();
            self.envelope.line_breaks = false;
        }
        self
    }
}
