/// Why a frame is not a message, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseError {
    reason: Reason,
    offset: usize,
}

/// The list of all that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// A batch.
    Batch,
}

impl ParseError {
    /// What is wrong.
    pub fn reason(&self) -> Reason {
        self.reason
    }
    /// The byte at which it was seen.
    pub fn offset(&self) -> usize {
        self.offset
    }
}
impl std::fmt::Display for ParseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "not a JSON-RPC message: {:?} at byte {}", self.reason, self.offset)
    }
}
impl std::error::Error for ParseError {}

/// A payload that does not decode into the type asked for.
#[derive(Debug)]
pub struct DecodeError(serde_json::Error);
impl std::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}
impl std::error::Error for DecodeError {}
