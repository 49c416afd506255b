use super::Limits;
use std::fmt;

/// What depends on the request.
///
/// `()` is the policy by which the limits of the layer hold for every request. [`By`] makes one of a closure.
pub trait Policy<Request> {
    /// The limits for one request and its reply, given those of the layer.
    fn limits(&self, request: &Request, limits: Limits) -> Limits;
}

impl<Request> Policy<Request> for () {
    fn limits(&self, _: &Request, limits: Limits) -> Limits {
        limits
    }
}

/// The policy that a closure is. See [`MaxMessageSizeLayer::limits_by`](super::MaxMessageSizeLayer::limits_by).
#[derive(Clone, Copy)]
pub struct By<F>(pub(super) F);

impl<F, Request> Policy<Request> for By<F>
where
    F: Fn(&Request, Limits) -> Limits,
{
    fn limits(&self, request: &Request, limits: Limits) -> Limits {
        (self.0)(request, limits)
    }
}

// By hand: closures have no `Debug`.
impl<F> fmt::Debug for By<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("By").finish_non_exhaustive()
    }
}
