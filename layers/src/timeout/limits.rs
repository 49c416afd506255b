use super::Phase;
use std::time::Duration;
use tokio::time::Instant;

/// How long each phase of one call may take. See the [module docs](super) for what is measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[must_use]
pub struct Limits {
    first_item: Option<Duration>,
    idle: Option<Duration>,
    total: Option<Duration>,
}

impl Limits {
    /// No limits.
    pub const fn none() -> Limits {
        Limits {
            first_item: None,
            idle: None,
            total: None,
        }
    }

    /// Sets the limit from `call` until the call future resolves, or lifts it.
    pub const fn with_first_item(mut self, limit: Option<Duration>) -> Limits {
        self.first_item = limit;
        self
    }

    /// Sets the limit of silence within a reply, or lifts it.
    pub const fn with_idle(mut self, limit: Option<Duration>) -> Limits {
        self.idle = limit;
        self
    }

    /// Sets the limit from `call` to the last item, or lifts it.
    pub const fn with_total(mut self, limit: Option<Duration>) -> Limits {
        self.total = limit;
        self
    }

    /// The limit from `call` until the call future resolves.
    pub const fn first_item(&self) -> Option<Duration> {
        self.first_item
    }

    /// The limit of silence within a reply.
    pub const fn idle(&self) -> Option<Duration> {
        self.idle
    }

    /// The limit from `call` to the last item.
    pub const fn total(&self) -> Option<Duration> {
        self.total
    }

    /// When the call began, if any limit counts from there.
    pub(super) fn start(&self) -> Option<Instant> {
        (self.first_item.is_some() || self.total.is_some()).then(Instant::now)
    }
}

/// When something expires, and what that is to be called.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    pub(super) at: Instant,
    pub(super) phase: Phase,
    pub(super) limit: Duration,
}

impl Deadline {
    /// None without a limit, and for one that is too far off to be told as an instant.
    pub(super) fn new(since: Option<Instant>, limit: Option<Duration>, phase: Phase) -> Option<Deadline> {
        let limit = limit?;
        let at = since?.checked_add(limit)?;
        Some(Deadline { at, phase, limit })
    }

    /// The one that expires first.
    pub(super) fn first(one: Option<Deadline>, other: Option<Deadline>) -> Option<Deadline> {
        match (one, other) {
            (Some(one), Some(other)) if other.at < one.at => Some(other),
            (one, other) => one.or(other),
        }
    }
}
