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

#[cfg(test)]
mod tests {
    use std::{
        os::unix::process::CommandExt,
        process::{Command, Stdio},
    };

    use rustix::process::Pid;

    use super::*;

    // The other tests go through pidfds where there are any.
    #[tokio::test]
    async fn the_exit_is_seen_and_reaped_without_a_pidfd() {
        let mut child = Command::new("cat")
            .stdin(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let group = Arc::new(Group::new(Pid::from_child(&child)));
        watch(Arc::clone(&group)).unwrap();
        assert!(!group.reap());

        drop(child.stdin.take());
        assert_eq!(group.gone().await.unwrap().code(), Some(0));
        assert!(child.try_wait().is_err(), "reaped already");
    }
}
