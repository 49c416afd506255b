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
