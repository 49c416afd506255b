use super::{Id, Message};
use bytes::BytesMut;
use serde::Serialize;

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

/// The `error` member of an error response.
#[derive(Debug, Clone)]
pub struct ErrorObject<D = ()> {
    /// The code.
    pub code: i64,
    /// One line for a person.
    pub message: String,
    /// Anything more.
    pub data: Option<D>,
}

impl Message {
    /// A request.
    pub fn request(id: &Id, method: &str, params: &impl Serialize) -> Result<Message, serde_json::Error> {
        let _ = (id, method, params);
        unimplemented!()
    }
    /// A notification.
    pub fn notification(method: &str, params: &impl Serialize) -> Result<Message, serde_json::Error> {
        let _ = (method, params);
        unimplemented!()
    }
    /// A response.
    pub fn response(id: &Id, result: &impl Serialize) -> Result<Message, serde_json::Error> {
        let _ = (id, result);
        unimplemented!()
    }
    /// An error response. Never fails: `data` is left out if it does not serialise.
    pub fn error(id: &Id, code: i64, message: &str) -> Message {
        let _ = (id, code, message);
        unimplemented!()
    }
    /// An error response with data.
    pub fn error_with(id: &Id, code: i64, message: &str, data: &impl Serialize) -> Result<Message, serde_json::Error> {
        let _ = (id, code, message, data);
        unimplemented!()
    }
    /// The same builders write into a buffer of the caller's, which a pool may own.
    pub fn request_in(
        out: &mut BytesMut,
        id: &Id,
        method: &str,
        params: &impl Serialize,
    ) -> Result<Message, serde_json::Error> {
        let _ = (out, id, method, params);
        unimplemented!()
    }
}
