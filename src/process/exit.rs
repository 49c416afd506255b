//! How a process ended.

use std::{fmt, process::ExitStatus};

use bytes::Bytes;

/// How much of standard error the message shows.
const SHOWN_LINES: usize = 4;
const SHOWN_CHARS: usize = 400;

/// How a process ended, and what it said last.
#[derive(Clone, Debug)]
pub struct Exit {
    pid: u32,
    status: Option<ExitStatus>,
    stderr_tail: Bytes,
}

impl Exit {
    /// An exit, as [`Process::wait`](super::Process::wait) reports it. A status of `None` stands for one that nobody knows.
    #[must_use]
    pub const fn new(pid: u32, status: Option<ExitStatus>, stderr_tail: Bytes) -> Self {
        Self {
            pid,
            status,
            stderr_tail,
        }
    }

    /// The process id that the process had. It may belong to another process by now.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// The exit status, or `None` if something else in this process reaped the child: a `waitpid(-1)` loop, or an ignored `SIGCHLD`.
    #[must_use]
    pub const fn status(&self) -> Option<ExitStatus> {
        self.status
    }

    /// The exit code, if the process exited by itself.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        self.status.and_then(|status| status.code())
    }

    /// Whether the process is known to have exited with code 0.
    #[must_use]
    pub fn success(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }

    /// The last bytes of standard error.
    #[must_use]
    pub const fn stderr_tail(&self) -> &Bytes {
        &self.stderr_tail
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            // std writes "exit status: 3" and "signal: 9 (SIGKILL)".
            Some(status) => f.write_str(&status.to_string().replacen(": ", " ", 1))?,
            None => f.write_str("exit status unknown, something else reaped the process")?,
        }
        write!(f, " (pid {})", self.pid)?;
        let shown = last_lines(&self.stderr_tail);
        if !shown.is_empty() {
            write!(f, "; last stderr: {shown}")?;
        }
        Ok(())
    }
}

/// The last few lines as one, without what could break a log or a terminal.
fn last_lines(tail: &[u8]) -> String {
    let text = String::from_utf8_lossy(tail);
    let mut lines: Vec<&str> = text
        .lines()
        .rev()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .take(SHOWN_LINES)
        .collect();
    lines.reverse();
    let joined = lines.join(" | ").replace(char::is_control, "\u{fffd}");
    let surplus = joined.chars().count().saturating_sub(SHOWN_CHARS);
    if surplus == 0 {
        return joined;
    }
    std::iter::once('…').chain(joined.chars().skip(surplus)).collect()
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    fn exit(raw: i32, stderr: &'static [u8]) -> Exit {
        Exit::new(123, Some(ExitStatus::from_raw(raw)), Bytes::from_static(stderr))
    }

    #[test]
    fn message_carries_status_pid_and_the_last_lines_of_stderr() {
        let message = exit(3 << 8, b"one\ntwo\n\nthree\r\nfour\n  five\n").to_string();
        assert_eq!(
            message,
            "exit status 3 (pid 123); last stderr: two | three | four | five"
        );
    }

    #[test]
    fn message_names_the_signal() {
        assert_eq!(exit(9, b"").to_string(), "signal 9 (SIGKILL) (pid 123)");
    }

    #[test]
    fn message_says_when_the_status_is_unknown() {
        let message = Exit::new(7, None, Bytes::new()).to_string();
        assert_eq!(
            message,
            "exit status unknown, something else reaped the process (pid 7)"
        );
    }

    #[test]
    fn message_is_short_and_cannot_drive_a_terminal() {
        let message = Exit::new(1, None, Bytes::from(format!("{}\x1b[2J", "x".repeat(5000)))).to_string();
        assert!(message.chars().count() < 500, "{message}");
        assert!(!message.contains('\x1b'));
    }
}
