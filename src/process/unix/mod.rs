//! Process groups, pidfds and pipes.

mod child;
mod drain;
mod group;
mod input;
mod output;
#[cfg(target_os = "linux")]
mod pdeathsig;
#[cfg(target_os = "linux")]
mod reaper;
mod spawn;
#[cfg(target_os = "linux")]
mod spawner;
mod tree;
mod waiter;

pub use self::{child::Process, input::ChildStdin, output::ChildStdout, tree::Killer};

use super::{Command, Exit, SpawnError, StderrTail, StopPolicy, command::Tap};
