//! What a framing must say, for reading and for writing.

use std::io;

use bytes::BytesMut;

/// How frames are cut out of a byte stream, and how one is written.
///
/// An implementation keeps its place in the stream (how far it has searched, what it is skipping) but no bytes: those stay with
/// the reader, who shows all that is buffered and does as the [`Step`] says.
pub trait Framing: Send + 'static {
    /// Looks at what is buffered and says what to do with its front.
    ///
    /// `buffered` begins with the first byte that no earlier step has taken. After [`Step::More`] it comes again, longer; so an
    /// implementation remembers how far it has searched and searches no byte twice. `max` is the limit of one frame in bytes,
    /// without what frames it, and the same in every call. Once the frame at the front is known to be over it, answer
    /// [`Step::TooLong`], then drop it, in as many steps as it takes.
    ///
    /// # Errors
    ///
    /// The framing is lost: the next frame can't be found. This ends the stream.
    fn next_step(&mut self, buffered: &[u8], max: usize) -> io::Result<Step>;

    /// As [`next_step`](Self::next_step), which has just answered [`Step::More`], when `buffered` is all that will ever come.
    ///
    /// `buffered` may be empty. [`Step::More`] is now the clean end.
    ///
    /// # Errors
    ///
    /// The stream ends where it may not, say inside a frame whose length was announced.
    fn last_step(&mut self, buffered: &[u8], max: usize) -> io::Result<Step>;

    /// Appends what goes before a body of `len` bytes.
    fn head(&self, len: usize, out: &mut BytesMut);

    /// What goes behind every body.
    fn tail(&self) -> &'static [u8];

    /// Whether a body, or a part of one, holds bytes that may not appear raw in a frame. If not, it may be written as it is (say as
    /// a slice of a vectored write), else only through [`body`](Self::body).
    fn needs_rewrite(&self, part: &[u8]) -> bool;

    /// Appends a body or the next part of one, fit for a frame. The length stays as it is.
    fn body(&self, part: &[u8], out: &mut BytesMut);

    /// Appends one whole frame, whose body is given in parts.
    fn encode(&self, parts: &[&[u8]], out: &mut BytesMut) {
        let len = parts.iter().map(|part| part.len()).sum();
        self.head(len, out);
        out.reserve(len + self.tail().len());
        for part in parts {
            self.body(part, out);
        }
        out.extend_from_slice(self.tail());
    }
}

/// What a reader is to do with the front of its buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Leave it, and read more.
    More,
    /// Drop so many bytes that belong to no frame, one at least.
    Skip(usize),
    /// Take a frame of `len` bytes, then drop `skip` bytes.
    Frame {
        /// Size of the frame in bytes.
        len: usize,
        /// What frames it, behind it.
        skip: usize,
    },
    /// Report that the frame at the front is over the limit. Nothing is taken yet; the next steps drop it.
    ///
    /// The first KiB of what is buffered goes into the report. Where a length is announced, wait for so much of the frame.
    TooLong {
        /// Size of the frame in bytes, or as much as is known of it.
        at_least: usize,
    },
    /// Drop so many bytes of the frame over the limit, one at least. More of it follows.
    Drop(usize),
    /// Drop the last bytes of the frame over the limit.
    DropEnd {
        /// What is left of the frame, in bytes.
        len: usize,
        /// What frames it, behind it.
        skip: usize,
    },
}
