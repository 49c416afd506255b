use super::envelope::Envelope;
#[cfg(feature = "mux")]
use super::id::plain_number;
use super::member::unescape;
use super::scan::scan;
use super::{DecodeError, Id, Kind, Limits, ParseError};
use bytes::{Buf, Bytes};
use serde::Deserialize;
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// One JSON-RPC message: the bytes of its frame, and where the parts stand in them.
///
/// See the [module docs](super) for what is read and what is refused. A clone is a reference count.
#[derive(Clone)]
pub struct Message {
    /// The object alone, without whitespace around it.
    pub(super) bytes: Bytes,
    pub(super) envelope: Envelope,
    /// Stands in for the id in `bytes`.
    pub(super) replaced: Option<Id>,
}

impl Message {
    /// Reads one frame with the default [`Limits`].
    ///
    /// # Errors
    ///
    /// See [`Message::parse_with`].
    pub fn parse(frame: Bytes) -> Result<Message, ParseError> {
        Message::parse_with(frame, Limits::default())
    }

    /// Reads one frame. The message keeps the bytes, so it pins the block that they lie in; see [`Message::detach`].
    ///
    /// # Errors
    ///
    /// [`ParseError`] for everything on the [list](super#what-is-refused).
    pub fn parse_with(frame: Bytes, limits: Limits) -> Result<Message, ParseError> {
        let (envelope, object) = scan(&frame, limits)?;
        Ok(Message::of(frame, envelope, object))
    }

    /// Reads one frame with the default [`Limits`], and takes it out of `frame` if it is a message.
    #[cfg(any(feature = "mux", feature = "http-server"))]
    pub(crate) fn take(frame: &mut Bytes) -> Result<Message, ParseError> {
        let (envelope, object) = scan(frame, Limits::default())?;
        Ok(Message::of(std::mem::take(frame), envelope, object))
    }

    fn of(mut frame: Bytes, envelope: Envelope, object: Range<usize>) -> Message {
        if object.end < frame.len() {
            frame.truncate(object.end);
        }
        frame.advance(object.start);
        Message {
            bytes: frame,
            envelope,
            replaced: None,
        }
    }

    /// What this message is.
    pub fn kind(&self) -> Kind {
        self.envelope.kind
    }

    /// The id as written on the wire, or as replaced. Allocates if it is longer than 38 bytes.
    pub fn id(&self) -> Option<Id> {
        match &self.replaced {
            Some(id) => Some(id.clone()),
            None => self.envelope.id.range().map(|range| Id::from_wire(&self.bytes[range])),
        }
    }

    /// The raw id without a copy.
    pub fn id_bytes(&self) -> Option<&[u8]> {
        match &self.replaced {
            Some(id) => Some(id.as_bytes()),
            None => self.envelope.id.range().map(|range| &self.bytes[range]),
        }
    }

    /// The id as a plain unsigned integer, as [`Id::as_u64`] has it, without making an [`Id`].
    #[cfg(feature = "mux")]
    pub(crate) fn id_number(&self) -> Option<u64> {
        plain_number(self.id_bytes()?)
    }

    /// The method, unescaped: borrowed unless it has escapes. Requests and notifications have one.
    pub fn method(&self) -> Option<Cow<'_, str>> {
        let range = self.envelope.method.range()?;
        if self.envelope.escaped_method {
            let text = unescape(&self.bytes[range.start - 1..=range.end]);
            Some(Cow::Owned(
                text.expect("escapes in a method are checked when it is read"),
            ))
        } else {
            Some(Cow::Borrowed(text(&self.bytes[range])))
        }
    }

    /// The method, unescaped, as bytes: to compare it, its encoding need not be checked once more.
    #[cfg(feature = "http-server")]
    pub(crate) fn method_bytes(&self) -> Option<Cow<'_, [u8]>> {
        if self.envelope.escaped_method {
            return self.method().map(|method| Cow::Owned(method.into_owned().into_bytes()));
        }
        self.envelope
            .method
            .range()
            .map(|range| Cow::Borrowed(&self.bytes[range]))
    }

    /// The raw JSON of `params`, `result` or `error`. Its encoding is checked once more, which [`Message::payload_bytes`] saves.
    pub fn payload(&self) -> Option<&str> {
        self.payload_bytes().map(text)
    }

    /// The raw JSON of `params`, `result` or `error` as bytes.
    pub fn payload_bytes(&self) -> Option<&[u8]> {
        self.envelope.payload.range().map(|range| &self.bytes[range])
    }

    /// Decodes the payload. A request without `params` decodes as `null` does.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the payload is not of type `T`.
    pub fn decode<'a, T: Deserialize<'a>>(&'a self) -> Result<T, DecodeError> {
        serde_json::from_str(self.payload().unwrap_or("null"))
            .map_err(|error| DecodeError::new(self.kind().payload_member().name(), error))
    }
}

/// Text out of a frame. Frames are checked as a whole when they are read, and are cut between characters only.
fn text(bytes: &[u8]) -> &str {
    simdutf8::basic::from_utf8(bytes).expect("a frame is checked for UTF-8 when it is read")
}

/// Leaves the payload out: it may be megabytes, and it may be secret.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("kind", &self.kind())
            .field("id", &self.id())
            .field("method", &self.method())
            .field("payload_len", &self.payload_bytes().map(<[u8]>::len))
            .finish()
    }
}
