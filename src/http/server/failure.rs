use crate::BoxError;
use crate::message::{Id, Message, code};
use http::StatusCode;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Why a call has no answer of the exchange's own.
#[derive(Debug)]
pub(super) enum Failure {
    /// `poll_ready` failed: the exchange is dead for good.
    Dead(BoxError),
    /// The exchange was not ready in time.
    NotReady(Duration),
    /// The call or its reply failed.
    Failed(BoxError),
    /// The exchange for a session, or for a request without one, could not be made.
    NotMade(BoxError),
    /// The reply ended without its response.
    NoResponse,
    /// `initialize` was not answered in time.
    NotInitialized(Duration),
    /// The client left more than its share unread, for too long.
    Unread { limit: usize, stalled: Duration },
    /// The session ended while the call ran, as its exchange died of this, or as it was ended.
    SessionEnded(Option<Arc<str>>),
    /// The call's task came to an end of its own: the exchange panicked, or the runtime shuts down.
    Lost,
}

impl Failure {
    /// The answer that the caller gets. Its data says that it is not the peer's.
    pub(super) fn message(&self, id: &Id) -> Message {
        #[derive(serde::Serialize)]
        struct Data {
            origin: &'static str,
        }
        let text = self.to_string();
        let data = Data { origin: "transport" };
        Message::error_with(id, code::INTERNAL_ERROR, &text, &data)
            .unwrap_or_else(|_| Message::error(id, code::INTERNAL_ERROR, &text))
    }

    /// What the exchange died of, if it did: the innermost cause, as what stands around it is about one call.
    pub(super) fn cause_of_death(&self) -> Option<Arc<str>> {
        let Failure::Dead(error) = self else { return None };
        let mut cause: &(dyn Error + 'static) = &**error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        Some(cause.to_string().into())
    }

    /// The status, if nothing was sent before: a call that failed is an answer like any other, one that never began is not.
    pub(super) const fn status(&self) -> StatusCode {
        match self {
            Failure::Dead(_) | Failure::NotReady(_) | Failure::NotMade(_) => StatusCode::SERVICE_UNAVAILABLE,
            Failure::Failed(_)
            | Failure::NoResponse
            | Failure::NotInitialized(_)
            | Failure::Unread { .. }
            | Failure::SessionEnded(_)
            | Failure::Lost => StatusCode::OK,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Dead(error) => write!(f, "the exchange has ended: {}", Chain(error)),
            Failure::NotReady(waited) => write!(f, "the exchange was not ready within {waited:?}: try again later"),
            Failure::Failed(error) => Chain(error).fmt(f),
            Failure::NotMade(error) => write!(f, "no exchange could be made: {}", Chain(error)),
            Failure::NoResponse => f.write_str("the reply ended without a response"),
            Failure::NotInitialized(waited) => write!(f, "initialize was not answered within {waited:?}"),
            Failure::Unread { limit, stalled } => {
                write!(
                    f,
                    "the client left {limit} bytes unread for {stalled:?}: the call was cancelled"
                )
            }
            Failure::SessionEnded(None) => f.write_str("the session ended while the call ran"),
            Failure::SessionEnded(Some(cause)) => {
                write!(f, "the session ended while the call ran, it may have run: {cause}")
            }
            Failure::Lost => f.write_str("the call was lost: its task panicked or was shut down"),
        }
    }
}

/// An error and its sources, each said once.
struct Chain<'a>(&'a BoxError);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.0.to_string();
        f.write_str(&said)?;
        let mut next = self.0.source();
        while let Some(error) = next {
            let text = error.to_string();
            if !said.ends_with(&text) {
                write!(f, ": {text}")?;
            }
            said = text;
            next = error.source();
        }
        Ok(())
    }
}
