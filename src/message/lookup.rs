use super::Message;
use super::member::unescape;
use super::strings::plain_end;
use memchr::memmem;
use std::fmt;
use std::ops::Range;

/// One member name stands twice on the way to the value, so two parsers would read two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ambiguous {
    offset: usize,
}

impl Ambiguous {
    /// The byte of the payload at which the name stands for the second time.
    pub fn offset(&self) -> usize {
        self.offset
    }
}

impl fmt::Display for Ambiguous {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the same member again at byte {} of the payload", self.offset)
    }
}

impl std::error::Error for Ambiguous {}

impl Message {
    /// Finds a value inside the payload by member names, for example `["_meta", "progressToken"]`.
    ///
    /// The range is into [`Message::payload`]. Objects only; no match, or a non-object on the way, is `None`. Names are compared unescaped.
    /// A value that is not there costs one substring search, unless some key of the message is written with escapes.
    ///
    /// # Errors
    ///
    /// [`Ambiguous`] if a name on the way stands twice in its object.
    pub fn find(&self, path: &[&str]) -> Result<Option<Range<usize>>, Ambiguous> {
        let Some(payload) = self.payload_bytes() else {
            return Ok(None);
        };
        let mut walk = Walk {
            bytes: payload,
            pos: 0,
            escapes: self.envelope.escaped_keys,
        };
        if path.last().is_some_and(|name| !walk.names(name, 0)) {
            return Ok(None);
        }
        for name in path {
            if !walk.enter(name)? {
                return Ok(None);
            }
        }
        walk.token();
        let start = walk.pos;
        walk.value();
        Ok(Some(start..walk.pos))
    }
}

/// Below so many bytes, preparing `memmem` costs more than it saves.
const SHORT: usize = 1024;
/// Bytes of a name that are searched, with its closing quote.
const NEEDLE: usize = 32;

/// Walks over a payload, which is known to be JSON.
struct Walk<'a> {
    bytes: &'a [u8],
    pos: usize,
    /// Whether a key may be written with escapes.
    escapes: bool,
}

impl Walk<'_> {
    /// Whether a key of that name may stand at or after `from`. Says yes in doubt.
    fn names(&self, name: &str, from: usize) -> bool {
        if self.escapes {
            return true;
        }
        // The end of a long name is searched, as `memmem` prepares a costlier search for needles over 32 bytes. With its quote, no
        // two finds overlap.
        let name = name.as_bytes();
        let tail = &name[name.len().saturating_sub(NEEDLE - 1)..];
        let mut needle = [b'"'; NEEDLE];
        needle[..tail.len()].copy_from_slice(tail);
        let needle = &needle[..=tail.len()];
        let rest = &self.bytes[from..];
        let is_key = |at: usize| {
            let before = self.bytes[..from + at + tail.len()].strip_suffix(name);
            before.and_then(<[u8]>::last) == Some(&b'"')
        };
        if rest.len() < SHORT {
            let mut starts = memchr::memchr_iter(needle[0], rest);
            return starts.any(|at| rest[at..].starts_with(needle) && is_key(at));
        }
        memmem::find_iter(rest, needle).any(is_key)
    }

    /// Goes to the value of a member of the object that stands here.
    fn enter(&mut self, name: &str) -> Result<bool, Ambiguous> {
        if self.token() != b'{' || self.member(name).is_none() {
            return Ok(false);
        }
        let value = self.pos;
        // Only if the name stands once more behind, in this object or elsewhere, need the rest of this object be walked.
        if self.names(name, value) {
            self.value();
            if self.token() == b','
                && let Some(offset) = self.member(name)
            {
                return Err(Ambiguous { offset });
            }
        }
        self.pos = value;
        Ok(true)
    }

    /// From the brace or comma before a member, goes to the value of the next member of that name. Gives where its key stands.
    fn member(&mut self, name: &str) -> Option<usize> {
        loop {
            self.pos += 1;
            if self.token() != b'"' {
                return None;
            }
            let key = self.pos;
            self.string();
            let quoted = &self.bytes[key..self.pos];
            self.token();
            self.pos += 1;
            if self.is_named(quoted, name) {
                return Some(key);
            }
            self.value();
            if self.token() != b',' {
                return None;
            }
        }
    }

    fn is_named(&self, quoted: &[u8], name: &str) -> bool {
        if self.escapes && quoted.contains(&b'\\') {
            unescape(quoted).is_some_and(|key| key == name)
        } else {
            &quoted[1..quoted.len() - 1] == name.as_bytes()
        }
    }

    /// Skips whitespace and gives the byte behind it, or 0 at the end.
    fn token(&mut self) -> u8 {
        loop {
            match self.bytes.get(self.pos) {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.pos += 1,
                Some(byte) => return *byte,
                None => return 0,
            }
        }
    }

    /// Passes the string whose quote stands here.
    fn string(&mut self) {
        self.pos = plain_end(self.bytes, self.pos + 1);
        while self.bytes.get(self.pos) == Some(&b'\\') {
            self.pos = plain_end(self.bytes, self.pos + 2);
        }
        self.pos += 1;
    }

    /// Passes the value that begins here. As it is known to be JSON, counting brackets is enough.
    fn value(&mut self) {
        let mut open = 0_usize;
        loop {
            match self.token() {
                b'"' => self.string(),
                b'{' | b'[' => {
                    open += 1;
                    self.pos += 1;
                }
                b'}' | b']' => {
                    open -= 1;
                    self.pos += 1;
                }
                b',' | b':' => self.pos += 1,
                0 => return,
                _ => self.scalar(),
            }
            if open == 0 {
                return;
            }
        }
    }

    /// Passes a number or a literal.
    fn scalar(&mut self) {
        let rest = &self.bytes[self.pos..];
        let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
        self.pos += rest.iter().position(ends).unwrap_or(rest.len());
    }
}
