use pin_project_lite::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Sleep;

pin_project! {
    /// A timer that is armed by its first poll, so what is ready at once never pays for it.
    #[derive(Debug)]
    pub(super) struct Timer {
        after: Duration,
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl Timer {
    pub(super) const fn new(after: Duration) -> Timer {
        Timer { after, sleep: None }
    }

    pub(super) const fn after(&self) -> Duration {
        self.after
    }

    /// Ready when the time has passed since the first poll that followed a [`reset`](Timer::reset), which it implies.
    pub(super) fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        if this.sleep.is_none() {
            this.sleep.set(Some(tokio::time::sleep(*this.after)));
        }
        if let Some(sleep) = this.sleep.as_mut().as_pin_mut() {
            ready!(sleep.poll(cx));
        }
        this.sleep.set(None);
        Poll::Ready(())
    }

    pub(super) fn reset(self: Pin<&mut Self>) {
        self.project().sleep.set(None);
    }
}
