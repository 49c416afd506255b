use super::Limits;
use http::Extensions;

/// What a [`MaxMessageSizeLayer`](super::MaxMessageSizeLayer) over a connector asks of the transport below: how large a frame may be.
///
/// It is in the extensions of the [`Target`](crate::Target). A transport reads it when it is built, and stores nothing that is larger. Where
/// it says nothing of a direction, the transport keeps its default.
///
/// ```
/// use tower_transport_layers::max_message_size::MaxFrame;
///
/// let asked = MaxFrame::new(Some(1 << 20), Some(4 << 20)).tighten(MaxFrame::new(None, Some(64 << 10)));
/// assert_eq!((asked.sent(), asked.received()), (Some(1 << 20), Some(64 << 10)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxFrame {
    sent: Option<usize>,
    received: Option<usize>,
}

impl MaxFrame {
    /// The most bytes of a frame that is sent, and of one that is received.
    pub const fn new(sent: Option<usize>, received: Option<usize>) -> MaxFrame {
        MaxFrame { sent, received }
    }

    /// What the layers over a transport left in its target's extensions.
    pub fn of(extensions: &Extensions) -> Option<MaxFrame> {
        extensions.get().copied()
    }

    /// The most bytes of a frame to the peer, without its framing.
    pub const fn sent(&self) -> Option<usize> {
        self.sent
    }

    /// The most bytes of a frame from the peer, without its framing.
    pub const fn received(&self) -> Option<usize> {
        self.received
    }

    /// The tighter of two, each way.
    pub fn tighten(self, other: MaxFrame) -> MaxFrame {
        MaxFrame {
            sent: tighter(self.sent, other.sent),
            received: tighter(self.received, other.received),
        }
    }
}

fn tighter(one: Option<usize>, other: Option<usize>) -> Option<usize> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

impl From<Limits> for MaxFrame {
    fn from(limits: Limits) -> MaxFrame {
        MaxFrame::new(limits.request(), limits.response())
    }
}
