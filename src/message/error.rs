use std::fmt;

/// Why a frame is not a message, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseError {
    reason: Reason,
    offset: usize,
    /// The cap, for the reasons that have one.
    limit: usize,
}

/// Everything for which a frame is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The frame is 4 GiB or longer.
    TooLong,
    /// The frame is not UTF-8.
    NotUtf8,
    /// The frame ends before its object does, or holds nothing at all.
    UnexpectedEnd,
    /// A byte stands where JSON's grammar wants another.
    UnexpectedByte,
    /// A string holds a raw control byte.
    ControlByte,
    /// A string holds an escape that JSON does not have.
    BadEscape,
    /// A number breaks JSON's grammar.
    BadNumber,
    /// Something begins like `true`, `false` or `null`, and is not.
    BadLiteral,
    /// Something other than whitespace follows the object.
    TrailingBytes,
    /// Values nest deeper than [`Limits::depth`](super::Limits::depth).
    TooDeep,
    /// The frame is an array: a JSON-RPC batch.
    Batch,
    /// The frame is neither an object nor an array.
    NotObject,
    /// An envelope member stands twice.
    DuplicateMember,
    /// A method, an id or the name of a member of the message holds half of a surrogate pair, so it is no text.
    LoneSurrogate,
    /// `jsonrpc` is there, and is not `"2.0"`.
    WrongVersion,
    /// The method is not a string.
    MethodType,
    /// The id is neither a string nor a number nor `null`.
    IdType,
    /// The id takes more bytes than [`Limits::id`](super::Limits::id).
    IdTooLong,
    /// The id is `null`, and this is no error response.
    NullId,
    /// There is neither a method nor an id nor an error.
    NoMethodOrId,
    /// There is an id, and neither a method nor a result nor an error.
    NoResult,
    /// There is a method beside a result or an error.
    MethodAndResult,
    /// There is a result beside an error.
    ResultAndError,
}

impl ParseError {
    pub(super) fn new(reason: Reason, offset: usize, limit: usize) -> ParseError {
        ParseError { reason, offset, limit }
    }

    /// What is wrong.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// The byte of the frame at which it was seen. What is missing from the object is reported at its opening brace.
    pub fn offset(&self) -> usize {
        self.offset
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a JSON-RPC message: {}", self.reason)?;
        match self.reason {
            Reason::TooDeep => write!(f, " of {} levels", self.limit)?,
            Reason::IdTooLong => write!(f, " of {} bytes", self.limit)?,
            _ => {}
        }
        write!(f, ", at byte {}", self.offset)
    }
}

impl std::error::Error for ParseError {}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::TooLong => "the frame is 4 GiB or longer",
            Reason::NotUtf8 => "invalid UTF-8",
            Reason::UnexpectedEnd => "the frame ends too early",
            Reason::UnexpectedByte => "unexpected byte",
            Reason::ControlByte => "unescaped control byte in a string",
            Reason::BadEscape => "unknown escape in a string",
            Reason::BadNumber => "malformed number",
            Reason::BadLiteral => "malformed literal",
            Reason::TrailingBytes => "bytes after the object",
            Reason::TooDeep => "values nest deeper than the limit",
            Reason::Batch => "a batch; send one message per frame",
            Reason::NotObject => "not an object",
            Reason::DuplicateMember => "duplicate member",
            Reason::LoneSurrogate => "half of a surrogate pair in a method, an id or a member name",
            Reason::WrongVersion => "`jsonrpc` is not \"2.0\"",
            Reason::MethodType => "the method is not a string",
            Reason::IdType => "the id is neither a string nor a number",
            Reason::IdTooLong => "the id is longer than the limit",
            Reason::NullId => "the id is null outside of an error response",
            Reason::NoMethodOrId => "neither a method nor an id",
            Reason::NoResult => "an id with neither a method nor a result nor an error",
            Reason::MethodAndResult => "a method beside a result or an error",
            Reason::ResultAndError => "a result beside an error",
        })
    }
}

/// A payload that does not decode into the type asked for.
#[derive(Debug)]
pub struct DecodeError {
    member: &'static str,
    inner: serde_json::Error,
}

impl DecodeError {
    pub(super) fn new(member: &'static str, inner: serde_json::Error) -> DecodeError {
        DecodeError { member, inner }
    }

    /// The member that was decoded: `params`, `result` or `error`.
    pub fn member(&self) -> &'static str {
        self.member
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not of the type asked for", self.member)
    }
}

impl std::error::Error for DecodeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.inner)
    }
}
