use pin_project_lite::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::time::{Instant, Sleep, sleep_until};

pin_project! {
    /// One timer for a deadline that moves. It is made when it is first waited for.
    #[derive(Debug)]
    pub(super) struct Timer {
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl Timer {
    pub(super) const fn new() -> Timer {
        Timer { sleep: None }
    }

    /// Ready once `deadline` has passed.
    ///
    /// A deadline that moved back costs nothing until the timer fires: only then is it armed anew. (Items come often, and expiry is rare.)
    pub(super) fn poll(self: Pin<&mut Self>, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let Some(mut sleep) = this.sleep.as_mut().as_pin_mut() else {
            this.sleep.set(Some(sleep_until(deadline)));
            return this.sleep.as_pin_mut().expect("was set above").poll(cx);
        };
        if sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
        }
        loop {
            ready!(sleep.as_mut().poll(cx));
            if sleep.deadline() >= deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
    }

    /// Takes the timer back, as nothing waits any more.
    #[inline]
    pub(super) fn disarm(self: Pin<&mut Self>) {
        self.project().sleep.set(None);
    }
}
