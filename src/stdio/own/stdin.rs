use super::blocking;
use super::claim::Claim;
use super::reader::ThreadReader;
#[cfg(target_os = "linux")]
use super::socket::{Socket, SocketReader};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, ReadBuf};
#[cfg(target_os = "linux")]
use tokio::{io::Interest, net::unix::pipe};

/// Our own stdin. See [`stdin`].
#[derive(Debug)]
pub struct Stdin(Source);

#[derive(Debug)]
enum Source {
    #[cfg(target_os = "linux")]
    Pipe(pipe::Receiver, Claim),
    #[cfg(target_os = "linux")]
    Socket(SocketReader, Claim),
    Thread(ThreadReader),
}

/// Opens our own stdin. There is one [`Stdin`] at a time, since two readers would tear messages apart.
///
/// Pipes and stream sockets (on Linux) are read without blocking and without a thread; all else is read by a thread of its own, in chunks of
/// at most 64 KiB. No runtime waits for it to shut down, and the flags of descriptor 0 are not touched: whoever shares it notices nothing.
///
/// What [`std::io::stdin`] has already read into its buffer is not seen here, so a program should use one or the other.
///
/// Dropping it loses nothing of a pipe or a socket. A thread that waits in a read goes on to wait, takes what comes next (at most 64 KiB)
/// and drops it; until then stdin can't be opened again.
///
/// # Errors
///
/// [`ResourceBusy`](io::ErrorKind::ResourceBusy) while another [`Stdin`] reads; an error outside of a tokio runtime; and those of the
/// system.
///
/// # Panics
///
/// In a runtime that was built without IO ([`enable_io`](tokio::runtime::Builder::enable_io)).
pub fn stdin() -> io::Result<Stdin> {
    super::in_runtime()?;
    let claim = Claim::take()?;
    #[cfg(target_os = "linux")]
    match super::kind(io::stdin())? {
        rustix::fs::FileType::Fifo => {
            if let Ok(pipe) = pipe::OpenOptions::new().open_receiver("/proc/self/fd/0") {
                return Ok(Stdin(Source::Pipe(pipe, claim)));
            }
        }
        rustix::fs::FileType::Socket => {
            if let Some(socket) = Socket::open(io::stdin(), Interest::READABLE)? {
                return Ok(Stdin(Source::Socket(SocketReader::new(socket), claim)));
            }
        }
        _ => {}
    }
    ThreadReader::start(blocking::input()?, claim).map(|thread| Stdin(Source::Thread(thread)))
}

impl AsyncRead for Stdin {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            #[cfg(target_os = "linux")]
            Source::Pipe(pipe, _) => Pin::new(pipe).poll_read(cx, buf),
            #[cfg(target_os = "linux")]
            Source::Socket(socket, _) => socket.poll_recv(cx, buf),
            Source::Thread(thread) => Pin::new(thread).poll_read(cx, buf),
        }
    }
}
