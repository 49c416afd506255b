//! How long the peer may take nothing of what is written.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};

/// 30 years, as tokio has it for its timers: the limit may be more than an instant can tell.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// Runs while a write waits, and begins anew with each byte that is taken.
pub(super) struct Stall {
    limit: Duration,
    /// The place is made with the first write that waits, then kept.
    timer: Option<Pin<Box<Option<Sleep>>>>,
    running: bool,
}

impl Stall {
    pub(super) fn new(limit: Duration) -> Stall {
        Stall {
            limit,
            timer: None,
            running: false,
        }
    }

    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// A write waits; `moved` says whether it took something first. Ready when the peer has taken nothing for too long.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, moved: bool) -> Poll<()> {
        let begins = moved || !self.running;
        self.running = true;
        let place = self.timer.get_or_insert_with(|| Box::pin(None));
        match place.as_mut().as_pin_mut() {
            Some(timer) if begins => timer.reset(Instant::now() + self.limit.min(FAR)),
            Some(_) => {}
            None => place.set(Some(sleep(self.limit))),
        }
        place.as_mut().as_pin_mut().expect("was set above").poll(cx)
    }

    /// All is written. A timer that stayed in the runtime's wheel would have each park of the thread set one in the kernel.
    pub(super) fn is_over(&mut self) {
        if std::mem::take(&mut self.running)
            && let Some(place) = &mut self.timer
        {
            place.set(None);
        }
    }
}
