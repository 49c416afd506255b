//! A child process and its whole tree.
//!
//! This room spawns, watches, stops and reaps. It knows nothing of messages, and must not touch any other room.
//!
//! [`Command`] says what to run and how to stop it; [`Command::spawn`] gives a [`Process`], the one owner of the child and of everything
//! that the child starts within its process group. The owner stops the tree with [`Process::stop`], or drops it, which kills the tree.
//!
//! # What is promised
//!
//! - The child leads a process group of its own. Every kill reaches the whole group, so `npx`, `uvx` and `sh` do not leave the real server
//!   behind. What moves to another group or session (`setsid`) is out of reach. A terminal's Ctrl-C does not reach the group either.
//! - Dropping the [`Process`] sends `SIGKILL` to the group before `drop` returns: outside a runtime, while a runtime shuts down, and after it has gone.
//! - As soon as the leader exits, by itself or not, what is left of its group is killed, and only then is the leader reaped: its zombie keeps
//!   the number of the group from being given to another. A wrapper that wants its children to end in peace has to wait for them.
//! - Nobody has to ask for it: one thread of this process watches all children, needs no runtime, and leaves no zombie.
//! - On Linux the direct child dies when this process does, even by `SIGKILL`. The rest of its tree does not: the kernel offers no such thing,
//!   so a server has to end when its stdin does.
//! - Standard error is always read, into a bounded tail, so a talkative child never blocks on it.
//! - After the leader's exit its pipes end by themselves, even if an escaped grandchild holds them open.
//!
//! # Platforms
//!
//! Linux uses pidfds, and a thread per child where the kernel has none (before 5.3); the other Unix systems use the thread. Elsewhere the
//! room builds, so that what is above it builds, and [`Command::spawn`] fails and says so.
//!
//! # Example
//!
//! ```
//! # #[cfg(unix)]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use tower_transport::process::Command;
//!
//! let mut process = Command::new("sh").args(["-c", "cat >/dev/null; echo bye >&2; exit 3"]).spawn()?;
//! let exit = process.stop().await;
//! assert_eq!(exit.code(), Some(3));
//! assert_eq!(exit.stderr_tail().as_ref(), b"bye\n");
//! # Ok(())
//! # }
//! # #[cfg(not(unix))]
//! # fn main() {}
//! ```

// Options that only a spawn reads, and errors that only it makes.
#![cfg_attr(not(unix), allow(dead_code))]

mod command;
mod error;
mod exit;
mod stderr;
mod stop;

#[cfg(unix)]
mod unix;
#[cfg(unix)]
use self::unix as platform;

#[cfg(not(unix))]
mod unsupported;
#[cfg(not(unix))]
use self::unsupported as platform;

pub use self::{
    command::Command,
    error::SpawnError,
    exit::Exit,
    platform::{ChildStdin, ChildStdout, Killer, Process},
    stderr::StderrTail,
    stop::StopPolicy,
};
