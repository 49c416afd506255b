//! Reading where only a blocking read will do: a thread, and a hand-over of one chunk.

use super::CHUNK;
use super::claim::Claim;
use std::io::{self, Read};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, ReadBuf};

/// The asking side. The thread reads only when it is asked, so bytes that nobody wants stay in the kernel.
#[derive(Debug)]
pub(super) struct ThreadReader(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    chunk: Vec<u8>,
    /// How much of the chunk has been handed out.
    taken: usize,
    /// A read is asked for, or under way.
    wanted: bool,
    ended: bool,
    /// Why, if not by EOF. It is handed out once; after it comes EOF.
    error: Option<io::Error>,
    /// The asking side has gone.
    gone: bool,
    waker: Option<Waker>,
}

impl ThreadReader {
    /// Starts the thread. It keeps the claim for as long as it may be reading.
    pub(super) fn start(source: impl Read + Send + 'static, claim: Claim) -> io::Result<ThreadReader> {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                chunk: Vec::new(),
                taken: 0,
                wanted: false,
                ended: false,
                error: None,
                gone: false,
                waker: None,
            }),
            changed: Condvar::new(),
        });
        let theirs = shared.clone();
        std::thread::Builder::new().name("stdin".into()).spawn(move || {
            theirs.run(source);
            drop(claim);
        })?;
        Ok(ThreadReader(shared))
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, mut source: impl Read) {
        let mut spare = Vec::new();
        loop {
            let idle = |state: &mut State| !state.wanted && !state.gone;
            let state = self.changed.wait_while(self.lock(), idle);
            let state = state.unwrap_or_else(PoisonError::into_inner);
            if state.gone {
                return;
            }
            drop(state);
            spare.resize(CHUNK, 0);
            let read = source.read(&mut spare);
            let mut state = self.lock();
            state.wanted = false;
            match read {
                Ok(0) => state.ended = true,
                Ok(length) => {
                    spare.truncate(length);
                    std::mem::swap(&mut state.chunk, &mut spare);
                    state.taken = 0;
                }
                Err(error) => (state.ended, state.error) = (true, Some(error)),
            }
            let (waker, ended) = (state.waker.take(), state.ended);
            drop(state);
            if let Some(waker) = waker {
                waker.wake();
            }
            if ended {
                return;
            }
        }
    }
}

impl AsyncRead for ThreadReader {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut state = self.0.lock();
        let waits = &state.chunk[state.taken..];
        if !waits.is_empty() {
            let length = waits.len().min(buf.remaining());
            buf.put_slice(&waits[..length]);
            state.taken += length;
            return Poll::Ready(Ok(()));
        }
        if state.ended {
            return Poll::Ready(state.error.take().map_or(Ok(()), Err));
        }
        let replaced = state.waker.replace(cx.waker().clone());
        if !state.wanted {
            state.wanted = true;
            self.0.changed.notify_one();
        }
        drop(state);
        drop(replaced);
        Poll::Pending
    }
}

impl Drop for ThreadReader {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.gone = true;
        let waker = state.waker.take();
        drop(state);
        drop(waker);
        self.0.changed.notify_one();
    }
}
