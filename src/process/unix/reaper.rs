//! Watching all children with one thread, by their pidfds.

use std::{
    collections::HashMap,
    io,
    os::fd::OwnedFd,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use rustix::{
    buffer::spare_capacity,
    event::epoll,
    io::Errno,
    process::{PidfdFlags, pidfd_open},
};

use super::group::Group;

/// The one thread that sees every child's exit. It is started with the first child, needs no runtime, and lives as long as this process:
/// so a child is reaped no matter when, where and by whom its owner is dropped.
struct Reaper {
    epoll: OwnedFd,
    watched: Mutex<Watched>,
}

#[derive(Default)]
struct Watched {
    /// Never used twice. A pid would be: another child may get it between the reaping and the removal from the map.
    next_key: u64,
    children: HashMap<u64, (OwnedFd, Arc<Group>)>,
}

/// Has the group's leader reaped when it exits.
///
/// # Errors
///
/// If the kernel has no pidfds or forbids them, or descriptors or threads have run out.
pub(super) fn watch(group: Arc<Group>) -> io::Result<()> {
    let reaper = started()?;
    let pidfd = pidfd_open(group.leader(), PidfdFlags::empty())?;
    reaper.add(pidfd, group)
}

fn started() -> io::Result<Arc<Reaper>> {
    static REAPER: Mutex<Option<Arc<Reaper>>> = Mutex::new(None);
    let mut slot = REAPER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(reaper) = &*slot {
        return Ok(Arc::clone(reaper));
    }
    let reaper = Arc::new(Reaper {
        epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
        watched: Mutex::default(),
    });
    let run = Arc::clone(&reaper);
    thread::Builder::new()
        .name("tt-reaper".into())
        .spawn(move || run.run())?;
    *slot = Some(Arc::clone(&reaper));
    Ok(reaper)
}

impl Reaper {
    fn add(&self, pidfd: OwnedFd, group: Arc<Group>) -> io::Result<()> {
        let mut watched = self.watched();
        let key = watched.next_key;
        // Edge-triggered: a zombie that a debugger holds stays readable, and would make the thread spin until it is let go.
        let flags = epoll::EventFlags::IN | epoll::EventFlags::ET;
        epoll::add(&self.epoll, &pidfd, epoll::EventData::new_u64(key), flags)?;
        watched.next_key += 1;
        watched.children.insert(key, (pidfd, group));
        Ok(())
    }

    fn run(&self) {
        let mut events = Vec::with_capacity(64);
        loop {
            match epoll::wait(&self.epoll, spare_capacity(&mut events), None) {
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(error) => {
                    tracing::error!(%error, "the reaper of child processes cannot wait for them any more");
                    return;
                }
            }
            for event in events.drain(..) {
                self.exited(event.data.u64());
            }
        }
    }

    fn exited(&self, key: u64) {
        let Some(group) = self.watched().children.get(&key).map(|(_, group)| Arc::clone(group)) else {
            return;
        };
        if group.reap()
            && let Some((pidfd, _)) = self.watched().children.remove(&key)
        {
            // Closing alone would not do: a child between fork and exec may hold a copy of the descriptor.
            let _ = epoll::delete(&self.epoll, &pidfd);
        }
    }

    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
