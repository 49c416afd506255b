//! The child that all share: started when it is needed, and started again when it has ended.

use super::Handle;
use super::spawner::Spawner;
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tower_transport::process::SpawnError;

/// The delay before the third start in a row; it doubles from there. The second start is at once.
const FIRST_DELAY: Duration = Duration::from_millis(100);
const MAX_DELAY: Duration = Duration::from_secs(30);
/// After so long without a failure, the next one counts as the first.
const CALM: Duration = Duration::from_secs(60);
/// A call waits for the end of a delay that is this short; with a longer one it fails at once, and says so.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Shared {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    handle: Option<Handle>,
    /// Failures in a row: deaths and failed starts.
    failures: u32,
    last: Option<(Instant, Arc<str>)>,
}

/// Why there is no child now. The next call may find one.
#[derive(Debug)]
pub(super) enum Unavailable {
    NotStarted(SpawnError),
    /// It has failed more than once, and is not started again before that instant.
    Resting {
        until: Instant,
        why: Arc<str>,
    },
}

impl Shared {
    /// A handle on the child, which is started if need be.
    pub(super) async fn get(&self, spawner: &Spawner) -> Result<Handle, Unavailable> {
        loop {
            let outcome = self.lock().get(spawner);
            match outcome {
                Err(Unavailable::Resting { until, .. }) if until <= Instant::now() + PATIENCE => {
                    tokio::time::sleep_until(until).await;
                }
                outcome => return outcome,
            }
        }
    }

    /// Starts the child again if it has ended. One that was never asked for is left alone.
    pub(super) fn revive(&self, spawner: &Spawner) -> Result<(), Unavailable> {
        let mut state = self.lock();
        if state.handle.is_some() || state.failures > 0 {
            state.get(spawner)?;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn get(&mut self, spawner: &Spawner) -> Result<Handle, Unavailable> {
        if let Some(handle) = &self.handle {
            match handle.death() {
                None => return Ok(handle.clone()),
                Some(why) => self.failed(&why),
            }
        }
        if let Some((at, why)) = &self.last {
            let (until, why) = (*at + delay(self.failures), Arc::clone(why));
            if until > Instant::now() {
                return Err(Unavailable::Resting { until, why });
            }
        }
        match spawner.spawn() {
            Ok(handle) => Ok(self.handle.insert(handle).clone()),
            Err(error) => {
                self.failed(&error.to_string());
                Err(Unavailable::NotStarted(error))
            }
        }
    }

    fn failed(&mut self, why: &str) {
        let calm = self.last.as_ref().is_none_or(|(at, _)| at.elapsed() >= CALM);
        self.failures = if calm { 1 } else { self.failures.saturating_add(1) };
        self.last = Some((Instant::now(), why.into()));
        self.handle = None;
    }
}

fn delay(failures: u32) -> Duration {
    match failures.checked_sub(2) {
        None => Duration::ZERO,
        Some(doublings) => FIRST_DELAY.saturating_mul(1 << doublings.min(16)).min(MAX_DELAY),
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unavailable::NotStarted(error) => error.fmt(f),
            Unavailable::Resting { until, why } => {
                let left = until.saturating_duration_since(Instant::now()).as_secs_f32();
                write!(f, "{why}; it is started again in {left:.1} s at the earliest")
            }
        }
    }
}

impl Error for Unavailable {}

#[cfg(test)]
mod tests {
    use super::{MAX_DELAY, delay};
    use std::time::Duration;

    // PITFALLS 40
    #[test]
    fn delay_grows_to_its_cap_and_no_further() {
        let delays: Vec<_> = (0..5).map(|failures| delay(failures).as_millis()).collect();
        assert_eq!(delays, [0, 0, 100, 200, 400]);
        assert_eq!(delay(11), MAX_DELAY);
        assert_eq!(delay(u32::MAX), MAX_DELAY);
        assert!(delay(10) < MAX_DELAY && delay(10) > Duration::from_secs(20));
    }
}
