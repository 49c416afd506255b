use pin_project_lite::pin_project;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
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

/// What the future gives, unless that takes longer. What is ready at once pays for no timer.
pub(super) async fn within<F: Future>(after: Duration, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut timer = pin!(Timer::new(after));
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => timer.as_mut().poll(cx).map(|()| None),
    })
    .await
}
