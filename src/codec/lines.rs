//! One message per line.

use std::io;

use bytes::BytesMut;
use memchr::{memchr, memchr2};

use super::{Framing, Step};

/// Newline framing: one message per line, ended by LF or CRLF.
///
/// Reading: blank lines (nothing but ASCII whitespace) are skipped, and a last line without its newline is a frame. A line over the
/// limit is reported as soon as the limit is passed, then skipped up to its newline. The line end does not count.
///
/// Writing: a raw CR or LF in a message becomes a space. JSON allows them between tokens only (inside a string they must be escaped)
/// where a space means the same; as neither is ever a part of a longer UTF-8 sequence, no character is broken.
///
/// Source: MCP, "Transports", stdio (messages are delimited by newlines and must not contain any).
#[derive(Debug, Clone, Default)]
pub struct Lines {
    /// So many bytes of the unfinished line hold no newline.
    scanned: usize,
    /// The line has been reported as too long; what is left of it goes unseen.
    skipping: bool,
}

impl Lines {
    /// At the start of a line.
    pub const fn new() -> Self {
        Self {
            scanned: 0,
            skipping: false,
        }
    }
}

impl Framing for Lines {
    #[inline]
    fn next_step(&mut self, buffered: &[u8], max: usize) -> io::Result<Step> {
        let Some(end) = memchr(b'\n', &buffered[self.scanned..]).map(|at| self.scanned + at) else {
            return Ok(self.unfinished(buffered, max));
        };
        self.scanned = 0;
        if std::mem::take(&mut self.skipping) {
            return Ok(Step::Skip(end + 1));
        }
        Ok(line(without_cr(&buffered[..end]), end + 1, max))
    }

    fn last_step(&mut self, buffered: &[u8], max: usize) -> io::Result<Step> {
        self.scanned = 0;
        Ok(if buffered.is_empty() {
            Step::More
        } else {
            line(without_cr(buffered), buffered.len(), max)
        })
    }

    fn head(&self, _len: usize, _out: &mut BytesMut) {}

    fn tail(&self) -> &'static [u8] {
        b"\n"
    }

    fn needs_rewrite(&self, part: &[u8]) -> bool {
        memchr2(b'\r', b'\n', part).is_some()
    }

    fn body(&self, part: &[u8], out: &mut BytesMut) {
        let start = out.len();
        out.extend_from_slice(part);
        let mut rest = &mut out[start..];
        while let Some(at) = memchr2(b'\r', b'\n', rest) {
            rest[at] = b' ';
            rest = &mut rest[at + 1..];
        }
    }
}

impl Lines {
    fn unfinished(&mut self, buffered: &[u8], max: usize) -> Step {
        self.scanned = 0;
        if self.skipping {
            return if buffered.is_empty() {
                Step::More
            } else {
                Step::Skip(buffered.len())
            };
        }
        // A CR at the end may be the first half of the line end, which does not count.
        let at_least = without_cr(buffered).len();
        if at_least > max {
            self.skipping = true;
            return Step::TooLong {
                at_least,
                skip: buffered.len(),
            };
        }
        self.scanned = buffered.len();
        Step::More
    }
}

/// What to do with a whole line that takes up `size` bytes with its end.
fn line(line: &[u8], size: usize, max: usize) -> Step {
    if line.len() > max {
        Step::TooLong {
            at_least: line.len(),
            skip: size,
        }
    } else if line.iter().all(u8::is_ascii_whitespace) {
        Step::Skip(size)
    } else {
        Step::Frame {
            len: line.len(),
            skip: size - line.len(),
        }
    }
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}
