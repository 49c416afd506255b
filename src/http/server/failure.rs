use crate::BoxError;
use crate::exchange::NoResponse;
use crate::exchange::respond::{Fault, chain};
use crate::layers::timeout::{Elapsed, Phase};
use crate::message::{Id, Message};
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
    /// The answer that the caller gets. Its data says that it is not the peer's, and what is known of it.
    ///
    /// Without its causes it tells of errors that are not this crate's no more than that there was one: they may hold anything.
    pub(super) fn message(&self, id: &Id, show_causes: bool) -> Message {
        let fault = self.fault();
        let fault = match self {
            _ if show_causes => fault.text(self.to_string()),
            Failure::Dead(_) => fault.text("the exchange has ended"),
            Failure::NotMade(_) => fault.text("no exchange could be made"),
            Failure::SessionEnded(Some(_)) => fault.text("the session ended while the call ran, it may have run"),
            Failure::Failed(_) => fault,
            _ => fault.text(self.to_string()),
        };
        let foreign = matches!(
            self,
            Failure::Failed(_) | Failure::Dead(_) | Failure::NotMade(_) | Failure::SessionEnded(Some(_))
        );
        if foreign && !show_causes {
            tracing::warn!(failure = %self, "a call failed, and its client is not told why");
        }
        fault.message(id)
    }

    fn fault(&self) -> Fault {
        let known = |error: &BoxError| Fault::of(&**error).unwrap_or_else(Fault::unknown);
        match self {
            Failure::Failed(error) => known(error),
            // Whatever that was about, this call did not run.
            Failure::Dead(error) | Failure::NotMade(error) => known(error).may_have_run(false),
            Failure::NotReady(waited) => Fault::with_causes(&Elapsed::new(Phase::Ready, *waited)),
            Failure::NotInitialized(waited) => Fault::with_causes(&Elapsed::new(Phase::FirstItem, *waited)),
            Failure::NoResponse => Fault::with_causes(&NoResponse::new()),
            Failure::Unread { limit, stalled } => Fault::lost("unread").limit(*limit).elapsed(*stalled),
            Failure::SessionEnded(_) => Fault::lost("disconnected"),
            Failure::Lost => Fault::lost("lost"),
        }
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
            Failure::Dead(error) => write!(f, "the exchange has ended: {}", chain(&**error)),
            Failure::NotReady(waited) => write!(f, "the exchange was not ready within {waited:?}: try again later"),
            Failure::Failed(error) => f.write_str(&chain(&**error)),
            Failure::NotMade(error) => write!(f, "no exchange could be made: {}", chain(&**error)),
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
