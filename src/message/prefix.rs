use super::cursor::{Cursor, MAX_DEPTH};
use super::envelope::Member;
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
