use super::{Deadline, Limits};
use std::fmt;

/// What depends on the request and on the items. See the [module docs](super) for an example.
///
/// `()` is the policy by which the limits of the layer hold for every request, and every item is progress.
pub trait Policy<Request, Item> {
    /// The limits for one request, given those of the layer.
    fn limits(&self, request: &Request, limits: Limits) -> Limits {
        let _ = request;
        limits
    }

    /// The deadline that a request carries, if it does. It counts beside the limits, whatever they are.
    fn deadline(&self, request: &Request) -> Option<Deadline> {
        let _ = request;
        None
    }

    /// What an item does to the idle clock.
    fn after(&self, item: &Item) -> Clock {
        let _ = item;
        Clock::Restart
    }
}

/// What an item does to the idle clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// The item is progress: the clock starts again at the next poll that finds nothing.
    Restart,
    /// The item is none: the clock goes on from where it was, at the next poll that finds nothing.
    Keep,
    /// The peer waits for us now: the clock stands until the next item.
    Stop,
}

impl<Request, Item> Policy<Request, Item> for () {}

/// The policy by which an HTTP request may carry a [`Deadline`] in its extensions.
#[derive(Debug, Clone, Copy, Default)]
pub struct FromExtensions;

impl<B, Item> Policy<http::Request<B>, Item> for FromExtensions {
    fn deadline(&self, request: &http::Request<B>) -> Option<Deadline> {
        Deadline::of(request.extensions())
    }
}

/// The policy by which only those items are progress that a predicate takes for it. See
/// [`TimeoutLayer::progress`](super::TimeoutLayer::progress).
#[derive(Clone, Copy)]
pub struct Progress<F>(pub(super) F);

impl<F, Request, Item> Policy<Request, Item> for Progress<F>
where
    F: Fn(&Item) -> bool,
{
    fn after(&self, item: &Item) -> Clock {
        if (self.0)(item) { Clock::Restart } else { Clock::Keep }
    }
}

// By hand: closures have no `Debug`.
impl<F> fmt::Debug for Progress<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Progress").finish_non_exhaustive()
    }
}
