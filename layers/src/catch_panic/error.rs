use std::any::Any;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// A service, a call or a reply panicked. What panicked has been dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panicked {
    place: Place,
    /// Shared, as a service that is dead says it again and again.
    message: Option<Arc<str>>,
}

/// Where a panic was caught.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Place {
    /// In `poll_ready`. The service is dead.
    Ready,
    /// In `call`.
    Call,
    /// In the call future.
    Future,
    /// In the reply: the stream, or the body.
    Reply,
}

/// How much of a message is kept, in bytes.
const CAP: usize = 256;

impl Panicked {
    /// For tests of code that handles it. A message is cut after 256 bytes.
    pub fn new(place: Place, message: Option<&str>) -> Panicked {
        Panicked {
            place,
            message: message.map(|message| Arc::from(cut(message))),
        }
    }

    /// What `panic!` was given, if that was text.
    pub(super) fn from_payload(place: Place, payload: &(dyn Any + Send)) -> Panicked {
        let message = payload.downcast_ref::<&'static str>().copied();
        let message = message.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        Panicked::new(place, message)
    }

    /// Where it was caught.
    pub const fn place(&self) -> Place {
        self.place
    }

    /// What the panic said, no more than 256 bytes of it; `None` if that was no text.
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }
}

fn cut(message: &str) -> &str {
    let mut end = message.len().min(CAP);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    &message[..end]
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.place {
            Place::Ready => "the service panicked while it got ready, and is dead: build it anew",
            Place::Call => "the service panicked when it was called",
            Place::Future => "the call panicked before it was answered",
            Place::Reply => "the reply panicked before its end",
        };
        match self.message() {
            Some(message) => write!(f, "{place}: {message}"),
            None => f.write_str(place),
        }
    }
}

impl Error for Panicked {}
