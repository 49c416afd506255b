use super::Limits;

/// What depends on the request and on the items. See the [module docs](super) for an example.
///
/// `()` is the policy by which the limits of the layer hold for every request, and every item is progress.
pub trait Policy<Request, Item> {
    /// The limits for one request, given those of the layer.
    fn limits(&self, request: &Request, limits: Limits) -> Limits {
        let _ = request;
        limits
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
    /// The item is none: the clock goes on.
    Keep,
    /// The peer waits for us now: the clock stands until the next item.
    Stop,
}

impl<Request, Item> Policy<Request, Item> for () {}
