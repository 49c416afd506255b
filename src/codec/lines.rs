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
        Ok(match memchr(b'\n', &buffered[self.scanned..]) {
            Some(at) => self.line(&buffered[..self.scanned + at], 1, max),
            None => self.unfinished(buffered, max),
        })
    }

    fn last_step(&mut self, buffered: &[u8], max: usize) -> io::Result<Step> {
        Ok(if buffered.is_empty() && !self.skipping {
            Step::More
        } else {
            self.line(buffered, 0, max)
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
        blank_line_breaks(&mut out[start..]);
    }

    // By hand: one search over the whole frame instead of one in each part.
    fn encode(&self, parts: &[&[u8]], out: &mut BytesMut) {
        let start = out.len();
        out.reserve(parts.iter().map(|part| part.len()).sum::<usize>() + 1);
        for part in parts {
            out.extend_from_slice(part);
        }
        blank_line_breaks(&mut out[start..]);
        out.extend_from_slice(b"\n");
    }
}

impl Lines {
    /// What to do with a whole line, behind which come `newline` bytes.
    #[inline]
    fn line(&mut self, with_cr: &[u8], newline: usize, max: usize) -> Step {
        let line = without_cr(with_cr);
        let (len, skip) = (line.len(), with_cr.len() - line.len() + newline);
        if !self.skipping && len > max {
            self.skipping = true;
            self.scanned = with_cr.len();
            return Step::TooLong { at_least: len };
        }
        self.scanned = 0;
        if std::mem::take(&mut self.skipping) {
            Step::DropEnd { len, skip }
        } else if line.iter().all(u8::is_ascii_whitespace) {
            Step::Skip(len + skip)
        } else {
            Step::Frame { len, skip }
        }
    }

    /// What to do with the start of a line.
    fn unfinished(&mut self, buffered: &[u8], max: usize) -> Step {
        // A CR at the end may be the first half of the line end, which does not count.
        let len = without_cr(buffered).len();
        self.scanned = buffered.len();
        if self.skipping && len > 0 {
            self.scanned -= len;
            Step::Drop(len)
        } else if !self.skipping && len > max {
            self.skipping = true;
            Step::TooLong { at_least: len }
        } else {
            Step::More
        }
    }
}

fn blank_line_breaks(mut rest: &mut [u8]) {
    while let Some(at) = memchr2(b'\r', b'\n', rest) {
        rest[at] = b' ';
        rest = &mut rest[at + 1..];
    }
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}
