use super::limiter::put_aside;
use super::semaphore::Semaphore;
use std::fmt;

/// What a call holds while it is in flight: its part of the limit, [`One`] call or a number of bytes. An exempt call holds an empty one.
///
/// Dropped, it gives its part back, or hands it to the first who waits.
pub struct Permit<A: Amount = One>(Option<Taken<A>>);

struct Taken<A: Amount> {
    semaphore: &'static Semaphore,
    amount: A,
}

/// The part of a limit that a permit stands for: [`One`] call, or a number of bytes as `usize`.
///
/// A permit is moved from the service into the future and into the reply. One that has no room for a number takes a third off the whole call.
pub trait Amount: Copy + Into<usize> {}

/// One call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct One;

impl From<One> for usize {
    fn from(One: One) -> usize {
        1
    }
}

impl Amount for One {}
impl Amount for usize {}

impl<A: Amount> Permit<A> {
    /// What was taken of `semaphore`.
    pub(super) const fn taken(semaphore: &'static Semaphore, amount: A) -> Self {
        Permit(Some(Taken { semaphore, amount }))
    }

    /// For a call that is not counted.
    pub(super) const fn exempt() -> Self {
        Permit(None)
    }

    /// The part of the limit that it holds: 1 of calls, or bytes; 0 for an exempt call.
    pub fn amount(&self) -> usize {
        self.0.as_ref().map_or(0, |taken| taken.amount.into())
    }
}

impl<A: Amount> Drop for Taken<A> {
    #[inline]
    fn drop(&mut self) {
        if self.semaphore.release(self.amount.into()) {
            put_aside(self.semaphore);
        }
    }
}

// By hand: a semaphore that lives for ever says nothing.
impl<A: Amount> fmt::Debug for Permit<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Permit").field(&self.amount()).finish()
    }
}
