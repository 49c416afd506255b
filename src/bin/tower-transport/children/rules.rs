use tower_transport::exchange::{Call, Input, Item};
use tower_transport::layers::timeout::{Clock, Limits, Policy};

/// Which calls the limits in time are for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules;

impl Policy<Call, Item> for Rules {
    /// What listens has no end of its own, and may rightly be silent for hours.
    fn limits(&self, call: &Call, limits: Limits) -> Limits {
        match &call.input {
            Input::Listen => Limits::none(),
            Input::Message(message) if message.method().as_deref() == Some("subscriptions/listen") => Limits::none(),
            Input::Message(_) => limits,
        }
    }

    /// Once the child has asked something, it is the client's turn, and a person may have to think.
    fn after(&self, item: &Item) -> Clock {
        match item {
            Item::Request(..) => Clock::Stop,
            Item::Notification(_) | Item::Response(_) => Clock::Restart,
        }
    }
}
