use super::{DecodeError, Id, ParseError};
use bytes::{Bytes, BytesMut};
use std::borrow::Cow;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Has a method and an id: wants one response.
    Request,
    /// Has a method and no id: wants none.
    Notification,
    /// Has an id and a result.
    Response,
    /// Has an id and an error.
    Error,
}

/// Caps of the scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How deep values may nest.
    pub depth: usize,
    /// How many bytes an id may take.
    pub id: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { depth: 128, id: 256 }
    }
}

/// One JSON-RPC message.
#[derive(Clone)]
pub struct Message {
    bytes: Bytes,
    id: Option<Id>,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message").field("id", &self.id).finish()
    }
}

impl Message {
    /// Reads one frame with the default limits.
    pub fn parse(frame: Bytes) -> Result<Message, ParseError> {
        Message::parse_with(frame, Limits::default())
    }
    /// Reads one frame.
    pub fn parse_with(frame: Bytes, limits: Limits) -> Result<Message, ParseError> {
        let _ = (frame, limits);
        unimplemented!()
    }
    /// Recovers the id from the first bytes of a frame that was cut, if it stands there.
    pub fn id_in_prefix(prefix: &[u8]) -> Option<(Id, bool)> {
        let _ = prefix;
        unimplemented!()
    }
    /// What this message is.
    pub fn kind(&self) -> Kind {
        unimplemented!()
    }
    /// The id as written on the wire, or as replaced.
    pub fn id(&self) -> Option<Id> {
        unimplemented!()
    }
    /// The raw id without a copy.
    pub fn id_bytes(&self) -> Option<&[u8]> {
        unimplemented!()
    }
    /// The method, unescaped.
    pub fn method(&self) -> Option<Cow<'_, str>> {
        unimplemented!()
    }
    /// The raw JSON of `params`, `result` or `error`.
    pub fn payload(&self) -> Option<&str> {
        unimplemented!()
    }
    /// Decodes the payload.
    pub fn decode<'a, T: serde::Deserialize<'a>>(&'a self) -> Result<T, DecodeError> {
        unimplemented!()
    }
    /// The same message with another id; the payload is not copied. A message without an id stays as it is.
    pub fn with_id(self, id: Id) -> Message {
        let _ = id;
        unimplemented!()
    }
    /// The bytes on the wire, in order: before the id, the id, after it. A message whose id is its own is one segment.
    pub fn segments(&self) -> [&[u8]; 3] {
        unimplemented!()
    }
    /// The bytes on the wire, without framing.
    pub fn wire_len(&self) -> usize {
        unimplemented!()
    }
    /// Appends the bytes on the wire.
    pub fn write_to(&self, out: &mut BytesMut) {
        let _ = out;
        unimplemented!()
    }
    /// The tail after the id as shared bytes, for a vectored write that copies nothing.
    pub fn tail(&self) -> Bytes {
        unimplemented!()
    }
    /// The bytes on the wire as one piece; copied only if the id was replaced.
    pub fn to_bytes(&self) -> Bytes {
        unimplemented!()
    }
    /// A copy that pins no larger block.
    pub fn detach(self) -> Message {
        unimplemented!()
    }
}
