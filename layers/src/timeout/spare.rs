//! Places for timers that are used again, so that a call which waits allocates nothing.

use std::cell::RefCell;
use std::pin::Pin;
use tokio::time::Sleep;

/// Where one timer is, or may be.
pub(super) type Place = Pin<Box<Option<Sleep>>>;

/// As many are kept for each thread: 120 bytes each.
const KEPT: usize = 64;

thread_local! {
    static SPARE: RefCell<Vec<Place>> = const { RefCell::new(Vec::new()) };
}

/// An empty place.
#[inline(never)]
pub(super) fn take() -> Place {
    // Not there while the thread ends.
    let spare = SPARE.try_with(|spare| spare.borrow_mut().pop());
    spare.ok().flatten().unwrap_or_else(|| Box::pin(None))
}

/// Drops the timer, and keeps its place for the next.
#[inline(never)]
pub(super) fn give(mut place: Place) {
    // Before the list is borrowed: dropping a timer may run a waker's code, which may come here again.
    place.set(None);
    let _gone = SPARE.try_with(|spare| {
        let mut spare = spare.borrow_mut();
        if spare.len() < KEPT {
            spare.push(place);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_keeps_no_more_places_than_that() {
        let places: Vec<Place> = (0..2 * KEPT).map(|_| take()).collect();
        places.into_iter().for_each(give);
        assert_eq!(SPARE.with(|spare| spare.borrow().len()), KEPT);
    }
}
