//! The write end of a child's standard input.

use std::{
    io,
    os::fd::OwnedFd,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{io::AsyncWrite, net::unix::pipe};

/// The only write end of a child's standard input: a non-blocking pipe.
///
/// Dropping it closes the pipe, and so does [`poll_shutdown`](AsyncWrite::poll_shutdown): the child reads EOF, which asks it to end. What was
/// written before stays readable for the child. Vectored writes are one system call.
///
/// Once the child no longer reads, writing fails with [`io::ErrorKind::BrokenPipe`].
#[derive(Debug)]
pub struct ChildStdin(Option<pipe::Sender>);

impl ChildStdin {
    pub(super) fn new(pipe: OwnedFd) -> io::Result<Self> {
        pipe::Sender::from_owned_fd(pipe).map(|pipe| Self(Some(pipe)))
    }

    fn pipe(&mut self) -> io::Result<Pin<&mut pipe::Sender>> {
        self.0
            .as_mut()
            .map(Pin::new)
            .ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }
}

impl AsyncWrite for ChildStdin {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.pipe()?.poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.pipe()?.poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0 = None;
        Poll::Ready(Ok(()))
    }
}
