use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// A stream that fails once a write has made no progress for so long.
///
/// The client's reading paces a call, so one that reads nothing would keep its place for ever.
#[derive(Debug)]
pub(crate) struct Stall<T> {
    io: T,
    limit: Duration,
    /// Boxed, as a stream must be movable, and most never wait.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<T: Unpin> Stall<T> {
    pub(crate) const fn new(io: T, limit: Duration) -> Stall<T> {
        Stall {
            io,
            limit,
            stalled: None,
        }
    }

    /// Gives what `write` gives, unless that is nothing for too long.
    fn bound<R>(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut T>, &mut Context<'_>) -> Poll<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        if let Poll::Ready(outcome) = write(Pin::new(&mut self.io), cx) {
            self.stalled = None;
            return Poll::Ready(outcome);
        }
        let limit = self.limit;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(limit)));
        stalled.as_mut().poll(cx).map(|()| {
            let why = format!("the client did not read for {limit:?}");
            Err(io::Error::new(io::ErrorKind::TimedOut, why))
        })
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Stall<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Stall<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.bound(cx, |io, cx| io.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.bound(cx, |io, cx| io.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.bound(cx, T::poll_flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.bound(cx, T::poll_shutdown)
    }
}

#[cfg(test)]
mod tests {
    use super::Stall;
    use std::io::ErrorKind;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::{Instant, sleep};

    const LIMIT: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn write_that_makes_no_progress_fails_after_the_limit() {
        let (ours, _theirs) = duplex(8);
        let mut ours = Stall::new(ours, LIMIT);
        let began = Instant::now();
        let error = ours.write_all(&[0; 9]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert_eq!(began.elapsed().as_secs(), 30);
    }

    #[tokio::test(start_paused = true)]
    async fn write_that_makes_slow_progress_goes_on() {
        let (ours, mut theirs) = duplex(8);
        let mut ours = Stall::new(ours, LIMIT);
        let reader = tokio::spawn(async move {
            for _ in 0..10 {
                sleep(LIMIT * 9 / 10).await;
                theirs.read_exact(&mut [0; 8]).await.unwrap();
            }
        });
        ours.write_all(&[0; 80]).await.unwrap();
        reader.await.unwrap();
    }
}
