use super::cursor::{Cursor, MAX_DEPTH};
use super::{ParseError, Reason};
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
    pub(super) fn payload_member(self) -> &'static str {
        match self {
            Kind::Request | Kind::Notification => "params",
            Kind::Response => "result",
            Kind::Error => "error",
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

/// The members that a JSON-RPC message is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Member {
    Jsonrpc,
    Id,
    Method,
    Params,
    Result,
    Error,
}

impl Member {
    #[inline(always)]
    fn of(name: &[u8]) -> Option<Member> {
        match name {
            b"jsonrpc" => Some(Member::Jsonrpc),
            b"id" => Some(Member::Id),
            b"method" => Some(Member::Method),
            b"params" => Some(Member::Params),
            b"result" => Some(Member::Result),
            b"error" => Some(Member::Error),
            _ => None,
        }
    }

    /// Passes a key of the message object and its colon. Gives the member it names, and where its quote stands.
    #[inline(always)]
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<(Option<Member>, usize), Reason> {
        let (start, end, escaped) = cursor.key()?;
        let key = start - 1;
        if !escaped {
            return Ok((Member::of(&cursor.bytes()[start..end]), key));
        }
        match unescape(&cursor.bytes()[key..=end]) {
            Some(name) => Ok((Member::of(name.as_bytes()), key)),
            None => cursor.refuse(Reason::LoneSurrogate, key),
        }
    }
}

/// The text of a JSON string, given with its quotes; `None` if half of a surrogate pair is in it.
pub(super) fn unescape(quoted: &[u8]) -> Option<String> {
    serde_json::from_slice(quoted).ok()
}

impl Envelope {
    /// Scans a whole frame. Also gives where the object stands in it, without the whitespace around it; the spans count from there.
    pub(super) fn scan(frame: &[u8], limits: Limits) -> Result<(Envelope, Range<usize>), ParseError> {
        if u32::try_from(frame.len()).is_err() {
            return Err(ParseError::new(Reason::TooLong, 0, 0));
        }
        if simdutf8::basic::from_utf8(frame).is_err() {
            let offset = std::str::from_utf8(frame).map_or_else(|error| error.valid_up_to(), str::len);
            return Err(ParseError::new(Reason::NotUtf8, offset, 0));
        }
        let mut cursor = Cursor::new(frame);
        Envelope::read(&mut cursor, limits).map_err(|reason| {
            let limit = if reason == Reason::IdTooLong {
                limits.id
            } else {
                limits.depth.min(MAX_DEPTH)
            };
            ParseError::new(reason, cursor.pos(), limit)
        })
    }

    fn read(cursor: &mut Cursor<'_>, limits: Limits) -> Result<(Envelope, Range<usize>), Reason> {
        match cursor.token() {
            b'{' => {}
            b'[' => return Err(Reason::Batch),
            _ if cursor.at_end() => return Err(Reason::UnexpectedEnd),
            _ => return Err(Reason::NotObject),
        }
        let start = cursor.pos();
        cursor.newline = false;
        let depth = limits.depth.min(MAX_DEPTH);
        if depth == 0 {
            return Err(Reason::TooDeep);
        }
        let found = Found::read(cursor, depth - 1)?;
        let end = cursor.pos();
        let line_breaks = cursor.newline;
        cursor.token();
        if !cursor.at_end() {
            return Err(Reason::TrailingBytes);
        }
        let envelope = found.judge(cursor, start, limits, line_breaks)?;
        Ok((envelope, start..end))
    }
}

/// Where the members of one object stand, as absolute ranges in the frame.
#[derive(Default)]
struct Found {
    version: Option<Range<usize>>,
    id: Option<Range<usize>>,
    method: Option<Range<usize>>,
    params: Option<Range<usize>>,
    result: Option<Range<usize>>,
    error: Option<Range<usize>>,
}

impl Found {
    /// Reads the object whose brace stands here.
    fn read(cursor: &mut Cursor<'_>, depth: usize) -> Result<Found, Reason> {
        let mut found = Found::default();
        cursor.advance();
        if cursor.token() == b'}' {
            cursor.advance();
            return Ok(found);
        }
        loop {
            let (member, key) = Member::read(cursor)?;
            cursor.token();
            let value = cursor.pos();
            cursor.value(depth)?;
            if let Some(member) = member
                && found.slot(member).replace(value..cursor.pos()).is_some()
            {
                return cursor.refuse(Reason::DuplicateMember, key);
            }
            match cursor.token() {
                b',' => cursor.advance(),
                b'}' => {
                    cursor.advance();
                    return Ok(found);
                }
                _ => return cursor.unexpected(),
            }
        }
    }

    fn slot(&mut self, member: Member) -> &mut Option<Range<usize>> {
        match member {
            Member::Jsonrpc => &mut self.version,
            Member::Id => &mut self.id,
            Member::Method => &mut self.method,
            Member::Params => &mut self.params,
            Member::Result => &mut self.result,
            Member::Error => &mut self.error,
        }
    }

    /// Tells what the members make together. The object begins at `base`.
    fn judge(
        self,
        cursor: &mut Cursor<'_>,
        base: usize,
        limits: Limits,
        line_breaks: bool,
    ) -> Result<Envelope, Reason> {
        let bytes = cursor.bytes();
        if let Some(version) = self.version
            && !is_version(&bytes[version.clone()])
        {
            return cursor.refuse(Reason::WrongVersion, version.start);
        }
        let (kind, payload) = match (&self.method, self.result, self.error) {
            (Some(_), None, None) => (
                if self.id.is_some() {
                    Kind::Request
                } else {
                    Kind::Notification
                },
                self.params,
            ),
            (None, Some(result), None) => (Kind::Response, Some(result)),
            (None, None, Some(error)) => (Kind::Error, Some(error)),
            (Some(_), Some(result), _) => return cursor.refuse(Reason::MethodAndResult, result.start),
            (Some(_), None, Some(error)) => return cursor.refuse(Reason::MethodAndResult, error.start),
            (None, Some(result), Some(error)) => {
                return cursor.refuse(Reason::ResultAndError, result.start.max(error.start));
            }
            (None, None, None) if self.id.is_some() => return cursor.refuse(Reason::NoResult, base),
            (None, None, None) => return cursor.refuse(Reason::NoMethodOrId, base),
        };
        let mut escaped_method = false;
        if let Some(method) = &self.method {
            let raw = &bytes[method.clone()];
            if raw[0] != b'"' {
                return cursor.refuse(Reason::MethodType, method.start);
            }
            escaped_method = raw.contains(&b'\\');
            if escaped_method && unescape(raw).is_none() {
                return cursor.refuse(Reason::LoneSurrogate, method.start);
            }
        }
        match &self.id {
            Some(id) => {
                if let Err(reason) = check_id(&bytes[id.clone()], kind, limits.id) {
                    return cursor.refuse(reason, id.start);
                }
            }
            None if kind == Kind::Response => return cursor.refuse(Reason::NoMethodOrId, base),
            None => {}
        }
        let span = |range: Range<usize>| Span::new(range.start - base, range.end - base);
        Ok(Envelope {
            kind,
            id: self.id.map(span).unwrap_or_default(),
            method: self
                .method
                .map(|quoted| span(quoted.start + 1..quoted.end - 1))
                .unwrap_or_default(),
            payload: payload.map(span).unwrap_or_default(),
            escaped_method,
            escaped_keys: cursor.escaped_key,
            line_breaks,
        })
    }
}

fn is_version(raw: &[u8]) -> bool {
    raw == br#""2.0""# || (raw.contains(&b'\\') && unescape(raw).is_some_and(|text| text == "2.0"))
}

/// Checks an id that is known to be one JSON value.
fn check_id(raw: &[u8], kind: Kind, cap: usize) -> Result<(), Reason> {
    match raw[0] {
        b'"' | b'-' | b'0'..=b'9' => {}
        b'n' if kind == Kind::Error => return Ok(()),
        b'n' => return Err(Reason::NullId),
        _ => return Err(Reason::IdType),
    }
    if raw.len() > cap {
        return Err(Reason::IdTooLong);
    }
    if raw.contains(&b'\\') && unescape(raw).is_none() {
        return Err(Reason::LoneSurrogate);
    }
    Ok(())
}
