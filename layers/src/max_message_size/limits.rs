use super::Direction;
use std::fmt;

/// How much one call may carry. See the [module docs](super) for what is measured.
///
/// [`usize::MAX`] is no limit.
#[derive(Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Limits {
    request: usize,
    response: usize,
    items: usize,
    /// Whether the answer is without a body, whatever its head announces.
    bodiless: bool,
}

const NONE: usize = usize::MAX;

impl Limits {
    /// No limits.
    pub const fn none() -> Limits {
        Limits {
            request: NONE,
            response: NONE,
            items: NONE,
            bodiless: false,
        }
    }

    /// Sets the bytes that a message to the inner service may have, or lifts the limit.
    pub const fn with_request(mut self, max: Option<usize>) -> Limits {
        self.request = or_none(max);
        self
    }

    /// Sets the bytes that a message from the inner service may have, or lifts the limit.
    pub const fn with_response(mut self, max: Option<usize>) -> Limits {
        self.response = or_none(max);
        self
    }

    /// Sets how many items a reply may have, or lifts the limit.
    pub const fn with_items(mut self, max: Option<usize>) -> Limits {
        self.items = or_none(max);
        self
    }

    /// The most bytes of a message to the inner service.
    pub const fn request(&self) -> Option<usize> {
        set(self.request)
    }

    /// The most bytes of a message from the inner service.
    pub const fn response(&self) -> Option<usize> {
        set(self.response)
    }

    /// The most items of a reply.
    pub const fn items(&self) -> Option<usize> {
        set(self.items)
    }

    /// For a request whose answer is without a body. What comes of one all the same is limited.
    pub(super) const fn with_bodiless_answer(mut self) -> Limits {
        self.bodiless = true;
        self
    }

    /// Whether the head of an answer announces nothing.
    pub(super) const fn is_bodiless(&self) -> bool {
        self.bodiless
    }

    /// The most bytes one way; the largest number there is if there is no limit.
    pub(super) const fn bytes(&self, direction: Direction) -> usize {
        match direction {
            Direction::Request => self.request,
            Direction::Response => self.response,
        }
    }
}

const fn or_none(max: Option<usize>) -> usize {
    match max {
        Some(max) => max,
        None => NONE,
    }
}

const fn set(max: usize) -> Option<usize> {
    match max {
        NONE => None,
        max => Some(max),
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits::none()
    }
}

// By hand: what is not limited says so.
impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits")
            .field("request", &self.request())
            .field("response", &self.response())
            .field("items", &self.items())
            .finish()
    }
}
