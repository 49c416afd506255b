use super::limits::NONE;
use super::nanos::Nanos;
use super::{Deadline, Elapsed, Limits, Phase};
use tokio::time::Instant;

/// The limits of one call, and when it began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clocks {
    limits: Limits,
    started: Option<Instant>,
    /// What the total limit is called: it may be the request's own deadline.
    end: Phase,
}

impl Clocks {
    /// Reads the clock if any limit counts from here.
    #[inline]
    pub(super) fn start(limits: Limits, deadline: Option<Deadline>) -> Clocks {
        let counts = limits.first_item != NONE || limits.total != NONE || deadline.is_some();
        let mut clocks = Clocks {
            limits,
            started: counts.then(Instant::now),
            end: Phase::Total,
        };
        if let (Some(started), Some(deadline)) = (clocks.started, deadline) {
            let left = Nanos::of(deadline.instant().saturating_duration_since(started));
            if left < limits.total {
                clocks.limits.total = left;
                clocks.end = Phase::Deadline;
            }
        }
        clocks
    }

    /// Whether silence is limited.
    pub(super) fn limit_idle(&self) -> bool {
        self.limits.idle != NONE
    }

    /// When the call future is late.
    pub(super) fn first_item(&self) -> Option<Expiry> {
        if self.limits.first_item <= self.limits.total {
            Expiry::new(self.started, self.limits.first_item, Phase::FirstItem)
        } else {
            self.total()
        }
    }

    /// When the reply is late, if the peer has been silent since `silent`.
    pub(super) fn next_item(&self, silent: Option<Instant>) -> Option<Expiry> {
        let idle = Expiry::new(silent, self.limits.idle, Phase::Idle);
        match (self.total(), idle) {
            (Some(total), Some(idle)) if idle.at < total.at => Some(idle),
            (total, idle) => total.or(idle),
        }
    }

    /// When the reply is late, however much it says.
    pub(super) fn total(&self) -> Option<Expiry> {
        Expiry::new(self.started, self.limits.total, self.end)
    }
}

/// When something is late, and what that is to be called.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expiry {
    pub(super) at: Instant,
    phase: Phase,
    limit: Nanos,
}

impl Expiry {
    /// None without a limit, and for one that is too far off to be told as an instant.
    fn new(since: Option<Instant>, limit: Nanos, phase: Phase) -> Option<Expiry> {
        if limit == NONE {
            return None;
        }
        let at = since?.checked_add(limit.duration())?;
        Some(Expiry { at, phase, limit })
    }
}

impl From<Expiry> for Elapsed {
    fn from(expiry: Expiry) -> Elapsed {
        Elapsed::new(expiry.phase, expiry.limit.duration())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    // A timer for it would be set all the same, and wake the thread now and then.
    #[test]
    fn what_is_not_limited_never_expires() {
        let first = Limits::none().with_first_item(Some(Duration::from_secs(1)));
        let clocks = Clocks::start(first, None);
        assert!(clocks.first_item().is_some());
        assert!(clocks.total().is_none());
        assert!(clocks.next_item(Some(Instant::now())).is_none());
    }
}
