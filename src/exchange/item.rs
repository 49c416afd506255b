use super::Responder;
use crate::message::Message;
use tower_transport_layers::WireSize;

/// One item of a reply.
#[derive(Debug)]
pub enum Item {
    /// The peer tells us something within this exchange.
    Notification(Message),
    /// The peer asks us something within this exchange. The answer goes through the responder, which answers with an error if it
    /// is dropped.
    Request(Message, Responder),
    /// The final response (a result or an error): nothing follows.
    Response(Message),
}

impl Item {
    /// The message that this item carries.
    pub fn message(&self) -> &Message {
        match self {
            Item::Notification(message) | Item::Request(message, _) | Item::Response(message) => message,
        }
    }

    /// Whether this is the final response.
    pub fn is_response(&self) -> bool {
        matches!(self, Item::Response(_))
    }
}

impl WireSize for Item {
    fn wire_size(&self) -> usize {
        self.message().wire_len()
    }

    fn limit_answer(&mut self, max: usize) {
        if let Item::Request(_, responder) = self {
            responder.limit(max);
        }
    }
}
