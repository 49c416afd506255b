//! A duplex that does to its user whatever an operating system may do.

use crate::random::Rng;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::time::Sleep;

/// Reads and writes a few bytes at a time, with pauses, until the fate of each side.
pub(crate) struct Chaos {
    io: DuplexStream,
    rng: Rng,
    /// Bytes at a time, at most.
    grain: u64,
    reads: Side,
    writes: Side,
    tap: Tap,
}

/// All bytes that were taken for writing.
pub(crate) type Tap = Arc<Mutex<Vec<u8>>>;

#[derive(Default)]
struct Side {
    pause: Option<Pin<Box<Sleep>>>,
    fate: Option<(u64, Fate)>,
}

/// What becomes of one side after so many bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The end of the stream, or a write that takes nothing any more.
    Close,
    Reset,
    /// Never ready again.
    Stall,
}

impl Chaos {
    pub(crate) fn new(io: DuplexStream, mut rng: Rng) -> Chaos {
        Chaos {
            io,
            grain: rng.pick(&[1, 7, 64, 64, 1024, 1 << 20]),
            rng,
            reads: Side::default(),
            writes: Side::default(),
            tap: Tap::default(),
        }
    }

    pub(crate) fn tap(&self) -> Tap {
        self.tap.clone()
    }

    /// One side, or both, will break. Whether reading stalls for ever.
    pub(crate) fn doomed(&mut self) -> bool {
        let which = self.rng.below(3);
        let mut fate = || {
            let after = self.rng.pick(&[0, 100, 1000, 5000]) + self.rng.below(500);
            Some((after, self.rng.pick(&[Fate::Close, Fate::Reset, Fate::Stall])))
        };
        if which != 0 {
            self.reads.fate = fate();
        }
        if which != 1 {
            self.writes.fate = fate();
        }
        matches!(self.reads.fate, Some((_, Fate::Stall)))
    }
}

impl Side {
    /// Whether something may be done now, and how many bytes of it.
    fn poll(&mut self, cx: &mut Context<'_>, rng: &mut Rng, grain: u64) -> Poll<Result<u64, Fate>> {
        match &mut self.fate {
            Some((0, Fate::Stall)) => return Poll::Pending,
            Some((0, fate)) => return Poll::Ready(Err(*fate)),
            _ => {}
        }
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        } else if rng.percent(8) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        } else if rng.percent(1) {
            let pause = self.pause.insert(Box::pin(tokio::time::sleep(rng.millis(200))));
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        let left = self.fate.map_or(u64::MAX, |(left, _)| left);
        Poll::Ready(Ok((1 + rng.below(grain)).min(left)))
    }

    fn took(&mut self, bytes: usize) {
        if let Some((left, _)) = &mut self.fate {
            *left -= bytes as u64;
        }
    }
}

impl AsyncRead for Chaos {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let most = match ready!(this.reads.poll(cx, &mut this.rng, this.grain)) {
            Ok(most) => most,
            Err(Fate::Close) => return Poll::Ready(Ok(())),
            Err(Fate::Reset | Fate::Stall) => return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
        };
        let mut part = [0; 4096];
        let most = buf.remaining().min(most as usize).min(part.len());
        let mut part = ReadBuf::new(&mut part[..most]);
        ready!(Pin::new(&mut this.io).poll_read(cx, &mut part))?;
        this.reads.took(part.filled().len());
        buf.put_slice(part.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Chaos {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let most = match ready!(this.writes.poll(cx, &mut this.rng, this.grain)) {
            Ok(most) => most,
            Err(Fate::Close) => return Poll::Ready(Ok(0)),
            Err(Fate::Reset | Fate::Stall) => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        };
        let part = &buf[..buf.len().min(most as usize)];
        let written = ready!(Pin::new(&mut this.io).poll_write(cx, part))?;
        this.writes.took(written);
        this.tap.lock().unwrap().extend_from_slice(&part[..written]);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.rng.percent(8) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
