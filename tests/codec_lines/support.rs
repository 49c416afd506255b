//! Input in pieces, and what is read of it.

use bytes::Bytes;
use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, ReadBuf};
use tower_transport::codec::{BlockRing, Frame, FrameReader, Lines, RingOptions, Skipped, TooLong};

pub(crate) const MAX: usize = 16;

/// Hands out `data` in reads of the given sizes (repeated), then ends.
pub(crate) struct Chunks {
    pub(crate) data: Bytes,
    pub(crate) sizes: Vec<usize>,
    pub(crate) reads: usize,
}

impl Chunks {
    pub(crate) fn new(data: impl Into<Bytes>, sizes: impl Into<Vec<usize>>) -> Self {
        Self {
            data: data.into(),
            sizes: sizes.into(),
            reads: 0,
        }
    }
}

impl AsyncRead for Chunks {
    fn poll_read(mut self: Pin<&mut Self>, _cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let size = self.sizes[self.reads % self.sizes.len()];
        self.reads += 1;
        let size = size.min(self.data.len()).min(buf.remaining());
        buf.put_slice(&self.data.split_to(size));
        Poll::Ready(Ok(()))
    }
}

/// A line without a newline, faster than any reader. It ends, so that a reader that never gives way fails and does not hang.
pub(crate) struct Endless {
    pub(crate) reads: usize,
}

impl AsyncRead for Endless {
    fn poll_read(mut self: Pin<&mut Self>, _cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.reads += 1;
        if self.reads > 1000 {
            return Poll::Ready(Ok(()));
        }
        buf.initialize_unfilled().fill(b'x');
        buf.advance(buf.capacity());
        Poll::Ready(Ok(()))
    }
}

pub(crate) fn small_ring() -> BlockRing {
    BlockRing::new(RingOptions::new().block(64).min_read(1).blocks(3))
}

pub(crate) async fn read_all<R: AsyncRead + Unpin>(reader: &mut FrameReader<R>, max: usize) -> Vec<Frame> {
    let mut frames = Vec::new();
    while reader.frames(&mut frames, max).await.unwrap() > 0 {}
    frames
}

pub(crate) fn whole(line: &str) -> Frame {
    Frame::Whole(Bytes::copy_from_slice(line.as_bytes()))
}

pub(crate) fn too_long(at_least: usize, start: &str) -> Frame {
    Frame::TooLong(TooLong::new(MAX, at_least, start.as_bytes()))
}

pub(crate) fn skipped(size: usize, suffix: &str) -> Frame {
    Frame::Skipped(Skipped::new(size, suffix.to_owned()))
}

pub(crate) async fn frames_of(io: tokio_test::io::Mock) -> Vec<Frame> {
    read_all(&mut FrameReader::new(io, Lines::new(), MAX), 64).await
}
