use super::spare::{self, Place};
use std::future::Future;
use std::task::{Context, Poll, ready};
use tokio::time::{Instant, sleep_until};

/// One timer for a deadline that moves. It is made when it is first waited for.
///
/// Not in the future or the reply itself: tokio's takes 112 bytes, and both are moved from hand to hand far more often than they wait.
#[derive(Debug)]
pub(super) struct Timer {
    place: Option<Place>,
}

impl Timer {
    pub(super) const fn new() -> Timer {
        Timer { place: None }
    }

    /// Ready once `deadline` has passed.
    ///
    /// A deadline that moved back costs nothing until the timer fires: only then is it armed anew. (Items come often, and expiry is rare.)
    pub(super) fn poll(&mut self, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let place = self.place.get_or_insert_with(spare::take);
        if place.is_none() {
            place.set(Some(sleep_until(deadline)));
        }
        let mut sleep = place.as_mut().as_pin_mut().expect("was set above");
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
    pub(super) fn disarm(&mut self) {
        if let Some(place) = self.place.take() {
            spare::give(place);
        }
    }
}

impl Drop for Timer {
    #[inline]
    fn drop(&mut self) {
        self.disarm();
    }
}
