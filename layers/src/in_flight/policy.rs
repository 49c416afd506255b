/// How a request counts. See the [module docs](super) for an example.
///
/// Implemented for closures `Fn(&Request) -> Class`. `()` is the policy by which every request is counted.
pub trait Policy<Request> {
    /// How `request` counts.
    fn class(&self, request: &Request) -> Class;
}

/// How a request counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// As one of those that the limit is for.
    Counted,
    /// Not at all.
    Exempt,
    /// By itself, for calls that never end by nature and yet must not be without number. It never waits: over its own limit it is refused.
    Apart,
}

impl<Request> Policy<Request> for () {
    fn class(&self, _: &Request) -> Class {
        Class::Counted
    }
}

impl<F, Request> Policy<Request> for F
where
    F: Fn(&Request) -> Class,
{
    fn class(&self, request: &Request) -> Class {
        self(request)
    }
}
