use super::limiter::Limiter;
use super::{Class, Handle};
use std::num::NonZeroUsize;

/// What is counted, and against which limit. Clones share the limits.
#[derive(Debug, Clone)]
pub(super) struct Counting<P> {
    pub(super) limiter: Limiter,
    /// Made with the policy, as without one nothing is counted apart.
    apart: Option<Limiter>,
    pub(super) policy: P,
}

impl Counting<()> {
    pub(super) fn new(limit: NonZeroUsize) -> Counting<()> {
        Counting {
            limiter: Limiter::new(limit),
            apart: None,
            policy: (),
        }
    }
}

impl<P> Counting<P> {
    pub(super) fn with_policy<Q>(self, policy: Q) -> Counting<Q> {
        let Counting { limiter, apart, .. } = self;
        let apart = apart.unwrap_or_else(|| Limiter::new(limiter.limit()));
        Counting {
            limiter,
            apart: Some(apart),
            policy,
        }
    }

    pub(super) fn with_apart(mut self, limit: NonZeroUsize) -> Counting<P> {
        self.apart = Some(Limiter::new(limit));
        self
    }

    pub(super) fn handle(&self) -> Handle {
        Handle::new(self.limiter.clone())
    }

    pub(super) fn apart_handle(&self) -> Option<Handle> {
        self.apart.clone().map(Handle::new)
    }

    /// The limit that a class counts against.
    pub(super) fn limiter_of(&self, class: Class) -> Option<&Limiter> {
        match class {
            Class::Counted => Some(&self.limiter),
            Class::Exempt => None,
            Class::Apart => Some(self.apart.as_ref().expect("made with the policy")),
        }
    }
}
