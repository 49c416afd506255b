use super::Call;
use super::respond::Fault;
use crate::BoxError;
use std::error::Error;
use tower_transport_layers::policies::{Fate, RetryRules};

/// The rules of a retry over exchanges: which calls may be sent again.
///
/// What was never sent is: the connection had ended before, a limit was full. What may have run is only if the user says that it may run
/// twice, by its method or by [`Idempotent`] in the call's extensions. What is over a size limit, or is no call at all, never is. An error
/// that nobody knows counts as one that may have run.
///
/// ```
/// # use std::{num::NonZeroU32, time::Duration};
/// use tower_transport::exchange::Resend;
/// use tower_transport::layers::policies::{Backoff, RetryPolicy};
///
/// let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
/// let rules = Resend::new().idempotent(&["ping", "tools/list", "resources/read"]);
/// let policy = RetryPolicy::new(NonZeroU32::new(3).unwrap(), backoff, rules);
/// # let _ = tower::ServiceBuilder::new().retry(policy);
/// ```
///
/// Over one connection that has ended, a retry finds it just as ended: it belongs outside of what may give another one. And calls that are
/// retried may reach the wire after later ones.
#[derive(Debug, Clone, Copy, Default)]
#[must_use]
pub struct Resend {
    idempotent: &'static [&'static str],
}

/// Marks a call, in its extensions, as one that does no harm if it runs twice. See [`Resend`].
///
/// The first value in a call's extensions costs allocations, and so does each copy: where methods tell, name those.
#[derive(Debug, Clone, Copy)]
pub struct Idempotent;

impl Resend {
    /// Sends again what was never sent, and what is marked [`Idempotent`].
    pub const fn new() -> Resend {
        Resend { idempotent: &[] }
    }

    /// Sends requests of these methods again also if they may have run.
    pub const fn idempotent(mut self, methods: &'static [&'static str]) -> Resend {
        self.idempotent = methods;
        self
    }

    fn allows(&self, call: &Call) -> bool {
        let method = call.message().and_then(|message| message.method());
        method.is_some_and(|method| self.idempotent.contains(&&*method))
            || call.extensions.get::<Idempotent>().is_some()
    }
}

fn fate(error: &(dyn Error + 'static)) -> Fate {
    Fault::of(error).map_or(Fate::MayHaveRun, |fault| fault.fate())
}

impl RetryRules<Call, BoxError> for Resend {
    fn copy(&self, call: &Call) -> Option<Call> {
        Some(call.clone())
    }

    fn is_idempotent(&self, call: &Call) -> bool {
        self.allows(call)
    }

    fn fate(&self, error: &BoxError) -> Fate {
        fate(&**error)
    }
}

/// Directly over a transport, whose errors are not boxed.
#[cfg(feature = "mux")]
impl RetryRules<Call, crate::mux::Error> for Resend {
    fn copy(&self, call: &Call) -> Option<Call> {
        Some(call.clone())
    }

    fn is_idempotent(&self, call: &Call) -> bool {
        self.allows(call)
    }

    fn fate(&self, error: &crate::mux::Error) -> Fate {
        fate(error)
    }
}
