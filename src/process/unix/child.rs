//! The owner of a running process.

use rustix::process::Signal;
use tokio::time::timeout;

use super::{ChildStdin, ChildStdout, Exit, Killer, StderrTail, StopPolicy, drain::Drain, tree::Tree};

/// A running child and its whole process group: the one owner of both.
///
/// Dropping it kills the group before `drop` returns, whether or not there is a runtime; the child is reaped soon after. What
/// [`Process::take_stdin`] and [`Process::take_stdout`] gave away lives on, and reads as closed.
#[derive(Debug)]
pub struct Process {
    // No `Drop` of its own: each field cleans up after itself. The tree comes first, so it is killed before its pipes close.
    tree: Tree,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    tail: StderrTail,
    drain: Drain,
    stop: StopPolicy,
}

impl Process {
    pub(super) fn new(
        tree: Tree,
        stdin: ChildStdin,
        stdout: ChildStdout,
        tail: StderrTail,
        drain: Drain,
        stop: StopPolicy,
    ) -> Self {
        Self {
            tree,
            stdin: Some(stdin),
            stdout: Some(stdout),
            tail,
            drain,
            stop,
        }
    }

    /// The process id of the child, which is also the number of its process group.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.tree.group().leader().as_raw_nonzero().get().cast_unsigned()
    }

    /// Gives the child's standard input away, once. Whoever has it must drop it before [`Process::stop`], or the first step of stopping is lost.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.stdin.take()
    }

    /// Gives the child's standard output away, once. While nobody reads it, the child blocks as soon as the pipe is full.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.stdout.take()
    }

    /// Waits until the child has exited, what was left of its group is killed, and its standard error is read to the end.
    ///
    /// Standard input stays open: a child that waits for it to end is not told. May be called again, and then answers at once.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is lost, and the next call waits on.
    pub async fn wait(&mut self) -> Exit {
        let status = self.tree.group().gone().await;
        self.drain.finished().await;
        Exit::new(self.id(), status, self.tail.to_bytes())
    }

    /// Stops the child: closes its standard input (unless that was taken), waits, sends `SIGTERM` to the group, waits, sends `SIGKILL` to the
    /// group, and reports the exit as [`Process::wait`] does. [`StopPolicy`] says how long each wait is; a child that exits earlier cuts it short.
    ///
    /// A process in an uninterruptible system call ends only when the kernel lets go of it, and this waits for that.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping the future and then the [`Process`] kills the group. Calling it again starts with the first step.
    pub async fn stop(&mut self) -> Exit {
        self.stdin = None;
        let group = self.tree.group();
        if timeout(self.stop.stdin_close_grace(), group.gone()).await.is_err() {
            group.signal(Signal::TERM);
            if timeout(self.stop.terminate_grace(), group.gone()).await.is_err() {
                group.signal(Signal::KILL);
            }
        }
        self.wait().await
    }

    /// A handle that kills the whole group from anywhere.
    #[must_use]
    pub fn killer(&self) -> Killer {
        self.tree.killer()
    }

    /// A handle on the last bytes of standard error.
    #[must_use]
    pub fn stderr_tail(&self) -> StderrTail {
        self.tail.clone()
    }
}
