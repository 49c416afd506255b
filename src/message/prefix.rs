use super::cursor::{Cursor, MAX_DEPTH};
use super::member::Member;
use super::{Id, Kind, Message, Reason};

/// What the first bytes of a frame tell about the whole of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrefixHead {
    /// The id, if all of it stands there, and once.
    pub id: Option<Id>,
    /// What the frame would have been: a request (or a notification, as long as no id was seen), a response or an error. `None` if no member
    /// that tells was seen, or members that contradict one another.
    pub kind: Option<Kind>,
}

impl Message {
    /// Reads what can be known of a frame that is over a size limit from its first bytes, so that the one call it belongs to can be failed.
    ///
    /// Costs time in proportion to `prefix`, for which 1 KiB is plenty: peers write the id and the method before the payload. Takes only
    /// what stands in the message object itself, never what stands deeper, and nothing that the cut went through.
    pub fn id_in_prefix(prefix: &[u8]) -> PrefixHead {
        let mut head = PrefixHead::default();
        // Where reading stops, by the cut or by something that is not JSON, makes no difference to what was seen before.
        let _ = read(&mut Cursor::new(prefix), &mut head);
        head
    }
}

impl Message {
    /// Reads the id of a frame over a size limit from its last bytes, where it is the object's last member.
    ///
    /// Some peers write it there (`{"result":..,"jsonrpc":"2.0","id":7}`, the MCP TypeScript SDK). As the frame's last brace closes the
    /// message object, a member right before it is the object's own, if the frame is JSON at all.
    pub fn id_in_suffix(suffix: &[u8]) -> Option<Id> {
        let body = suffix.trim_ascii_end().strip_suffix(b"}")?.trim_ascii_end();
        let start = match body.split_last()? {
            (b'"', text) => {
                let start = memchr::memrchr(b'"', text)?;
                // An escaped quote would make it another string than the whole: such an id is left unread.
                (!text[start..].contains(&b'\\')).then_some(start)?
            }
            _ => {
                body.iter()
                    .rposition(|byte| matches!(byte, b':' | b'"' | b',' | b'{'))?
                    + 1
            }
        };
        let (before, id) = body.split_at(start);
        let key = before
            .trim_ascii_end()
            .strip_suffix(b":")?
            .trim_ascii_end()
            .strip_suffix(b"\"id\"")?;
        matches!(key.trim_ascii_end().last(), Some(b',' | b'{')).then_some(())?;
        Id::from_raw(id.trim_ascii()).ok()
    }
}

fn read(cursor: &mut Cursor<'_>, head: &mut PrefixHead) -> Result<(), Reason> {
    if cursor.token() != b'{' {
        return Err(Reason::NotObject);
    }
    let mut id_seen = false;
    let mut contradiction = false;
    loop {
        cursor.advance();
        let (member, _) = Member::read(cursor)?;
        let kind = match member {
            Some(Member::Method | Member::Params) => Some(Kind::Request),
            Some(Member::Result) => Some(Kind::Response),
            Some(Member::Error) => Some(Kind::Error),
            Some(Member::Jsonrpc | Member::Id) | None => None,
        };
        if kind.is_some() {
            contradiction |= head.kind.is_some_and(|before| Some(before) != kind);
            head.kind = if contradiction { None } else { kind };
        }
        cursor.token();
        let value = cursor.pos();
        cursor.value(MAX_DEPTH - 1)?;
        let value_end = cursor.pos();
        // A number may go on behind the cut, so something must follow it.
        let next = cursor.token();
        if cursor.at_end() {
            return Err(Reason::UnexpectedEnd);
        }
        if member == Some(Member::Id) {
            head.id = if id_seen {
                None
            } else {
                Id::from_raw(&cursor.bytes()[value..value_end]).ok()
            };
            id_seen = true;
        }
        if next != b',' {
            return Err(Reason::UnexpectedByte);
        }
    }
}
