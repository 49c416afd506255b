//! The guard that kills.

use std::{io, process::Child, sync::Arc};

use rustix::process::{Pid, Signal};

use super::{group::Group, waiter};

/// The owner of a child's process group. Dropping it kills the group, at once and on any thread; the reaping is seen to since
/// [`Tree::adopt`].
#[derive(Debug)]
pub(super) struct Tree(Arc<Group>);

impl Tree {
    /// Takes over a child that leads its own process group, and has it watched. From here on the child can't be left behind.
    pub(super) fn adopt(child: &Child) -> io::Result<Self> {
        let tree = Self(Arc::new(Group::new(Pid::from_child(child))));
        if let Err(error) = watch(&tree.0) {
            tree.0.signal(Signal::KILL);
            waiter::wait(&tree.0);
            return Err(error);
        }
        Ok(tree)
    }

    pub(super) fn group(&self) -> &Arc<Group> {
        &self.0
    }

    pub(super) fn killer(&self) -> Killer {
        Killer(Arc::clone(&self.0))
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        self.0.signal(Signal::KILL);
    }
}

fn watch(group: &Arc<Group>) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    if super::reaper::watch(Arc::clone(group)).is_ok() {
        return Ok(());
    }
    waiter::watch(Arc::clone(group))
}

/// Kills a process and its whole group, from anywhere. A clone is one reference count.
///
/// It keeps nothing alive: dropping it does nothing, and it may outlive the [`Process`](super::Process).
#[derive(Clone, Debug)]
pub struct Killer(Arc<Group>);

impl Killer {
    /// Sends `SIGKILL` to the whole group before it returns. It never blocks and needs no runtime.
    ///
    /// After the process has been reaped this does nothing: its number may belong to another process by then.
    pub fn kill(&self) {
        self.0.signal(Signal::KILL);
    }
}
