use super::blocking;
#[cfg(target_os = "linux")]
use super::socket::Socket;
use super::writer::ThreadWriter;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::AsyncWrite;
#[cfg(target_os = "linux")]
use tokio::{io::Interest, net::unix::pipe};

/// Our own stdout. See [`stdout`].
#[derive(Debug)]
pub struct Stdout(Sink);

#[derive(Debug)]
enum Sink {
    #[cfg(target_os = "linux")]
    Pipe(pipe::Sender),
    #[cfg(target_os = "linux")]
    Socket(Socket),
    Thread(ThreadWriter),
}

/// Opens our own stdout.
///
/// Pipes and stream sockets (on Linux) are written without blocking and without a thread, and a vectored write is one system call; all else
/// is written by a thread of its own, which holds at most 64 KiB. The flags of descriptor 1 are not touched: whoever shares it notices
/// nothing.
///
/// What was written is with the kernel once [`poll_flush`](AsyncWrite::poll_flush) or [`poll_shutdown`](AsyncWrite::poll_shutdown) is
/// ready. A thread that is dropped before goes on to write what it holds, for as long as the process lives. Neither shutting down nor
/// dropping closes descriptor 1: the peer reads EOF when the last process that has it ends. [`println!`] writes between the messages.
///
/// # Errors
///
/// An error outside of a tokio runtime, and those of the system.
///
/// # Panics
///
/// In a runtime that was built without IO ([`enable_io`](tokio::runtime::Builder::enable_io)).
pub fn stdout() -> io::Result<Stdout> {
    super::in_runtime()?;
    #[cfg(target_os = "linux")]
    match super::kind(io::stdout())? {
        rustix::fs::FileType::Fifo => {
            if let Ok(pipe) = pipe::OpenOptions::new().open_sender("/proc/self/fd/1") {
                return Ok(Stdout(Sink::Pipe(pipe)));
            }
        }
        rustix::fs::FileType::Socket => {
            if let Some(socket) = Socket::open(io::stdout(), Interest::WRITABLE)? {
                return Ok(Stdout(Sink::Socket(socket)));
            }
        }
        _ => {}
    }
    ThreadWriter::start(blocking::output()?).map(|thread| Stdout(Sink::Thread(thread)))
}

impl AsyncWrite for Stdout {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.0 {
            #[cfg(target_os = "linux")]
            Sink::Pipe(pipe) => Pin::new(pipe).poll_write(cx, buf),
            #[cfg(target_os = "linux")]
            Sink::Socket(socket) => socket.poll_send(cx, &[IoSlice::new(buf)]),
            Sink::Thread(thread) => Pin::new(thread).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.0 {
            #[cfg(target_os = "linux")]
            Sink::Pipe(pipe) => Pin::new(pipe).poll_write_vectored(cx, bufs),
            #[cfg(target_os = "linux")]
            Sink::Socket(socket) => socket.poll_send(cx, bufs),
            Sink::Thread(thread) => Pin::new(thread).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        !matches!(self.0, Sink::Thread(_))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            #[cfg(target_os = "linux")]
            Sink::Pipe(_) | Sink::Socket(_) => Poll::Ready(Ok(())),
            Sink::Thread(thread) => Pin::new(thread).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}
