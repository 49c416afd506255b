use crate::message::{Kind, Message};
use http::Extensions;
use std::borrow::Cow;
use tower_transport_layers::{Describe, WireSize};

/// One call: what goes in, and what layers and edges know about it.
#[derive(Debug, Clone)]
pub struct Call {
    /// What the peer is to get.
    pub input: Input,
    /// Session, authorization, deadline and the like. Empty on the hot path: the first value here costs three allocations.
    pub extensions: Extensions,
}

/// What a [`Call`] carries in.
#[derive(Debug, Clone)]
pub enum Input {
    /// A request or a notification; never a response, which goes through its [`Responder`](super::Responder).
    Message(Message),
    /// All that the peer sends outside an exchange of ours. Its reply has no response.
    ///
    /// A connection has one listener: a later one ends the earlier.
    Listen,
}

impl Call {
    /// A call that carries a request or a notification.
    pub fn new(message: Message) -> Call {
        debug_assert!(
            matches!(message.kind(), Kind::Request | Kind::Notification),
            "answers go through their Responder"
        );
        Call {
            input: Input::Message(message),
            extensions: Extensions::new(),
        }
    }

    /// A call that listens to all that the peer sends outside an exchange of ours.
    pub fn listen() -> Call {
        Call {
            input: Input::Listen,
            extensions: Extensions::new(),
        }
    }

    /// The message, unless this call listens.
    pub fn message(&self) -> Option<&Message> {
        match &self.input {
            Input::Message(message) => Some(message),
            Input::Listen => None,
        }
    }
}

impl From<Message> for Call {
    fn from(message: Message) -> Call {
        Call::new(message)
    }
}

impl WireSize for Call {
    fn wire_size(&self) -> usize {
        self.message().map_or(0, Message::wire_len)
    }
}

impl Describe for Call {
    /// The method; `(listen)` for a call that listens.
    fn method(&self) -> Cow<'_, str> {
        let method = self.message().map(|message| message.method().unwrap_or_default());
        method.unwrap_or(Cow::Borrowed("(listen)"))
    }

    /// The id as it stands on the wire: a string has its quotes.
    fn id(&self) -> Option<Cow<'_, str>> {
        let id = self.message()?.id()?;
        Some(Cow::Owned(id.to_string()))
    }
}
