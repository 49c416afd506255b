use super::{Call, Input, Item};
use tower_transport_layers::timeout::{Clock, Deadline, Limits, Policy};

/// The policy of a timeout over exchanges: whom it does not hurry, and who is in a hurry of its own.
///
/// * A call that listens has no end of its own, and may rightly be silent for hours: no limit holds for it. So it is for requests of the
///   [`endless`](Patience::endless) methods.
/// * A [`Deadline`] in a call's extensions holds for that call, whatever it is.
/// * Once the peer has asked something, it waits for us, and a person may have to think: the idle clock stands until the next item.
///
/// ```
/// use std::time::Duration;
/// use tower_transport::exchange::Patience;
/// use tower_transport::layers::timeout::TimeoutLayer;
///
/// // For MCP, they are `tower_transport::protocol::Mcp::ENDLESS`.
/// let layer: TimeoutLayer<_> = TimeoutLayer::new()
///     .first_item(Duration::from_secs(60))
///     .idle(Duration::from_secs(60))
///     .policy(Patience::new().endless(&["subscriptions/listen"]));
/// # let _ = layer;
/// ```
#[derive(Debug, Clone, Copy, Default)]
#[must_use]
pub struct Patience {
    endless: &'static [&'static str],
}

impl Patience {
    /// Exempts nothing but calls that listen.
    pub const fn new() -> Patience {
        Patience { endless: &[] }
    }

    /// Exempts requests of these methods, as their replies have no end of their own: those that a protocol subscribes with.
    pub const fn endless(mut self, methods: &'static [&'static str]) -> Patience {
        self.endless = methods;
        self
    }

    fn is_endless(&self, call: &Call) -> bool {
        match &call.input {
            Input::Listen => true,
            Input::Message(message) => {
                !self.endless.is_empty() && message.method().is_some_and(|method| self.endless.contains(&&*method))
            }
        }
    }
}

impl Policy<Call, Item> for Patience {
    fn limits(&self, call: &Call, limits: Limits) -> Limits {
        match self.is_endless(call) {
            true => Limits::none(),
            false => limits,
        }
    }

    fn deadline(&self, call: &Call) -> Option<Deadline> {
        Deadline::of(&call.extensions)
    }

    fn after(&self, item: &Item) -> Clock {
        match item {
            Item::Request(..) => Clock::Stop,
            Item::Notification(_) | Item::Response(_) => Clock::Restart,
        }
    }
}
