use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

/// How long to wait before each retry: twice as long each time, up to a cap, less a random part.
///
/// Each wait is drawn from the upper half of its step, so that callers who failed together do not come back together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Backoff {
    first: Duration,
    cap: Duration,
}

impl Backoff {
    /// Waits up to `first` before the first retry, up to twice that before the second, and never longer than `cap`.
    ///
    /// Choose `first` near the time in which what is passing has passed (a reconnect, say), and `cap` below what the caller would rather
    /// be told of a failure than wait.
    pub const fn new(first: Duration, cap: Duration) -> Backoff {
        Backoff { first, cap }
    }

    /// The wait before the retry of that number, the first being 0: at most that step, at least half of it.
    #[must_use]
    pub fn delay(&self, retry: u32) -> Duration {
        let step = self.first.saturating_mul(2_u32.saturating_pow(retry)).min(self.cap);
        // The standard library's keys are random for each thread, and differ by one from call to call.
        let random = RandomState::new().build_hasher().finish();
        let share = (random >> 11) as f64 / (1_u64 << 53) as f64;
        step - step.mul_f64(share / 2.0)
    }
}
