use super::Message;
use std::ops::Range;

/// One member name stands twice on the way to the value, so two parsers would read two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ambiguous {
    offset: usize,
}

impl std::fmt::Display for Ambiguous {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "duplicate member at byte {}", self.offset)
    }
}
impl std::error::Error for Ambiguous {}

impl Message {
    /// Finds a value inside the payload by member names, for example `["_meta", "progressToken"]`.
    ///
    /// The range is into [`Message::payload`]. Objects only; no match, or a non-object on the way, is `None`.
    pub fn find(&self, path: &[&str]) -> Result<Option<Range<usize>>, Ambiguous> {
        let _ = path;
        unimplemented!()
    }

    /// This message with a part of its payload replaced: the frame is copied once.
    pub fn splice(&self, range: Range<usize>, with: &[u8]) -> Message {
        let _ = (range, with);
        unimplemented!()
    }
}
