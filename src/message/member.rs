use super::Reason;
use super::cursor::Cursor;

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
    pub(super) const COUNT: usize = 6;

    pub(super) fn name(self) -> &'static str {
        match self {
            Member::Jsonrpc => "jsonrpc",
            Member::Id => "id",
            Member::Method => "method",
            Member::Params => "params",
            Member::Result => "result",
            Member::Error => "error",
        }
    }

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

    /// The member whose name and colon stand here as nearly all peers write them, and how long that is: what can be compared in one go need
    /// not be searched for its end.
    #[inline(always)]
    fn plain(rest: &[u8]) -> Option<(Member, usize)> {
        // An arm each, so that each compares with a constant of known length.
        match rest.get(1)? {
            b'j' => Member::Jsonrpc.at(rest, br#""jsonrpc":"#),
            b'i' => Member::Id.at(rest, br#""id":"#),
            b'm' => Member::Method.at(rest, br#""method":"#),
            b'p' => Member::Params.at(rest, br#""params":"#),
            b'r' => Member::Result.at(rest, br#""result":"#),
            b'e' => Member::Error.at(rest, br#""error":"#),
            _ => None,
        }
    }

    #[inline(always)]
    fn at<const N: usize>(self, rest: &[u8], key: &[u8; N]) -> Option<(Member, usize)> {
        rest.starts_with(key).then_some((self, N))
    }

    /// Passes a key of the message object and its colon. Gives the member it names, and where its quote stands.
    #[inline(always)]
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<(Option<Member>, usize), Reason> {
        if cursor.token() == b'"'
            && let Some((member, len)) = Member::plain(cursor.rest())
        {
            let key = cursor.pos();
            cursor.skip(len);
            return Ok((Some(member), key));
        }
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
