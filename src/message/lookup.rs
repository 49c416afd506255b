use super::cursor::{Cursor, MAX_DEPTH};
use super::member::unescape;
use super::{Message, Reason};
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
        let Some(mut walk) = self.walk() else {
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
        Ok(Some(walk.value()))
    }

    /// Whether a member of that name may stand in the payload, at any depth: one substring search. Says yes in doubt.
    #[cfg(feature = "http-server")]
    pub(crate) fn mentions(&self, name: &str) -> bool {
        self.walk().is_some_and(|walk| walk.names(name, 0))
    }

    /// Finds several values in one walk over the payload, each as [`find`](Self::find) does.
    ///
    /// # Errors
    ///
    /// As there, for each path. No path may lead through the end of another.
    #[cfg(feature = "http-server")]
    pub(crate) fn find_all<const N: usize>(&self, paths: [&[&str]; N]) -> Result<[Option<Range<usize>>; N], Ambiguous> {
        let mut found = [const { None }; N];
        if let Some(mut walk) = self.walk() {
            walk.collect(paths.map(Some), &mut found)?;
        }
        Ok(found)
    }

    fn walk(&self) -> Option<Walk<'_>> {
        Some(Walk {
            cursor: Cursor::new(self.payload_bytes()?),
            escapes: self.envelope.escaped_keys,
        })
    }
}

/// Below so many bytes, preparing `memmem` costs more than it saves.
const SHORT: usize = 1024;
/// Bytes of a name that are searched, with its closing quote.
const NEEDLE: usize = 32;

/// Walks over a payload, which is known to be JSON.
#[derive(Clone)]
struct Walk<'a> {
    cursor: Cursor<'a>,
    /// Whether a key may be written with escapes.
    escapes: bool,
}

/// A member name: where its quote stands, the name between its quotes, and whether it has escapes.
struct Key {
    offset: usize,
    name: Range<usize>,
    escaped: bool,
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
        let bytes = self.cursor.bytes();
        let rest = &bytes[from..];
        let is_key = |at: usize| {
            let before = bytes[..from + at + tail.len()].strip_suffix(name);
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
        if self.cursor.token() != b'{' || self.member(name).is_none() {
            return Ok(false);
        }
        // Only if the name stands once more behind, in this object or elsewhere, need the rest of this object be walked.
        if self.names(name, self.cursor.pos()) {
            let mut rest = self.clone();
            rest.value();
            if rest.cursor.token() == b','
                && let Some(key) = rest.member(name)
            {
                return Err(Ambiguous { offset: key.offset });
            }
        }
        Ok(true)
    }

    /// Passes the value that stands here, and notes where the ends of the paths that lead here stand in it: of each such path, what is left.
    #[cfg(feature = "http-server")]
    fn collect<const N: usize>(
        &mut self,
        paths: [Option<&[&str]>; N],
        found: &mut [Option<Range<usize>>; N],
    ) -> Result<(), Ambiguous> {
        let goes_on = paths.iter().flatten().any(|path| !path.is_empty());
        if !goes_on || self.cursor.token() != b'{' {
            let value = self.value();
            for (found, path) in found.iter_mut().zip(paths) {
                if path.is_some_and(<[_]>::is_empty) {
                    *found = Some(value.clone());
                }
            }
            return Ok(());
        }
        let mut met = [false; N];
        while let Some(key) = self.key() {
            let mut within = [None; N];
            for (at, path) in paths.iter().enumerate() {
                if let Some([name, rest @ ..]) = path
                    && self.is_named(&key, name)
                {
                    if std::mem::replace(&mut met[at], true) {
                        return Err(Ambiguous { offset: key.offset });
                    }
                    within[at] = Some(rest);
                }
            }
            self.collect(within, found)?;
            if self.cursor.token() != b',' {
                break;
            }
        }
        if self.cursor.token() == b'}' {
            self.cursor.advance();
        }
        Ok(())
    }

    /// From the brace or comma before a member, goes to the value of the next member of that name. Gives its key.
    fn member(&mut self, name: &str) -> Option<Key> {
        loop {
            let key = self.key()?;
            if self.is_named(&key, name) {
                return Some(key);
            }
            self.value();
            if self.cursor.token() != b',' {
                return None;
            }
        }
    }

    /// From the brace or comma before a member, passes its key and colon.
    fn key(&mut self) -> Option<Key> {
        self.cursor.advance();
        // Without a key the object is empty.
        let (start, end, escaped) = self.cursor.key().ok()?;
        Some(Key {
            offset: start - 1,
            name: start..end,
            escaped,
        })
    }

    fn is_named(&self, key: &Key, name: &str) -> bool {
        let bytes = self.cursor.bytes();
        if key.escaped {
            unescape(&bytes[key.offset..=key.name.end]).is_some_and(|key| key == name)
        } else {
            bytes[key.name.clone()] == *name.as_bytes()
        }
    }

    /// Passes the next value. Gives where it stands.
    fn value(&mut self) -> Range<usize> {
        self.cursor.token();
        let start = self.cursor.pos();
        // What was spliced in may be no JSON, and then ends where it is none. What was built here may be deeper than what is read.
        if self.cursor.value(MAX_DEPTH) == Err(Reason::TooDeep) {
            self.cursor.close(MAX_DEPTH);
        }
        start..self.cursor.pos()
    }
}

#[cfg(all(test, feature = "http-server"))]
mod tests;
