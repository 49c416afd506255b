//! Threads that spawn, and never end.

use std::{
    io,
    process::Command,
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use super::{
    pdeathsig,
    spawn::{Spawned, spawn_here},
};

/// A spawn takes a few milliseconds, unless its file system hangs; then it fails after this long, and the others go on.
const LIMIT: Duration = Duration::from_secs(10);
const MAX_THREADS: usize = 16;

struct Job {
    command: Command,
    reply: SyncSender<io::Result<Spawned>>,
}

/// One thread does, as long as spawns neither overlap nor hang.
struct Pool {
    idle: Vec<SyncSender<Job>>,
    threads: usize,
}

static POOL: Mutex<Pool> = Mutex::new(Pool {
    idle: Vec::new(),
    threads: 0,
});
static IDLE: Condvar = Condvar::new();

/// Spawns `command` on a thread that lives as long as this process, since the parent-death signal belongs to the thread that spawns.
///
/// What a child inherits from a *thread* (CPU affinity, namespaces, capabilities, seccomp filters) it has from that thread, whose creator was
/// the first to spawn; a later change in the calling thread does not reach it.
///
/// # Errors
///
/// As for [`Command::spawn`], and [`io::ErrorKind::TimedOut`] if the kernel has not answered after ten seconds. If it does later, the child is
/// killed.
pub(super) fn spawn(mut command: Command) -> io::Result<Spawned> {
    pdeathsig::arm(&mut command);
    let (reply, answer) = sync_channel(1);
    let spawner = acquire()?;
    if spawner.send(Job { command, reply }).is_err() {
        return Err(io::Error::other("the thread that spawns processes has ended"));
    }
    match answer.recv_timeout(LIMIT) {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => Err(io::ErrorKind::TimedOut.into()),
        Err(RecvTimeoutError::Disconnected) => Err(io::Error::other("the thread that spawns processes has panicked")),
    }
}

fn acquire() -> io::Result<SyncSender<Job>> {
    let busy = |pool: &mut Pool| pool.idle.is_empty() && pool.threads == MAX_THREADS;
    let (mut pool, _) = IDLE
        .wait_timeout_while(pool(), LIMIT, busy)
        .unwrap_or_else(PoisonError::into_inner);
    if let Some(spawner) = pool.idle.pop() {
        return Ok(spawner);
    }
    if pool.threads == MAX_THREADS {
        return Err(io::ErrorKind::TimedOut.into());
    }
    let (jobs, queue) = sync_channel(1);
    let own = jobs.clone();
    thread::Builder::new()
        .name("tt-spawner".into())
        .spawn(move || run(&own, &queue))?;
    pool.threads += 1;
    Ok(jobs)
}

/// Holds a sender of its own queue, so the queue never closes and the thread never ends.
fn run(own: &SyncSender<Job>, queue: &Receiver<Job>) {
    while let Ok(Job { command, reply }) = queue.recv() {
        let result = spawn_here(command);
        // Before the answer, so that a caller who spawns one after the other finds this thread again.
        pool().idle.push(own.clone());
        IDLE.notify_one();
        // A caller who has given up drops the child, which kills it.
        let _ = reply.send(result);
    }
}

fn pool() -> MutexGuard<'static, Pool> {
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}
