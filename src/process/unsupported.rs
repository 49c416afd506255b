//! Where there are no process groups: all of the room's types, none of which ever has a value.

use std::{
    convert::Infallible,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Command, Exit, SpawnError, StderrTail};

impl Command {
    /// Fails: this platform has no support yet.
    ///
    /// # Errors
    ///
    /// Always, and [`SpawnError::is_unsupported`] says so.
    pub fn spawn(&self) -> Result<Process, SpawnError> {
        Err(SpawnError::os(self, io::ErrorKind::Unsupported.into()))
    }
}

/// A running child and its whole process group. No value exists on this platform.
#[derive(Debug)]
pub struct Process(Infallible);

impl Process {
    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        match self.0 {}
    }

    /// Gives the child's standard input away, once.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        match self.0 {}
    }

    /// Gives the child's standard output away, once.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        match self.0 {}
    }

    /// Waits for the exit.
    pub async fn wait(&mut self) -> Exit {
        match self.0 {}
    }

    /// Stops the child.
    pub async fn stop(&mut self) -> Exit {
        match self.0 {}
    }

    /// A handle that kills the whole group from anywhere.
    #[must_use]
    pub fn killer(&self) -> Killer {
        match self.0 {}
    }

    /// A handle on the last bytes of standard error.
    #[must_use]
    pub fn stderr_tail(&self) -> StderrTail {
        match self.0 {}
    }
}

/// Kills a process and its whole group. No value exists on this platform.
#[derive(Clone, Debug)]
pub struct Killer(Infallible);

impl Killer {
    /// Sends `SIGKILL` to the whole group.
    pub fn kill(&self) {
        match self.0 {}
    }
}

/// The only write end of a child's standard input. No value exists on this platform.
#[derive(Debug)]
pub struct ChildStdin(Infallible);

impl AsyncWrite for ChildStdin {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        match self.0 {}
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.0 {}
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.0 {}
    }
}

/// The read end of a child's standard output. No value exists on this platform.
#[derive(Debug)]
pub struct ChildStdout(Infallible);

impl AsyncRead for ChildStdout {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.0 {}
    }
}
