use super::{End, ObserveError, ObserveItem, Observer};

/// An observer that hears of the end exactly once, however it comes.
///
/// It is empty from then on, and from the start if nobody observes.
pub(super) struct Watch<O: Observer> {
    observer: Option<O>,
}

impl<O: Observer> Watch<O> {
    pub(super) const fn new(observer: Option<O>) -> Self {
        Watch { observer }
    }

    /// Takes the observer along to where the call goes on.
    #[inline(always)]
    pub(super) const fn hand_over(&mut self) -> Self {
        Watch {
            observer: self.observer.take(),
        }
    }

    /// Runs what belongs to the inner service. If that panics, this is the end.
    #[inline(always)]
    pub(super) fn during<T>(&mut self, run: impl FnOnce() -> T) -> T {
        let mut unwinding = Unwinding {
            watch: self,
            returned: false,
        };
        let returned = {
            let _entered = unwinding.watch.observer.as_ref().map(O::enter);
            run()
        };
        unwinding.returned = true;
        returned
    }

    pub(super) fn item<T, K>(&mut self, item: &T)
    where
        O: ObserveItem<T, K>,
    {
        if let Some(observer) = &mut self.observer {
            observer.item(item);
        }
    }

    pub(super) fn failed<E>(&mut self, error: &E)
    where
        O: ObserveError<E>,
    {
        if let Some(observer) = self.observer.take() {
            observer.failed(error);
        }
    }

    pub(super) fn ended(&mut self, end: End) {
        if let Some(observer) = self.observer.take() {
            observer.ended(end);
        }
    }
}

impl<O: Observer> Drop for Watch<O> {
    fn drop(&mut self) {
        self.ended(End::Cancelled);
    }
}

/// Tells a panic of the inner service from one elsewhere in the task, which `std::thread::panicking` can't.
struct Unwinding<'a, O: Observer> {
    watch: &'a mut Watch<O>,
    returned: bool,
}

impl<O: Observer> Drop for Unwinding<'_, O> {
    fn drop(&mut self) {
        if !self.returned {
            self.watch.ended(End::Panicked);
        }
    }
}
