use super::cursor::{Cursor, MAX_DEPTH};
use super::envelope::{Envelope, Kind, Limits, Span};
use super::member::{Member, unescape};
use super::{ParseError, Reason};
use std::ops::Range;

/// Scans a whole frame. Also gives where the object stands in it, without the whitespace around it; the spans count from there.
pub(super) fn scan(frame: &[u8], limits: Limits) -> Result<(Envelope, Range<usize>), ParseError> {
    if u32::try_from(frame.len()).is_err() {
        return Err(ParseError::new(Reason::TooLong, 0, 0));
    }
    if simdutf8::basic::from_utf8(frame).is_err() {
        let offset = std::str::from_utf8(frame).map_or_else(|error| error.valid_up_to(), str::len);
        return Err(ParseError::new(Reason::NotUtf8, offset, 0));
    }
    let start = frame
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
        .count();
    let mut cursor = Cursor::new(&frame[start..]);
    match read(&mut cursor, limits) {
        Ok((envelope, len)) => Ok((envelope, start..start + len)),
        Err(reason) => {
            let limit = if reason == Reason::IdTooLong {
                limits.id
            } else {
                limits.depth.min(MAX_DEPTH)
            };
            Err(ParseError::new(reason, start + cursor.pos(), limit))
        }
    }
}

/// Reads the object that begins here. Gives its length, too.
fn read(cursor: &mut Cursor<'_>, limits: Limits) -> Result<(Envelope, usize), Reason> {
    match cursor.token() {
        b'{' => {}
        b'[' => return Err(Reason::Batch),
        _ if cursor.at_end() => return Err(Reason::UnexpectedEnd),
        _ => return Err(Reason::NotObject),
    }
    let Some(depth) = limits.depth.min(MAX_DEPTH).checked_sub(1) else {
        return Err(Reason::TooDeep);
    };
    let mut found = Found::default();
    found.read(cursor, depth)?;
    let len = cursor.pos();
    let line_breaks = cursor.newline;
    cursor.token();
    if !cursor.at_end() {
        return Err(Reason::TrailingBytes);
    }
    let bytes = cursor.bytes();
    let kind = match found.judge(bytes, limits.id) {
        Ok(kind) => kind,
        Err((reason, offset)) => return cursor.refuse(reason, offset),
    };
    let method = found.of(Member::Method).without_quotes();
    let envelope = Envelope {
        kind,
        id: found.of(Member::Id),
        method,
        payload: found.of(kind.payload_member()),
        escaped_method: found.is_escaped(Member::Method),
        escaped_keys: cursor.escaped_key,
        line_breaks,
    };
    Ok((envelope, len))
}

/// Where the values of the members of one object stand, and which are strings with escapes: one bit each.
#[derive(Default)]
struct Found([Span; Member::COUNT], u8);

impl Found {
    fn of(&self, member: Member) -> Span {
        self.0[member as usize]
    }

    fn is_escaped(&self, member: Member) -> bool {
        self.1 & 1 << member as u8 != 0
    }

    /// The byte at which the value of a member begins, if it is there.
    fn start(&self, member: Member) -> Option<usize> {
        self.of(member).range().map(|range| range.start)
    }

    /// Reads the object whose brace stands here.
    fn read(&mut self, cursor: &mut Cursor<'_>, depth: usize) -> Result<(), Reason> {
        cursor.advance();
        if cursor.token() == b'}' {
            cursor.advance();
            return Ok(());
        }
        loop {
            let (member, key) = Member::read(cursor)?;
            cursor.token();
            let start = cursor.pos();
            let escaped = cursor.member_value(depth)?;
            if let Some(member) = member {
                let span = Span::new(start, cursor.pos());
                self.1 |= u8::from(escaped) << member as u8;
                if std::mem::replace(&mut self.0[member as usize], span).range().is_some() {
                    return cursor.refuse(Reason::DuplicateMember, key);
                }
            }
            match cursor.token() {
                b',' => cursor.advance(),
                b'}' => {
                    cursor.advance();
                    return Ok(());
                }
                _ => return cursor.unexpected(),
            }
        }
    }

    /// Tells what the members make together, or what is wrong with them and where.
    fn judge(&self, bytes: &[u8], id_cap: usize) -> Result<Kind, (Reason, usize)> {
        if let Some(version) = self.of(Member::Jsonrpc).range()
            && !is_version(&bytes[version.clone()], self.is_escaped(Member::Jsonrpc))
        {
            return Err((Reason::WrongVersion, version.start));
        }
        let id = self.of(Member::Id).range();
        let kind = match (
            self.start(Member::Method),
            self.start(Member::Result),
            self.start(Member::Error),
        ) {
            (Some(_), None, None) if id.is_some() => Kind::Request,
            (Some(_), None, None) => Kind::Notification,
            (None, Some(_), None) if id.is_some() => Kind::Response,
            (None, None, Some(_)) => Kind::Error,
            (Some(_), Some(outcome), _) | (Some(_), None, Some(outcome)) => {
                return Err((Reason::MethodAndResult, outcome));
            }
            (None, Some(result), Some(error)) => return Err((Reason::ResultAndError, result.max(error))),
            (None, None, None) if id.is_some() => return Err((Reason::NoResult, 0)),
            (None, _, None) => return Err((Reason::NoMethodOrId, 0)),
        };
        if let Some(method) = self.of(Member::Method).range() {
            check_method(&bytes[method.clone()], self.is_escaped(Member::Method))
                .map_err(|reason| (reason, method.start))?;
        }
        if let Some(id) = id {
            check_id(&bytes[id.clone()], self.is_escaped(Member::Id), kind, id_cap)
                .map_err(|reason| (reason, id.start))?;
        }
        Ok(kind)
    }
}

fn is_version(raw: &[u8], escaped: bool) -> bool {
    raw == br#""2.0""# || (escaped && unescape(raw).is_some_and(|text| text == "2.0"))
}

/// Checks a method that is known to be one JSON value.
fn check_method(raw: &[u8], escaped: bool) -> Result<(), Reason> {
    if raw[0] == b'"' {
        check_text(raw, escaped)
    } else {
        Err(Reason::MethodType)
    }
}

/// Checks an id that is known to be one JSON value.
fn check_id(raw: &[u8], escaped: bool, kind: Kind, cap: usize) -> Result<(), Reason> {
    match raw[0] {
        b'"' | b'-' | b'0'..=b'9' if raw.len() > cap => Err(Reason::IdTooLong),
        b'"' | b'-' | b'0'..=b'9' => check_text(raw, escaped),
        b'n' if kind == Kind::Error => Ok(()),
        b'n' => Err(Reason::NullId),
        _ => Err(Reason::IdType),
    }
}

/// Checks that the escapes in what this room reads make a text.
fn check_text(raw: &[u8], escaped: bool) -> Result<(), Reason> {
    if escaped && unescape(raw).is_none() {
        Err(Reason::LoneSurrogate)
    } else {
        Ok(())
    }
}
