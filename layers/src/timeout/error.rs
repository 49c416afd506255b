use std::error::Error;
use std::fmt;
use std::time::Duration;

/// A phase of a call took longer than its limit. What was still going on has been dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elapsed {
    phase: Phase,
    limit: Duration,
}

/// What is bounded in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Waiting for a service to be ready, with [`ready()`](super::ready()).
    Ready,
    /// From `call` until the call future resolves.
    FirstItem,
    /// Silence within a reply.
    Idle,
    /// From `call` to the last item.
    Total,
    /// From `call` to the deadline that the request carried, which was tighter than the limit in total.
    Deadline,
}

impl Elapsed {
    /// For tests of code that handles it.
    pub const fn new(phase: Phase, limit: Duration) -> Elapsed {
        Elapsed { phase, limit }
    }

    /// The phase that took too long.
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// The limit that it went past. For [`Phase::Deadline`], the time that was left to the request when it was called.
    pub const fn limit(&self) -> Duration {
        self.limit
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = self.limit;
        match self.phase {
            Phase::Ready => write!(f, "not ready within {limit:?}"),
            Phase::FirstItem => write!(f, "no answer and no other item within {limit:?} (first item timeout)"),
            Phase::Idle => write!(f, "nothing came for {limit:?} (idle timeout)"),
            Phase::Total => write!(f, "not finished within {limit:?} (total timeout)"),
            Phase::Deadline => write!(
                f,
                "not finished within {limit:?}, by the deadline of the request itself"
            ),
        }
    }
}

impl Error for Elapsed {}
