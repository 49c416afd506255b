//! The read ends of a child's standard output and error, which end with the child.

use std::{
    fmt, io,
    os::fd::OwnedFd,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, ReadBuf},
    net::unix::pipe,
    time::{Instant, Sleep, sleep},
};

use super::group::Group;

/// How long an empty pipe is still listened to after the leader's exit.
const LINGER: Duration = Duration::from_millis(100);

/// How much is still read after the leader's exit: as much as the largest pipe holds (`pipe(7)`, `pipe-max-size`). More than that was written
/// by others.
const LINGER_BYTES: usize = 1024 * 1024;

/// The read end of a pipe whose other end a child's descendants may hold open for ever. It ends soon after the leader has gone, and loses
/// nothing of what the leader wrote.
pub(super) struct Output {
    pipe: pipe::Receiver,
    group: Arc<Group>,
    phase: Phase,
    /// Whom the leader's exit wakes.
    watcher: Option<Waker>,
    /// Made with the pipe, since later there may be no runtime's context to make it in.
    linger: Pin<Box<Sleep>>,
}

enum Phase {
    /// Resolves when the leader has gone.
    Running(Pin<Box<dyn Future<Output = ()> + Send + Sync>>),
    /// The leader has gone; so many bytes may still come.
    Lingering(usize),
    Ended,
}

impl Output {
    pub(super) fn new(pipe: OwnedFd, group: &Arc<Group>) -> io::Result<Self> {
        let leader = Arc::clone(group);
        Ok(Self {
            pipe: pipe::Receiver::from_owned_fd(pipe)?,
            group: Arc::clone(group),
            phase: Phase::Running(Box::pin(async move {
                leader.gone().await;
            })),
            watcher: None,
            linger: Box::pin(sleep(LINGER)),
        })
    }

    fn begin_to_linger(&mut self) {
        self.linger.as_mut().reset(Instant::now() + LINGER);
        self.phase = Phase::Lingering(LINGER_BYTES);
    }

    fn count(&mut self, read: usize) {
        if matches!(self.phase, Phase::Running(_)) && self.group.has_gone() {
            self.begin_to_linger();
        }
        self.phase = match std::mem::replace(&mut self.phase, Phase::Ended) {
            Phase::Lingering(left) if left > read => Phase::Lingering(left - read),
            Phase::Lingering(_) | Phase::Ended => Phase::Ended,
            running @ Phase::Running(_) => running,
        };
    }
}

impl AsyncRead for Output {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if matches!(this.phase, Phase::Ended) || buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        // The pipe before any timer: what is there is read.
        let before = buf.filled().len();
        if let Poll::Ready(result) = Pin::new(&mut this.pipe).poll_read(cx, buf) {
            match buf.filled().len() - before {
                0 => this.phase = Phase::Ended,
                read => this.count(read),
            }
            return Poll::Ready(result);
        }
        if let Phase::Running(gone) = &mut this.phase {
            // To ask costs less than to wait once more, and whoever reads waits after every message.
            if !this.group.has_gone() {
                if this
                    .watcher
                    .as_ref()
                    .is_some_and(|watcher| watcher.will_wake(cx.waker()))
                {
                    return Poll::Pending;
                }
                this.watcher = Some(cx.waker().clone());
                ready!(gone.as_mut().poll(cx));
            }
            this.begin_to_linger();
        }
        ready!(this.linger.as_mut().poll(cx));
        this.phase = Phase::Ended;
        Poll::Ready(Ok(()))
    }
}

/// The read end of a child's standard output: a non-blocking pipe.
///
/// It reads as ended when all writers have closed it, and soon after the child's exit even if they have not: whatever the child wrote is
/// read first, then the pipe is given 100 ms of being empty, or 1 MiB more, since a grandchild that escaped may hold it open for ever.
#[derive(Debug)]
pub struct ChildStdout(Output);

impl ChildStdout {
    pub(super) fn new(output: Output) -> Self {
        Self(output)
    }
}

impl AsyncRead for ChildStdout {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

// By hand: the future that waits for the exit can't be shown.
impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("pipe", &self.pipe)
            .finish_non_exhaustive()
    }
}
