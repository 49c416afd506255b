//! One JSON-RPC message: the frame's own bytes, and an envelope found by one strict scan.
//!
//! # What a message is
//!
//! [`Message::parse`] takes one frame (the bytes of one JSON object, without framing) and looks at every byte of it once. It keeps the
//! frame and remembers where the id, the method and the payload (`params`, `result` or `error`) stand in it. No tree is built, nothing is
//! copied, nothing is allocated; a clone is a reference count. What is forwarded leaves byte for byte as it came, members that nobody here
//! knows included, except for an id that [`Message::with_id`] replaced. Whitespace around the object is not kept.
//!
//! ```
//! use tower_transport::message::{Id, Kind, Message};
//!
//! let frame = r#"{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"add","_meta":{"progressToken":7}}}"#;
//! let message = Message::parse(frame.into())?;
//! assert_eq!(message.kind(), Kind::Request);
//! assert_eq!(message.method().as_deref(), Some("tools/call"));
//! let token = message.find(&["_meta", "progressToken"])?.expect("it has one");
//!
//! // What goes to another peer: its own id, its own token, and everything else as it came.
//! let forwarded = message.splice(token, b"12").with_id(Id::number(1));
//! assert_eq!(forwarded.to_bytes(), frame.replace(r#""id":"a""#, r#""id":1"#).replace("7}", "12}"));
//!
//! let answer = Message::response(&message.id().expect("a request has one"), &["3"])?;
//! assert_eq!(answer.to_bytes(), r#"{"jsonrpc":"2.0","id":"a","result":["3"]}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is refused
//!
//! Each refusal is a [`ParseError`] with its [`Reason`] and the byte offset in the frame.
//!
//! * What is not JSON (RFC 8259), anywhere in the frame: the grammar of numbers and literals, control bytes in strings, bad escapes,
//!   invalid UTF-8, trailing bytes. `serde_json` is the oracle in a differential test.
//! * What two parsers read differently: one of the six envelope members (`jsonrpc`, `id`, `method`, `params`, `result`, `error`) twice,
//!   also where one is spelled with escapes (`"i\u0064"`).
//! * What is over a cap of [`Limits`]: nesting, id. A frame of 4 GiB or more.
//! * What is not JSON-RPC: a batch ([`Reason::Batch`]), another top-level value, a `jsonrpc` other than `"2.0"`, a method that is no
//!   string, an id that is neither string nor number, `null` as an id outside of an error response, a method beside a result or an error,
//!   a result beside an error, none of method, id and error, an id with nothing else.
//!
//! What is let through on purpose:
//!
//! * A missing `jsonrpc` (a present but wrong one is another protocol; a missing one harms nobody).
//! * An error response without an id: MCP allows it where the request could not be read.
//! * `params`, `result` and `error` of any JSON type: that is for whoever decodes them.
//! * Lone surrogates (`"\ud800"`) in a payload: JSON's grammar allows them, although no text can hold them, and only decoding them into a
//!   `String` fails. In a method, an id or the name of a member of the message, which this room reads, they are refused
//!   ([`Reason::LoneSurrogate`]).
//!
//! # What this room may touch
//!
//! It knows what a JSON-RPC envelope is and nothing of transports. It uses `bytes`, `memchr`, `simdutf8`, `serde_json` and the
//! layers crate's buffer pool, and no other room.

mod build;
mod cursor;
mod envelope;
mod error;
mod id;
mod lookup;
mod member;
#[allow(clippy::module_inception)]
mod message;
mod out;
mod prefix;
mod scan;
mod splice;
mod strings;
mod wire;

pub use build::{ErrorObject, code};
pub use envelope::{Kind, Limits};
pub use error::{DecodeError, ParseError, Reason};
pub use id::{Id, InvalidId};
pub use lookup::Ambiguous;
pub use message::Message;
pub use out::Out;
pub use prefix::PrefixHead;
