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
        let Some(mut walk) = self.walk(0) else {
            return Ok(None);
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

    /// Whether a member of that name may stand in the payload, at any depth: one substring search. Says yes in doubt.
    #[cfg(feature = "http-server")]
    pub(crate) fn mentions(&self, name: &str) -> bool {
        self.walk(0).is_some_and(|walk| walk.names(name, 0))
    }

    /// Finds several members of one object in one walk over it. `object` is where its value begins in the payload, as a find gave it.
    ///
    /// # Errors
    ///
    /// [`Ambiguous`] if one of the names stands there twice.
    #[cfg(feature = "http-server")]
    pub(crate) fn members<const N: usize>(
        &self,
        object: usize,
        names: [&str; N],
    ) -> Result<[Option<Range<usize>>; N], Ambiguous> {
        let mut found = [const { None }; N];
        let Some(mut walk) = self.walk(object) else {
            return Ok(found);
        };
        if walk.token() != b'{' {
            return Ok(found);
        }
        while let Some((key, quoted)) = walk.key() {
            let wanted = names.iter().position(|name| walk.is_named(quoted, name));
            walk.token();
            let start = walk.pos;
            walk.value();
            if let Some(wanted) = wanted
                && found[wanted].replace(start..walk.pos).is_some()
            {
                return Err(Ambiguous { offset: key });
            }
            if walk.token() != b',' {
                break;
            }
        }
        Ok(found)
    }

    fn walk(&self, pos: usize) -> Option<Walk<'_>> {
        Some(Walk {
            bytes: self.payload_bytes()?,
            pos,
            escapes: self.envelope.escaped_keys,
        })
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

impl<'a> Walk<'a> {
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
            let (key, quoted) = self.key()?;
            if self.is_named(quoted, name) {
                return Some(key);
            }
            self.value();
            if self.token() != b',' {
                return None;
            }
        }
    }

    /// From the brace or comma before a member, passes its key and colon. Gives where the key stands, and the key with its quotes.
    fn key(&mut self) -> Option<(usize, &'a [u8])> {
        self.pos += 1;
        if self.token() != b'"' {
            return None;
        }
        let key = self.pos;
        self.string();
        let quoted = &self.bytes[key..self.pos];
        self.token();
        self.pos += 1;
        Some((key, quoted))
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

#[cfg(all(test, feature = "http-server"))]
mod tests {
    use crate::message::Message;

    fn members(params: &str, names: [&str; 2]) -> Result<[Option<String>; 2], usize> {
        let message = format!(r#"{{"method":"m","params":{params}}}"#);
        let message = Message::parse(message.into()).unwrap();
        let payload = message.payload().unwrap();
        let found = message.members(0, names).map_err(|ambiguous| ambiguous.offset())?;
        for (name, found) in names.iter().zip(&found) {
            assert_eq!(Ok(found.clone()), message.find(&[name]), "{params}");
            assert!(found.is_none() || message.mentions(name), "{params}");
        }
        Ok(found.map(|found| found.map(|range| payload[range].to_owned())))
    }

    #[test]
    fn several_members_are_found_as_each_alone_is() {
        for (params, a, b) in [
            (r#"{"a":1,"b":"x"}"#, Some("1"), Some(r#""x""#)),
            (
                r#" { "b" : [1, {"a":2}] , "c":"\"a\"", "a" : {"b":1} } "#,
                Some(r#"{"b":1}"#),
                Some(r#"[1, {"a":2}]"#),
            ),
            (r#"{"c":{"a":1},"ab":2,"b":null}"#, None, Some("null")),
            (r#"{"\u0061":1}"#, Some("1"), None),
            ("{}", None, None),
            ("[]", None, None),
            (r#"["a",1]"#, None, None),
        ] {
            let found = members(params, ["a", "b"]).unwrap();
            assert_eq!([found[0].as_deref(), found[1].as_deref()], [a, b], "{params}");
        }
    }

    #[test]
    fn a_name_that_stands_twice_is_refused() {
        assert_eq!(members(r#"{"b":1,"a":{"b":2},"b":3}"#, ["a", "b"]), Err(19));
        assert_eq!(members(r#"{"a":1,"\u0061":2}"#, ["a", "b"]), Err(7));
        assert!(members(r#"{"c":1,"c":2}"#, ["a", "b"]).is_ok());
    }

    #[test]
    fn members_of_an_object_within_are_found_from_where_it_begins() {
        let message = Message::parse(r#"{"method":"m","params":{"a":1,"o":{"a":2},"b":3}}"#.into()).unwrap();
        let object = message.find(&["o"]).unwrap().unwrap();
        let [a, b] = message.members(object.start, ["a", "b"]).unwrap();
        assert_eq!((&message.payload().unwrap()[a.unwrap()], b), ("2", None));
    }
}
