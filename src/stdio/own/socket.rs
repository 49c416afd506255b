//! A socket that somebody else made and may share with us.

use super::CHUNK;
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags, SocketType};
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, OwnedFd};
use std::task::{Context, Poll, ready};
use tokio::io::unix::AsyncFd;
use tokio::io::{Interest, ReadBuf};

/// A duplicate of the descriptor. The description stays shared, so each call says for itself that it must not block.
#[derive(Debug)]
pub(super) struct Socket(AsyncFd<OwnedFd>);

impl Socket {
    /// The socket behind `fd`, unless it is of a kind that keeps the bounds of messages.
    pub(super) fn open(fd: impl AsFd, interest: Interest) -> io::Result<Option<Socket>> {
        if rustix::net::sockopt::socket_type(&fd)? != SocketType::STREAM {
            return Ok(None);
        }
        let ours = fd.as_fd().try_clone_to_owned()?;
        #[allow(
            deprecated,
            reason = "what its unsafe successor asks for, an `OwnedFd` guarantees; older tokio has no successor"
        )]
        let watched = AsyncFd::with_interest(ours, interest)?;
        Ok(Some(Socket(watched)))
    }

    pub(super) fn poll_send(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        loop {
            let mut ready = ready!(self.0.poll_write_ready(cx))?;
            let sent = ready.try_io(|fd| {
                let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
                rustix::net::sendmsg(fd, bufs, &mut SendAncillaryBuffer::default(), flags).map_err(io::Error::from)
            });
            match sent {
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(sent) => return Poll::Ready(sent),
                Err(_would_block) => {}
            }
        }
    }
}

/// The reading side, with initialised memory to read into: clearing the caller's before each read would cost more than the copy.
#[derive(Debug)]
pub(super) struct SocketReader {
    socket: Socket,
    scratch: Box<[u8]>,
}

impl SocketReader {
    pub(super) fn new(socket: Socket) -> SocketReader {
        SocketReader {
            socket,
            scratch: vec![0; CHUNK].into(),
        }
    }

    pub(super) fn poll_recv(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let room = buf.remaining().min(self.scratch.len());
        if room == 0 {
            return Poll::Ready(Ok(()));
        }
        let scratch = &mut self.scratch[..room];
        loop {
            let mut ready = ready!(self.socket.0.poll_read_ready(cx))?;
            let received = ready.try_io(|fd| {
                let received = rustix::net::recv(fd, &mut *scratch, RecvFlags::DONTWAIT);
                received.map(|(_, length)| length).map_err(io::Error::from)
            });
            match received {
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(received) => {
                    buf.put_slice(&scratch[..received?]);
                    return Poll::Ready(Ok(()));
                }
                Err(_would_block) => {}
            }
        }
    }
}
