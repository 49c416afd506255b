//! The read loop.

use std::{
    future::poll_fn,
    io, mem,
    task::{Context, Poll, ready},
};

use tokio::io::AsyncRead;

use super::{BlockRing, Frame, Framing, Lines, RingOptions, RingStats, Skipped, Step, TooLong, frame::KEPT};

/// The limit of one frame unless another is chosen: 4 MiB.
pub const DEFAULT_MAX_FRAME: usize = 4 * 1024 * 1024;

/// So many reads without a frame, and a poll gives way to other tasks.
const READS_PER_POLL: usize = 32;

/// Reads frames from a byte stream.
///
/// It reads only when it has handed out every frame that it holds. In the place of a frame over the limit come one
/// [`Frame::TooLong`], as soon as the limit is passed, and one [`Frame::Skipped`] at its end; the frames before and behind it come as if
/// it were not there. See the [module docs](super) for an example.
///
/// Dropping it drops what is buffered; frames that were handed out stay valid.
#[derive(Debug)]
pub struct FrameReader<R, F = Lines> {
    io: R,
    framing: F,
    max_frame: usize,
    ring: BlockRing,
    state: State,
    skipping: Skipping,
}

/// What is known of a frame over the limit while it is dropped.
#[derive(Debug, Default)]
struct Skipping {
    size: usize,
    suffix: Vec<u8>,
}

#[derive(Debug)]
enum State {
    Open,
    /// The stream has ended; what is buffered may hold more frames.
    Ended,
    /// The framing was lost, and the caller is to be told when it has the frames before.
    Lost(io::Error),
    Over,
}

impl<R, F> FrameReader<R, F> {
    /// Reads frames of up to `max_frame` bytes (without what frames them) from `io`.
    ///
    /// `max_frame` bounds the memory of one connection that is sent a frame without an end. [`DEFAULT_MAX_FRAME`] is what suits most.
    pub fn new(io: R, framing: F, max_frame: usize) -> Self {
        Self::with_ring(io, framing, max_frame, BlockRing::new(RingOptions::new()))
    }

    /// As [`new`](Self::new), over a ring of other sizes. What `ring` has buffered already comes first.
    pub fn with_ring(io: R, framing: F, max_frame: usize, ring: BlockRing) -> Self {
        Self {
            io,
            framing,
            max_frame,
            ring,
            state: State::Open,
            skipping: Skipping::default(),
        }
    }

    /// The stream that is read.
    pub fn get_ref(&self) -> &R {
        &self.io
    }

    /// The stream that is read. Bytes that are read from it by others are missing from the frames.
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.io
    }

    /// The framing, which also says how to write.
    pub fn framing(&self) -> &F {
        &self.framing
    }

    /// The limit of one frame in bytes.
    pub fn max_frame(&self) -> usize {
        self.max_frame
    }

    /// What the ring of blocks has done so far.
    pub fn stats(&self) -> RingStats {
        self.ring.stats()
    }
}

impl<R, F> FrameReader<R, F>
where
    R: AsyncRead + Unpin,
    F: Framing,
{
    /// Appends up to `max` frames (one at least) to `out`, and returns how many.
    ///
    /// It hands out what is buffered, and reads only when that holds no whole frame. `Ready(Ok(0))` is the clean end of the stream,
    /// and stays so. After 32 reads without a frame it wakes itself and is pending, so that a peer that sends one endless frame can't
    /// keep a thread to itself.
    ///
    /// # Errors
    ///
    /// Those of the stream, and of a framing that can't find the next frame. Frames before the error have been handed out.
    ///
    /// # Cancel safety
    ///
    /// There is nothing to cancel: all state is in the reader, so no byte is lost when its caller goes away between two polls.
    pub fn poll_frames(&mut self, cx: &mut Context<'_>, out: &mut Vec<Frame>, max: usize) -> Poll<io::Result<usize>> {
        for _ in 0..READS_PER_POLL {
            let found = self.cut(out, max.max(1));
            if found > 0 {
                return Poll::Ready(Ok(found));
            }
            if !matches!(self.state, State::Open) {
                return Poll::Ready(match mem::replace(&mut self.state, State::Over) {
                    State::Lost(error) => Err(error),
                    State::Open | State::Ended | State::Over => Ok(0),
                });
            }
            match ready!(self.ring.poll_fill(cx, &mut self.io, self.max_frame)) {
                Ok(0) => self.state = State::Ended,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// [`poll_frames`](Self::poll_frames) as a future.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped loses no byte.
    pub async fn frames(&mut self, out: &mut Vec<Frame>, max: usize) -> io::Result<usize> {
        poll_fn(|cx| self.poll_frames(cx, out, max)).await
    }

    /// Cuts up to `max` frames out of what is buffered.
    fn cut(&mut self, out: &mut Vec<Frame>, max: usize) -> usize {
        let mut found = 0;
        while found < max {
            match self.step() {
                Ok(Step::More) => break,
                Ok(Step::Skip(skip)) => self.ring.skip(skip),
                Ok(Step::Frame { len, skip }) => {
                    out.push(Frame::Whole(self.ring.take(len)));
                    self.ring.skip(skip);
                    found += 1;
                }
                Ok(Step::TooLong { at_least }) => {
                    let start = self.ring.buffered();
                    let start = &start[..start.len().min(at_least)];
                    out.push(Frame::TooLong(TooLong::new(self.max_frame, at_least, start)));
                    found += 1;
                }
                Ok(Step::Drop(len)) => {
                    self.skipping.note(&self.ring.buffered()[..len]);
                    self.ring.skip(len);
                }
                Ok(Step::DropEnd { len, skip }) => {
                    self.skipping.note(&self.ring.buffered()[..len]);
                    self.ring.skip(len + skip);
                    let Skipping { size, suffix } = mem::take(&mut self.skipping);
                    out.push(Frame::Skipped(Skipped::new(size, suffix)));
                    found += 1;
                }
                Err(error) => {
                    self.ring.skip(self.ring.buffered().len());
                    self.state = State::Lost(error);
                    break;
                }
            }
        }
        found
    }

    fn step(&mut self) -> io::Result<Step> {
        let buffered = self.ring.buffered();
        let nothing = buffered.is_empty() && matches!(self.state, State::Open);
        if nothing || matches!(self.state, State::Lost(_) | State::Over) {
            return Ok(Step::More);
        }
        match self.framing.next_step(buffered, self.max_frame)? {
            Step::More if matches!(self.state, State::Ended) => self.framing.last_step(buffered, self.max_frame),
            step => Ok(step),
        }
    }
}

impl Skipping {
    fn note(&mut self, part: &[u8]) {
        self.size += part.len();
        let part = &part[part.len().saturating_sub(KEPT)..];
        let over = (self.suffix.len() + part.len()).saturating_sub(KEPT);
        self.suffix.drain(..over);
        self.suffix.extend_from_slice(part);
    }
}
