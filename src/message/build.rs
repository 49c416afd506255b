use super::Message;
use super::Out;
use super::envelope::{Envelope, Kind, Span};
use super::id::Id;
use bytes::BytesMut;
use serde::{Deserialize, Serialize, ser::Error as _};
use serde_json::value::RawValue;

/// JSON-RPC's reserved error codes.
pub mod code {
    /// Not JSON.
    pub const PARSE_ERROR: i64 = -32700;
    /// Not a JSON-RPC message.
    pub const INVALID_REQUEST: i64 = -32600;
    /// Nobody serves that method.
    pub const METHOD_NOT_FOUND: i64 = -32601;
    /// Params are wrong.
    pub const INVALID_PARAMS: i64 = -32602;
    /// Internal error.
    pub const INTERNAL_ERROR: i64 = -32603;
}

/// The `error` member of an error response, to be had from [`Message::decode`]. `data` stays raw unless a type is asked for.
#[derive(Debug, Clone, Deserialize)]
pub struct ErrorObject<D = Box<RawValue>> {
    /// The code.
    pub code: i64,
    /// One line for a person.
    pub message: String,
    /// Anything more.
    pub data: Option<D>,
}

/// Room for the envelope of a message and a small payload.
const ROOM: usize = 256;

/// Builders. `params` that serialise as `null` (so `()` and `None` do) are left out.
///
/// Each has a variant ending in `_in`, which writes into a buffer of the caller's, best one of a
/// [pool](tower_transport_layers::buffer_pool::BufferPool::buffer). That buffer is cleared first, the message is split off its front, and what
/// is left of its capacity stays in it. After an error it is empty.
///
/// # Errors
///
/// That of the `Serialize` implementation, and one for a message of 4 GiB or more.
impl Message {
    /// A request.
    pub fn request(id: &Id, method: &str, params: &impl Serialize) -> Result<Message, serde_json::Error> {
        Message::request_in(&mut BytesMut::with_capacity(ROOM), id, method, params)
    }

    /// A request, written into `out`.
    pub fn request_in(
        out: &mut impl Out,
        id: &Id,
        method: &str,
        params: &impl Serialize,
    ) -> Result<Message, serde_json::Error> {
        let mut draft = Draft::new(out, Kind::Request);
        draft.id(id);
        draft.method(method)?;
        draft.params(params)?;
        draft.finish()
    }

    /// A notification.
    pub fn notification(method: &str, params: &impl Serialize) -> Result<Message, serde_json::Error> {
        Message::notification_in(&mut BytesMut::with_capacity(ROOM), method, params)
    }

    /// A notification, written into `out`.
    pub fn notification_in(
        out: &mut impl Out,
        method: &str,
        params: &impl Serialize,
    ) -> Result<Message, serde_json::Error> {
        let mut draft = Draft::new(out, Kind::Notification);
        draft.method(method)?;
        draft.params(params)?;
        draft.finish()
    }

    /// A response.
    pub fn response(id: &Id, result: &impl Serialize) -> Result<Message, serde_json::Error> {
        Message::response_in(&mut BytesMut::with_capacity(ROOM), id, result)
    }

    /// A response, written into `out`.
    pub fn response_in(out: &mut impl Out, id: &Id, result: &impl Serialize) -> Result<Message, serde_json::Error> {
        let mut draft = Draft::new(out, Kind::Response);
        draft.id(id);
        draft.payload("result", result)?;
        draft.finish()
    }

    /// An error response.
    pub fn error(id: &Id, code: i64, message: &str) -> Message {
        Message::error_in(&mut BytesMut::with_capacity(ROOM), id, code, message)
    }

    /// An error response, written into `out`.
    pub fn error_in(out: &mut impl Out, id: &Id, code: i64, message: &str) -> Message {
        write_error(out, id, code, message, None::<&()>).expect("a number and a text always serialise")
    }

    /// An error response with data.
    pub fn error_with(id: &Id, code: i64, message: &str, data: &impl Serialize) -> Result<Message, serde_json::Error> {
        Message::error_with_in(&mut BytesMut::with_capacity(ROOM), id, code, message, data)
    }

    /// An error response with data, written into `out`.
    pub fn error_with_in(
        out: &mut impl Out,
        id: &Id,
        code: i64,
        message: &str,
        data: &impl Serialize,
    ) -> Result<Message, serde_json::Error> {
        write_error(out, id, code, message, Some(data))
    }
}

fn write_error<D: Serialize>(
    out: &mut impl Out,
    id: &Id,
    code: i64,
    message: &str,
    data: Option<&D>,
) -> Result<Message, serde_json::Error> {
    #[derive(Serialize)]
    struct Body<'a, D> {
        code: i64,
        message: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        data: Option<&'a D>,
    }
    let mut draft = Draft::new(out, Kind::Error);
    draft.id(id);
    draft.payload("error", &Body { code, message, data })?;
    draft.finish()
}

/// A message that is being written. It keeps the spans as it goes, so that what was built need not be scanned.
struct Draft<'a, O> {
    out: &'a mut O,
    kind: Kind,
    id: (usize, usize),
    method: (usize, usize),
    payload: (usize, usize),
}

impl<'a, O: Out> Draft<'a, O> {
    fn new(out: &'a mut O, kind: Kind) -> Draft<'a, O> {
        out.empty();
        out.append(br#"{"jsonrpc":"2.0""#);
        Draft {
            out,
            kind,
            id: (0, 0),
            method: (0, 0),
            payload: (0, 0),
        }
    }

    fn id(&mut self, id: &Id) {
        self.out.append(br#","id":"#);
        let start = self.out.len();
        self.out.append(id.as_bytes());
        self.id = (start, self.out.len());
    }

    fn method(&mut self, method: &str) -> Result<(), serde_json::Error> {
        self.out.append(br#","method":"#);
        let (start, end) = self.value(method)?;
        self.method = (start + 1, end - 1);
        Ok(())
    }

    fn params(&mut self, params: &impl Serialize) -> Result<(), serde_json::Error> {
        let before = self.out.len();
        self.payload("params", params)?;
        if self.out[self.payload.0..] == *b"null" {
            self.out.shorten(before);
            self.payload = (0, 0);
        }
        Ok(())
    }

    fn payload(&mut self, member: &str, payload: &impl Serialize) -> Result<(), serde_json::Error> {
        self.out.append(b",\"");
        self.out.append(member.as_bytes());
        self.out.append(b"\":");
        self.payload = self.value(payload)?;
        Ok(())
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(usize, usize), serde_json::Error> {
        let start = self.out.len();
        if let Err(error) = self.out.serialize(value) {
            self.out.empty();
            return Err(error);
        }
        Ok((start, self.out.len()))
    }

    fn finish(self) -> Result<Message, serde_json::Error> {
        self.out.append(b"}");
        if u32::try_from(self.out.len()).is_err() {
            self.out.empty();
            return Err(serde_json::Error::custom("a message of 4 GiB or more"));
        }
        let written = &self.out[self.payload.0..self.payload.1];
        let envelope = Envelope {
            kind: self.kind,
            id: Span::new(self.id.0, self.id.1),
            method: Span::new(self.method.0, self.method.1),
            payload: Span::new(self.payload.0, self.payload.1),
            escaped_method: self.out[self.method.0..self.method.1].contains(&b'\\'),
            escaped_keys: memchr::memchr(b'\\', written).is_some(),
            line_breaks: memchr::memchr2(b'\n', b'\r', written).is_some(),
        };
        Ok(Message {
            bytes: self.out.split_message(),
            envelope,
            replaced: None,
        })
    }
}
