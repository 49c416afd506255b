//! Writing where only a blocking write will do: a thread, and a bounded hand-over.

use super::CHUNK;
use std::io::{self, Write};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio::io::AsyncWrite;

/// The giving side. Dropped, it leaves the thread to write what it has been given, and then to end.
#[derive(Debug)]
pub(super) struct ThreadWriter(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    queue: Vec<u8>,
    /// Bytes that the thread has taken from the queue and not yet written.
    writing: usize,
    failed: bool,
    /// Why. It is handed out once; after it the pipe counts as broken.
    error: Option<io::Error>,
    /// The giving side has gone.
    gone: bool,
    waker: Option<Waker>,
}

impl ThreadWriter {
    pub(super) fn start(sink: impl Write + Send + 'static) -> io::Result<ThreadWriter> {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                queue: Vec::new(),
                writing: 0,
                failed: false,
                error: None,
                gone: false,
                waker: None,
            }),
            changed: Condvar::new(),
        });
        let theirs = shared.clone();
        std::thread::Builder::new()
            .name("stdout".into())
            .spawn(move || theirs.run(sink))?;
        Ok(ThreadWriter(shared))
    }

    /// The error, or what is ready; else the waker is registered.
    fn poll(&self, cx: &mut Context<'_>, ready: impl FnOnce(&mut State) -> Option<usize>) -> Poll<io::Result<usize>> {
        let mut state = self.0.lock();
        if state.failed {
            let error = state.error.take().unwrap_or_else(|| io::ErrorKind::BrokenPipe.into());
            return Poll::Ready(Err(error));
        }
        if let Some(ready) = ready(&mut state) {
            drop(state);
            self.0.changed.notify_one();
            return Poll::Ready(Ok(ready));
        }
        let replaced = state.waker.replace(cx.waker().clone());
        drop(state);
        drop(replaced);
        Poll::Pending
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, mut sink: impl Write) {
        let mut batch = Vec::new();
        loop {
            let idle = |state: &mut State| state.queue.is_empty() && !state.gone;
            let state = self.changed.wait_while(self.lock(), idle);
            let mut state = state.unwrap_or_else(PoisonError::into_inner);
            if state.queue.is_empty() {
                return;
            }
            std::mem::swap(&mut state.queue, &mut batch);
            state.writing = batch.len();
            drop(state);
            let written = sink.write_all(&batch).and_then(|()| sink.flush());
            batch.clear();
            let mut state = self.lock();
            state.writing = 0;
            state.failed = written.is_err();
            state.error = written.err();
            let (waker, failed) = (state.waker.take(), state.failed);
            drop(state);
            if let Some(waker) = waker {
                waker.wake();
            }
            if failed {
                return;
            }
        }
    }
}

impl AsyncWrite for ThreadWriter {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll(cx, |state| {
            let room = CHUNK - state.queue.len() - state.writing;
            let length = buf.len().min(room);
            state.queue.extend_from_slice(&buf[..length]);
            (length > 0 || buf.is_empty()).then_some(length)
        })
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let written = |state: &mut State| (state.queue.is_empty() && state.writing == 0).then_some(0);
        self.poll(cx, written).map_ok(drop)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

impl Drop for ThreadWriter {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.gone = true;
        let waker = state.waker.take();
        drop(state);
        drop(waker);
        self.0.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    /// Tells of each write, and waits to be told what comes of it.
    struct Gate(SyncSender<usize>, Receiver<io::Result<()>>);

    impl Write for Gate {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            self.0.send(buf.len()).map_err(io::Error::other)?;
            self.1.recv().map_err(io::Error::other)?.map(|()| buf.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn gated() -> (ThreadWriter, Receiver<usize>, SyncSender<io::Result<()>>) {
        let (tell, writes) = sync_channel(1);
        let (open, opened) = sync_channel(1);
        (ThreadWriter::start(Gate(tell, opened)).unwrap(), writes, open)
    }

    fn poll_write(writer: &mut ThreadWriter, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(writer).poll_write(&mut Context::from_waker(Waker::noop()), bytes)
    }

    #[track_caller]
    fn write(writer: &mut ThreadWriter, bytes: &[u8]) -> usize {
        let Poll::Ready(Ok(length)) = poll_write(writer, bytes) else {
            panic!("no room")
        };
        length
    }

    async fn flush(writer: &mut ThreadWriter) -> io::Result<()> {
        poll_fn(|cx| Pin::new(&mut *writer).poll_flush(cx)).await
    }

    #[tokio::test]
    async fn flush_waits_for_the_write_that_is_under_way() {
        let (mut writer, writes, open) = gated();
        assert_eq!(write(&mut writer, b"hello"), 5);
        assert_eq!(writes.recv().unwrap(), 5);
        let early = Pin::new(&mut writer).poll_flush(&mut Context::from_waker(Waker::noop()));
        assert!(early.is_pending());
        open.send(Ok(())).unwrap();
        flush(&mut writer).await.unwrap();
    }

    #[tokio::test]
    async fn no_more_than_a_chunk_is_held_with_what_is_being_written() {
        let (mut writer, writes, open) = gated();
        assert_eq!(write(&mut writer, &[0; CHUNK - 1]), CHUNK - 1);
        assert_eq!(writes.recv().unwrap(), CHUNK - 1);
        assert_eq!(write(&mut writer, b"ab"), 1);
        assert!(poll_write(&mut writer, b"b").is_pending());
        open.send(Ok(())).unwrap();
        let written = poll_fn(|cx| Pin::new(&mut writer).poll_write(cx, b"b")).await;
        assert_eq!(written.unwrap(), 1);
        open.send(Ok(())).unwrap();
    }

    #[tokio::test]
    async fn an_error_is_told_once_and_then_the_pipe_is_broken() {
        let (mut writer, writes, open) = gated();
        assert_eq!(write(&mut writer, b"lost"), 4);
        writes.recv().unwrap();
        open.send(Err(io::ErrorKind::StorageFull.into())).unwrap();
        assert_eq!(flush(&mut writer).await.unwrap_err().kind(), io::ErrorKind::StorageFull);
        let Poll::Ready(Err(error)) = poll_write(&mut writer, b"more") else {
            panic!("taken")
        };
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn what_was_given_is_written_after_a_drop() {
        let (mut writer, writes, open) = gated();
        assert_eq!(write(&mut writer, b"first"), 5);
        assert_eq!(writes.recv().unwrap(), 5);
        assert_eq!(write(&mut writer, b"second"), 6);
        drop(writer);
        open.send(Ok(())).unwrap();
        assert_eq!(writes.recv().unwrap(), 6);
        open.send(Ok(())).unwrap();
        assert!(writes.recv().is_err(), "the thread has ended");
    }
}
