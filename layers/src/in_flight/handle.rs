use super::limiter::Limiter;

/// Shows how full a limit is, in the layer's unit: calls or bytes. Got from a layer or a service, and shared by all clones.
///
/// The counts are those of one moment, and may be past by the time they are read.
#[derive(Debug, Clone)]
pub struct Handle {
    limiter: Limiter,
}

impl Handle {
    pub(super) const fn new(limiter: Limiter) -> Handle {
        Handle { limiter }
    }

    /// How much may be in flight.
    pub fn limit(&self) -> usize {
        self.limiter.limit().get()
    }

    /// How much is in flight, with what is reserved by services that are ready and have not been called.
    pub fn in_flight(&self) -> usize {
        self.limiter.taken()
    }

    /// How many calls wait, or services in their `poll_ready`.
    pub fn waiting(&self) -> usize {
        self.limiter.waiting()
    }
}
