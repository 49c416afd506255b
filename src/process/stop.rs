//! How long each step of stopping a process may take.

use std::time::Duration;

/// How long a process may take to end by itself, step by step, before its whole group is killed.
///
/// The steps are those of the MCP specification (2025-11-25, "Lifecycle", "Shutdown", stdio): close stdin, wait, `SIGTERM`, wait, `SIGKILL`.
/// A step of zero length is skipped over at once.
///
/// Choose [`after_stdin_close`](Self::after_stdin_close) by how long a good server needs to write back what it holds: EOF on stdin is the
/// one sign that every platform has. Choose [`after_terminate`](Self::after_terminate) by how long its signal handler may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct StopPolicy {
    after_stdin_close: Duration,
    after_terminate: Duration,
}

impl StopPolicy {
    /// Two seconds after stdin is closed, three after `SIGTERM`.
    pub const fn new() -> Self {
        Self {
            after_stdin_close: Duration::from_secs(2),
            after_terminate: Duration::from_secs(3),
        }
    }

    /// No grace at all: stdin is closed, and both signals follow at once.
    pub const fn immediate() -> Self {
        Self {
            after_stdin_close: Duration::ZERO,
            after_terminate: Duration::ZERO,
        }
    }

    /// Sets the time between the closing of stdin and `SIGTERM`.
    pub const fn after_stdin_close(mut self, grace: Duration) -> Self {
        self.after_stdin_close = grace;
        self
    }

    /// Sets the time between `SIGTERM` and `SIGKILL`.
    pub const fn after_terminate(mut self, grace: Duration) -> Self {
        self.after_terminate = grace;
        self
    }

    /// The time between the closing of stdin and `SIGTERM`.
    #[must_use]
    pub const fn stdin_close_grace(&self) -> Duration {
        self.after_stdin_close
    }

    /// The time between `SIGTERM` and `SIGKILL`.
    #[must_use]
    pub const fn terminate_grace(&self) -> Duration {
        self.after_terminate
    }
}

impl Default for StopPolicy {
    fn default() -> Self {
        Self::new()
    }
}
