use crate::family::{children, is_child};
use crate::gateway::Gateway;
use crate::random::Random;
use crate::tally::Tally;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The shared child is killed so often in a row, then left alone until the gateway counts from one again; it waits longer before each start
/// in a row, and clients without a session would find it resting for most of a long run.
const BURST: usize = 4;
const CALM: Duration = Duration::from_secs(62);

/// Kills children of the gateway, and nothing else.
pub(crate) struct Killer {
    gateway: u32,
    shared: Arc<AtomicU32>,
    shared_kills: usize,
    last: Instant,
    random: Random,
    pub(crate) tally: Tally,
}

impl Killer {
    pub(crate) fn new(gateway: &Gateway, random: Random) -> Killer {
        Killer {
            gateway: gateway.pid(),
            shared: gateway.shared.clone(),
            shared_kills: 0,
            last: Instant::now(),
            random,
            tally: Tally::default(),
        }
    }

    pub(crate) async fn rest(&mut self) {
        sleep(Duration::from_millis(self.random.within(20..250))).await;
    }

    /// Kills one child without a warning, if there is one.
    pub(crate) fn kill(&mut self) {
        let children = children(self.gateway, false);
        if children.is_empty() {
            return;
        }
        let chosen = self.random.within(0..children.len() as u64);
        let child = children[usize::try_from(chosen).unwrap()];
        if child == self.shared.load(Ordering::Relaxed) && !self.may_kill_shared() {
            return;
        }
        let Ok(descriptor) = pidfd_open(pid(child), PidfdFlags::empty()) else {
            return;
        };
        // The descriptor names one process for good, so what is checked now is what is killed.
        if is_child(child, self.gateway, false) && pidfd_send_signal(&descriptor, Signal::KILL).is_ok() {
            self.tally.kills += 1;
        }
    }

    fn may_kill_shared(&mut self) -> bool {
        if self.last.elapsed() > CALM {
            self.shared_kills = 0;
        }
        if self.shared_kills == BURST {
            return false;
        }
        self.shared_kills += 1;
        self.last = Instant::now();
        true
    }
}

fn pid(raw: u32) -> Pid {
    Pid::from_raw(raw.cast_signed()).expect("a process id is above 0")
}
