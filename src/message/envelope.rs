use super::cursor::MAX_DEPTH;
use super::member::Member;
use std::ops::Range;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Has a method and an id: wants one response.
    Request,
    /// Has a method and no id: wants none.
    Notification,
    /// Has an id and a result.
    Response,
    /// Has an error, and an id unless the request could not be read.
    Error,
}

impl Kind {
    /// The member that holds the payload.
    pub(super) fn payload_member(self) -> Member {
        match self {
            Kind::Request | Kind::Notification => Member::Params,
            Kind::Response => Member::Result,
            Kind::Error => Member::Error,
        }
    }
}

/// Caps of the scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How deep objects and arrays may nest; the message itself is the first level. More than 128 counts as 128.
    ///
    /// At 128 the payload has at most 127 levels, which is what `serde_json` decodes.
    pub depth: usize,
    /// How many bytes an id may take as it stands on the wire, quotes included.
    pub id: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            depth: MAX_DEPTH,
            id: 256,
        }
    }
}

/// Where something stands in the frame. Nothing of interest stands at its first byte, so an end of 0 means that it is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// The caller has made sure that the frame is shorter than 4 GiB.
    pub(super) fn new(start: usize, end: usize) -> Span {
        Span {
            start: start as u32,
            end: end as u32,
        }
    }

    pub(super) fn range(self) -> Option<Range<usize>> {
        (self.end != 0).then_some(self.start as usize..self.end as usize)
    }

    /// A string without its quotes.
    pub(super) fn without_quotes(self) -> Span {
        self.range()
            .map(|range| Span::new(range.start + 1, range.end - 1))
            .unwrap_or_default()
    }

    /// The span after `removed` bytes at `at` gave way to `added`, for a span that lies on one side of them.
    pub(super) fn shifted(self, at: usize, removed: usize, added: usize) -> Span {
        match self.range() {
            Some(range) if range.start >= at => Span::new(range.start - removed + added, range.end - removed + added),
            _ => self,
        }
    }
}

/// Everything that is known about a frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Envelope {
    pub(super) kind: Kind,
    /// The raw id.
    pub(super) id: Span,
    /// The method between its quotes.
    pub(super) method: Span,
    /// The raw `params`, `result` or `error`.
    pub(super) payload: Span,
    /// The method has escapes.
    pub(super) escaped_method: bool,
    /// Some object key, at any depth, may have escapes.
    pub(super) escaped_keys: bool,
    /// A raw line break may stand between two tokens.
    pub(super) line_breaks: bool,
}
