//! Reading standard error from the first moment to the last.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::{io::AsyncReadExt, task::JoinHandle};

use super::{StderrTail, Tap, output::Output};

/// The longest line that is shown to a tap or logged; what follows is left out. The tail keeps it.
const MAX_LINE: usize = 8 * 1024;

/// Owns the task that reads: aborts it when dropped.
#[derive(Debug)]
pub(super) struct Drain(Option<JoinHandle<()>>);

impl Drain {
    pub(super) fn new(task: JoinHandle<()>) -> Self {
        Self(Some(task))
    }

    /// Waits until all has been read. May be called again, also after it was dropped half-way.
    pub(super) async fn finished(&mut self) {
        if let Some(task) = &mut self.0 {
            // An error means that the task's runtime has gone, or that the tap panicked: either way nothing more will be read.
            let _ = task.await;
            self.0 = None;
        }
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

/// Reads until the pipe ends, which it does soon after the child's exit.
pub(super) async fn drain(mut pipe: Output, tail: StderrTail, tap: Option<Tap>, pid: u32) {
    let mut buffer = vec![0; 8 * 1024];
    let mut lines = Lines::default();
    let mut log = Log { tap, pid };
    while let Ok(read @ 1..) = pipe.read(&mut buffer).await {
        tail.push(&buffer[..read]);
        lines.split(&buffer[..read], |line| log.line(line));
    }
    lines.finish(|line| log.line(line));
}

struct Log {
    tap: Option<Tap>,
    pid: u32,
}

impl Log {
    fn line(&mut self, line: &[u8]) {
        // `Debug`, so that a child can't smuggle line breaks or terminal escapes into a log.
        tracing::debug!(target: "tower_transport::stderr", pid = self.pid, line = ?String::from_utf8_lossy(line));
        if let Some(tap) = &self.tap {
            // The reading must go on whatever the tap does, or the child blocks.
            if catch_unwind(AssertUnwindSafe(|| tap(line))).is_err() {
                self.tap = None;
            }
        }
    }
}

/// Cuts a stream into lines of at most [`MAX_LINE`] bytes.
#[derive(Default)]
struct Lines {
    partial: Vec<u8>,
}

impl Lines {
    fn split(&mut self, mut bytes: &[u8], mut each: impl FnMut(&[u8])) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.extend(&bytes[..end]);
            each(self.partial.strip_suffix(b"\r").unwrap_or(&self.partial));
            self.partial.clear();
            bytes = &bytes[end + 1..];
        }
        self.extend(bytes);
    }

    fn finish(self, each: impl FnOnce(&[u8])) {
        if !self.partial.is_empty() {
            each(&self.partial);
        }
    }

    fn extend(&mut self, bytes: &[u8]) {
        let room = MAX_LINE - self.partial.len();
        self.partial.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(chunks: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut seen = Vec::new();
        let mut lines = Lines::default();
        for chunk in chunks {
            lines.split(chunk, |line| seen.push(line.to_vec()));
        }
        lines.finish(|line| seen.push(line.to_vec()));
        seen
    }

    #[test]
    fn lines_are_put_together_across_reads() {
        assert_eq!(lines(&[b"a", b"b\r", b"\n\nc", b"d"]), [&b"ab"[..], b"", b"cd"]);
    }

    #[test]
    fn a_line_over_the_cap_is_cut_and_the_next_is_whole() {
        let long = vec![b'x'; MAX_LINE + 100];
        let seen = lines(&[&long, b"xx\nnext\n"]);
        assert_eq!(seen, [vec![b'x'; MAX_LINE], b"next".to_vec()]);
    }
}
