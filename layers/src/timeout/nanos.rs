use std::time::Duration;

/// A duration at half the size of a [`Duration`], since each call and its reply carry several. What it can't hold is as good as for ever: more
/// than 584 years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Nanos(u64);

impl Nanos {
    pub(super) const MAX: Nanos = Nanos(u64::MAX);

    pub(super) const fn of(duration: Duration) -> Nanos {
        let nanos = duration.as_nanos();
        if nanos > u64::MAX as u128 {
            return Nanos::MAX;
        }
        Nanos(nanos as u64)
    }

    pub(super) const fn duration(self) -> Duration {
        Duration::from_nanos(self.0)
    }
}
