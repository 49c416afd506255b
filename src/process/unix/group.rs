//! A process group and the end of its leader.

use std::{
    fmt,
    os::unix::process::ExitStatusExt,
    process::ExitStatus,
    sync::atomic::{AtomicBool, Ordering},
};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, WaitOptions, kill_process_group, waitid, waitpid};
use tokio::sync::watch;

/// A child that leads its own process group. Shared by all who may signal it and by the one thread that reaps it.
///
/// The number of the group is the leader's pid, and it is only ours for as long as the leader has not been reaped. So a signal is sent under
/// the read lock, and the reaping happens under the write lock, of the cell that says whether it has been done. Neither blocks.
pub(super) struct Group {
    leader: Pid,
    state: watch::Sender<Leader>,
    /// Set before those who wait are told. Whoever reads the leader's pipes asks after every message, which the cell's lock is too dear for.
    gone: AtomicBool,
}

#[derive(Clone, Copy, Debug)]
enum Leader {
    Running,
    /// Reaped; the status is unknown if something else in this process was faster.
    Gone(Option<ExitStatus>),
}

impl Group {
    pub(super) fn new(leader: Pid) -> Self {
        Self {
            leader,
            state: watch::Sender::new(Leader::Running),
            gone: AtomicBool::new(false),
        }
    }

    pub(super) fn leader(&self) -> Pid {
        self.leader
    }

    /// Sends `signal` to all of the group, or does nothing once the leader has been reaped.
    pub(super) fn signal(&self, signal: Signal) {
        let state = self.state.borrow();
        if matches!(*state, Leader::Running) {
            // What can fail is that nobody is left to be signalled, or that all have taken another user's identity: nothing is to be done.
            let _ = kill_process_group(self.leader, signal);
        }
    }

    /// If the leader has exited, kills what is left of its group, reaps it and tells all who wait. Returns whether the leader has gone.
    pub(super) fn reap(&self) -> bool {
        self.state.send_if_modified(|state| {
            let before = *state;
            if matches!(before, Leader::Running) {
                *state = reap(self.leader);
            }
            let gone = matches!((before, *state), (Leader::Running, Leader::Gone(_)));
            if gone {
                self.gone.store(true, Ordering::Release);
            }
            gone
        });
        self.has_gone()
    }

    pub(super) fn has_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    /// Waits until the leader has been reaped. The status is `None` if something else in this process reaped it.
    pub(super) async fn gone(&self) -> Option<ExitStatus> {
        let mut state = self.state.subscribe();
        match state
            .wait_for(|state| matches!(state, Leader::Gone(_)))
            .await
            .as_deref()
        {
            Ok(Leader::Gone(status)) => *status,
            // `self` holds the sender, so the channel is open, and `wait_for` gives nothing else.
            Ok(Leader::Running) | Err(_) => None,
        }
    }
}

fn reap(leader: Pid) -> Leader {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    // An error means that the leader was reaped behind our back (by a `waitpid(-1)` loop, or because SIGCHLD is ignored).
    if let Ok(None) = waitid(WaitId::Pid(leader), look) {
        return Leader::Running;
    }
    // Last chance to reach the rest of the tree by this number: the zombie pins it until the next call.
    let _ = kill_process_group(leader, Signal::KILL);
    match waitpid(Some(leader), WaitOptions::NOHANG) {
        Ok(Some((_, status))) => Leader::Gone(Some(ExitStatus::from_raw(status.as_raw()))),
        Ok(None) => Leader::Running,
        Err(_) => Leader::Gone(None),
    }
}

// By hand: the channel's own would print its internals.
impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("leader", &self.leader)
            .field("state", &*self.state.borrow())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::{os::unix::process::CommandExt, process::Command};

    use super::*;

    // A stand-in for a recycled number: another group that has it now.
    #[test]
    fn no_signal_is_sent_once_the_leader_has_been_reaped() {
        let mut stranger = Command::new("sleep").arg("300").process_group(0).spawn().unwrap();
        let group = Group::new(Pid::from_child(&stranger));
        group.state.send_replace(Leader::Gone(None));

        group.signal(Signal::KILL);
        kill_process_group(group.leader, Signal::TERM).unwrap();
        assert_eq!(stranger.wait().unwrap().signal(), Some(15));
    }
}
