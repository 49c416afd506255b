use crate::message::Ambiguous;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Why a call failed. The connection goes on, unless [`is_disconnected`](Error::is_disconnected).
#[derive(Debug, Clone)]
pub struct Error(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Disconnected { sent: bool, why: Disconnected },
    TooLarge { limit: usize, size: usize, answer: bool },
    Unread { limit: usize, held: usize, total: bool },
    Ambiguous(Ambiguous),
    NotACall,
    EndedByPeer,
}

/// Why a connection has ended. It is the source of the error of each call that was in flight.
#[derive(Debug, Clone)]
pub struct Disconnected {
    why: Arc<dyn StdError + Send + Sync>,
}

impl Error {
    pub(super) fn disconnected(sent: bool, why: Disconnected) -> Error {
        Error(Kind::Disconnected { sent, why })
    }

    pub(super) fn too_large(limit: usize, size: usize, answer: bool) -> Error {
        Error(Kind::TooLarge { limit, size, answer })
    }

    pub(super) fn unread(limit: usize, held: usize, total: bool) -> Error {
        Error(Kind::Unread { limit, held, total })
    }

    pub(super) fn ambiguous(ambiguous: Ambiguous) -> Error {
        Error(Kind::Ambiguous(ambiguous))
    }

    pub(super) fn not_a_call() -> Error {
        Error(Kind::NotACall)
    }

    pub(super) fn ended_by_peer() -> Error {
        Error(Kind::EndedByPeer)
    }

    /// Whether the connection has ended. The source says why.
    pub fn is_disconnected(&self) -> bool {
        matches!(self.0, Kind::Disconnected { .. })
    }

    /// Whether the request was never written, so that it can safely be sent again over another connection.
    pub fn was_never_sent(&self) -> bool {
        matches!(
            self.0,
            Kind::Disconnected { sent: false, .. }
                | Kind::TooLarge { answer: false, .. }
                | Kind::Ambiguous(_)
                | Kind::NotACall
        )
    }

    /// Whether the peer may have run the request, although no answer was seen.
    pub fn may_have_run(&self) -> bool {
        !self.was_never_sent()
    }

    /// Whether a message was over the size limit.
    pub fn is_too_large(&self) -> bool {
        matches!(self.0, Kind::TooLarge { .. })
    }

    /// Whether the caller left more unread than it may.
    pub fn is_unread(&self) -> bool {
        matches!(self.0, Kind::Unread { .. })
    }

    /// The limit that was passed, in bytes.
    pub fn limit(&self) -> Option<usize> {
        match self.0 {
            Kind::TooLarge { limit, .. } | Kind::Unread { limit, .. } => Some(limit),
            Kind::Disconnected { .. } | Kind::Ambiguous(_) | Kind::NotACall | Kind::EndedByPeer => None,
        }
    }

    /// The size that passed the limit, in bytes; for a message that is still being read, what had come by then.
    pub fn size(&self) -> Option<usize> {
        match self.0 {
            Kind::TooLarge { size, .. } | Kind::Unread { held: size, .. } => Some(size),
            Kind::Disconnected { .. } | Kind::Ambiguous(_) | Kind::NotACall | Kind::EndedByPeer => None,
        }
    }
}

impl Disconnected {
    /// For the edges that know more than the multiplexer, for example with which status a child has exited.
    pub fn new(why: impl StdError + Send + Sync + 'static) -> Disconnected {
        Disconnected { why: Arc::new(why) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Disconnected { sent: false, why } => write!(f, "never sent: {why}"),
            Kind::Disconnected { sent: true, why } => write!(f, "sent but not answered, it may have run: {why}"),
            Kind::TooLarge {
                limit,
                size,
                answer: true,
            } => {
                write!(
                    f,
                    "the answer has at least {size} bytes, the limit is {limit}: raise the maximum message size, or ask for less"
                )
            }
            Kind::TooLarge {
                limit,
                size,
                answer: false,
            } => {
                write!(
                    f,
                    "the message has {size} bytes, the limit is {limit}: raise the maximum message size, or send less"
                )
            }
            Kind::Unread { limit, held, total } => {
                let whose = if *total {
                    "of all exchanges of the connection"
                } else {
                    "of this exchange"
                };
                write!(
                    f,
                    "{held} bytes of items {whose} were left unread, the limit is {limit}: read the reply as it comes"
                )
            }
            Kind::Ambiguous(ambiguous) => write!(f, "refused, as parsers would read different tokens: {ambiguous}"),
            Kind::NotACall => {
                f.write_str("a call carries a request or a notification: answers go through their Responder")
            }
            Kind::EndedByPeer => f.write_str("the peer ended the request with a cancellation"),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0 {
            Kind::Disconnected { why, .. } => Some(why),
            Kind::Ambiguous(ambiguous) => Some(ambiguous),
            Kind::TooLarge { .. } | Kind::Unread { .. } | Kind::NotACall | Kind::EndedByPeer => None,
        }
    }
}

impl fmt::Display for Disconnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.why.fmt(f)
    }
}

impl StdError for Disconnected {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.why)
    }
}

/// A write made no progress within the limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct WriteStalled(pub(super) Duration);

impl fmt::Display for WriteStalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the peer did not read for {:?}, so writing to it was given up",
            self.0
        )
    }
}

impl StdError for WriteStalled {}
