use super::Limits;
use super::cursor::Cursor;
use super::member::unescape;
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;
use std::fmt;
use std::hash::{Hash, Hasher};

/// A JSON-RPC id as it stands on the wire: raw bytes and type kept, so that `1`, `1.0` and `"1"` differ.
///
/// Up to 38 bytes (a quoted UUID) are held inline; a clone of those does not allocate.
///
/// It serialises as the raw JSON it is, with `serde_json` only.
#[derive(Clone)]
pub struct Id(Repr);

const INLINE: usize = 38;

#[derive(Clone)]
enum Repr {
    Inline { len: u8, bytes: [u8; INLINE] },
    Heap(Box<[u8]>),
}

/// A text that is not one JSON string or number, or takes more bytes than [`Limits::id`] has by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidId(());

impl Id {
    /// The id `null`, which only an error response may carry.
    pub fn null() -> Id {
        Id::from_wire(b"null")
    }

    /// A number.
    pub fn number(n: u64) -> Id {
        let len = n.checked_ilog10().map_or(1, |log| log as usize + 1);
        let mut bytes = [0; INLINE];
        let mut rest = n;
        for digit in bytes[..len].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        Id(Repr::Inline { len: len as u8, bytes })
    }

    /// A string; it is escaped as JSON asks.
    pub fn string(text: &str) -> Id {
        let plain = text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\');
        let mut quoted = [b'"'; INLINE];
        match quoted.get_mut(1..1 + text.len()) {
            Some(room) if plain && text.len() + 2 <= INLINE => {
                room.copy_from_slice(text.as_bytes());
                Id::from_wire(&quoted[..text.len() + 2])
            }
            _ => Id::from_wire(serde_json::Value::from(text).to_string().as_bytes()),
        }
    }

    /// From raw JSON, without whitespace around it.
    ///
    /// # Errors
    ///
    /// [`InvalidId`] if this is not one JSON string or number, or takes more than 256 bytes. For `null` there is [`Id::null`].
    pub fn from_raw(raw: &[u8]) -> Result<Id, InvalidId> {
        let mut cursor = Cursor::new(raw);
        let good = raw.len() <= Limits::default().id
            && matches!(raw.first(), Some(b'"' | b'-' | b'0'..=b'9'))
            && std::str::from_utf8(raw).is_ok()
            && cursor.value(0).is_ok()
            && cursor.at_end()
            && (!raw.contains(&b'\\') || unescape(raw).is_some());
        if good {
            Ok(Id::from_wire(raw))
        } else {
            Err(InvalidId(()))
        }
    }

    /// From bytes that a scan has found to be an id.
    pub(super) fn from_wire(raw: &[u8]) -> Id {
        if raw.len() <= INLINE {
            let mut bytes = [0; INLINE];
            bytes[..raw.len()].copy_from_slice(raw);
            Id(Repr::Inline {
                len: raw.len() as u8,
                bytes,
            })
        } else {
            Id(Repr::Heap(raw.into()))
        }
    }

    /// The raw JSON.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline { len, bytes } => &bytes[..usize::from(*len)],
            Repr::Heap(bytes) => bytes,
        }
    }

    /// The raw JSON as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).expect("an id is checked for UTF-8 when it is made")
    }

    /// The id as a plain unsigned integer, if it is written as one (`7`, not `7.0`, `07` or `"7"`).
    pub fn as_u64(&self) -> Option<u64> {
        plain_number(self.as_bytes())
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        self.as_bytes() == b"null"
    }
}

/// The number that a raw id is written as, if it is written as a plain unsigned integer.
#[inline]
pub(super) fn plain_number(raw: &[u8]) -> Option<u64> {
    raw.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

impl PartialEq for Id {
    fn eq(&self, other: &Id) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Id {}

impl Hash for Id {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(self.as_str()).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "an id is one JSON string or number of at most {} bytes",
            Limits::default().id
        )
    }
}

impl std::error::Error for InvalidId {}
