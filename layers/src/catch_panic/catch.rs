use super::{Panicked, Place};
use std::any::Any;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs what is the user's.
///
/// Unwind safety is asserted, since what panicked is dropped or, after `call`, gets ready again before it is used.
#[inline(always)]
pub(super) fn catch<T>(place: Place, run: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| {
        let panicked = Panicked::from_payload(place, &*payload);
        discard(payload);
        panicked
    })
}

/// Drops what is the user's. A panic of the drop ends here: nobody is left to be told, and the panic hook has been.
#[inline(always)]
pub(super) fn catch_drop(drop: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(drop)) {
        discard(payload);
    }
}

/// A payload may panic in its own drop, with one that does so again: that one leaks.
fn discard(payload: Box<dyn Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        let _leaked = ManuallyDrop::new(again);
    }
}
