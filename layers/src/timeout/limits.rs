use super::nanos::Nanos;
use std::fmt;
use std::time::Duration;

/// How long each phase of one call may take. See the [module docs](super) for what is measured.
///
/// [`Duration::MAX`] is no limit, nor is any other of more than 584 years.
#[derive(Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Limits {
    pub(super) first_item: Nanos,
    pub(super) idle: Nanos,
    pub(super) total: Nanos,
}

/// Longer than any other limit.
pub(super) const NONE: Nanos = Nanos::MAX;

impl Limits {
    /// No limits.
    pub const fn none() -> Limits {
        Limits {
            first_item: NONE,
            idle: NONE,
            total: NONE,
        }
    }

    /// Sets the limit from `call` until the call future resolves, or lifts it.
    pub const fn with_first_item(mut self, limit: Option<Duration>) -> Limits {
        self.first_item = or_none(limit);
        self
    }

    /// Sets the limit of silence within a reply, or lifts it.
    pub const fn with_idle(mut self, limit: Option<Duration>) -> Limits {
        self.idle = or_none(limit);
        self
    }

    /// Sets the limit from `call` to the last item, or lifts it.
    pub const fn with_total(mut self, limit: Option<Duration>) -> Limits {
        self.total = or_none(limit);
        self
    }

    /// The limit from `call` until the call future resolves.
    pub const fn first_item(&self) -> Option<Duration> {
        set(self.first_item)
    }

    /// The limit of silence within a reply.
    pub const fn idle(&self) -> Option<Duration> {
        set(self.idle)
    }

    /// The limit from `call` to the last item.
    pub const fn total(&self) -> Option<Duration> {
        set(self.total)
    }
}

const fn or_none(limit: Option<Duration>) -> Nanos {
    match limit {
        Some(limit) => Nanos::of(limit),
        None => NONE,
    }
}

const fn set(limit: Nanos) -> Option<Duration> {
    match limit {
        NONE => None,
        limit => Some(limit.duration()),
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits::none()
    }
}

// By hand: what is not limited says so.
impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits")
            .field("first_item", &self.first_item())
            .field("idle", &self.idle())
            .field("total", &self.total())
            .finish()
    }
}
