//! Watching one child with one blocked thread: what every Unix can do.

use std::{io, sync::Arc, thread};

use rustix::{
    io::Errno,
    process::{WaitId, WaitIdOptions, waitid},
};

use super::group::Group;

/// Starts a thread that reaps the group's leader when it exits, and ends with it.
pub(super) fn watch(group: Arc<Group>) -> io::Result<()> {
    thread::Builder::new()
        .name("tt-wait".into())
        .spawn(move || wait(&group))
        .map(drop)
}

/// Blocks until the group's leader has exited, and reaps it.
pub(super) fn wait(group: &Group) {
    // Leaves the zombie in place: the group is killed before it is reaped.
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    loop {
        match waitid(WaitId::Pid(group.leader()), look) {
            Err(Errno::INTR) => {}
            Ok(_) | Err(_) => {
                if group.reap() {
                    return;
                }
            }
        }
    }
}
