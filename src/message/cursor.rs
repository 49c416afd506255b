use super::Reason;
use super::strings::plain_end;

/// The deepest nesting that a scan can follow: one bit per open container.
pub(super) const MAX_DEPTH: usize = 128;

/// Walks over JSON and refuses what is none. Where something is refused, `pos` is the offset of it.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    pos: usize,
    /// Some object key had a backslash in it.
    pub(super) escaped_key: bool,
    /// A line feed or a carriage return was passed between two tokens.
    pub(super) newline: bool,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Cursor<'a> {
        Cursor {
            bytes,
            pos: 0,
            escaped_key: false,
            newline: false,
        }
    }

    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    pub(super) fn pos(&self) -> usize {
        self.pos
    }

    #[inline(always)]
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.pos..]
    }

    /// Steps over bytes that were looked at in [`Cursor::rest`].
    #[inline(always)]
    pub(super) fn skip(&mut self, len: usize) {
        self.pos += len;
    }

    pub(super) fn at_end(&self) -> bool {
        self.pos >= self.bytes.len()
    }

    /// Refuses what stands at `offset`.
    #[cold]
    pub(super) fn refuse<T>(&mut self, reason: Reason, offset: usize) -> Result<T, Reason> {
        self.pos = offset;
        Err(reason)
    }

    /// The byte here, or 0 at the end, which stands for nothing in JSON.
    #[inline(always)]
    fn peek(&self) -> u8 {
        match self.bytes.get(self.pos) {
            Some(byte) => *byte,
            None => 0,
        }
    }

    /// Skips whitespace and gives the byte behind it, or 0 at the end.
    #[inline(always)]
    pub(super) fn token(&mut self) -> u8 {
        let byte = self.peek();
        if byte > b' ' { byte } else { self.blank() }
    }

    fn blank(&mut self) -> u8 {
        loop {
            match self.peek() {
                b' ' | b'\t' => {}
                b'\n' | b'\r' => self.newline = true,
                byte => return byte,
            }
            self.pos += 1;
        }
    }

    /// Steps over the byte that [`Cursor::token`] gave.
    #[inline(always)]
    pub(super) fn advance(&mut self) {
        self.pos += 1;
    }

    /// What stands here is not what the grammar wants.
    #[cold]
    pub(super) fn unexpected<T>(&mut self) -> Result<T, Reason> {
        Err(if self.at_end() {
            Reason::UnexpectedEnd
        } else {
            Reason::UnexpectedByte
        })
    }

    /// Passes a member name and its colon. Gives where the name stands between its quotes, and whether it has escapes.
    #[inline(always)]
    pub(super) fn key(&mut self) -> Result<(usize, usize, bool), Reason> {
        if self.token() != b'"' {
            return self.unexpected();
        }
        self.pos += 1;
        let start = self.pos;
        let escaped = self.string()?;
        self.escaped_key |= escaped;
        let end = self.pos - 1;
        if self.token() != b':' {
            return self.unexpected();
        }
        self.pos += 1;
        Ok((start, end, escaped))
    }

    /// As [`Cursor::value`] for a member of the message itself, most of which are strings. Gives whether it is one with escapes.
    #[inline(always)]
    pub(super) fn member_value(&mut self, depth: usize) -> Result<bool, Reason> {
        if self.token() == b'"' {
            self.pos += 1;
            return self.string();
        }
        self.value(depth)?;
        Ok(false)
    }

    /// Passes the rest of a string behind its opening quote. Gives whether it has escapes.
    #[inline(always)]
    fn string(&mut self) -> Result<bool, Reason> {
        self.pos = plain_end(self.bytes, self.pos);
        if self.peek() == b'"' {
            self.pos += 1;
            return Ok(false);
        }
        self.string_with_escapes()
    }

    fn string_with_escapes(&mut self) -> Result<bool, Reason> {
        loop {
            match self.peek() {
                b'"' => {
                    self.pos += 1;
                    return Ok(true);
                }
                b'\\' => self.escape()?,
                _ if self.at_end() => return Err(Reason::UnexpectedEnd),
                _ => return Err(Reason::ControlByte),
            }
            self.pos = plain_end(self.bytes, self.pos);
        }
    }

    #[inline]
    fn escape(&mut self) -> Result<(), Reason> {
        match self.bytes.get(self.pos + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.pos += 2;
                Ok(())
            }
            Some(b'u') => {
                let digits = self.bytes[self.pos + 2..]
                    .iter()
                    .take(4)
                    .take_while(|byte| byte.is_ascii_hexdigit())
                    .count();
                if digits == 4 {
                    self.pos += 6;
                    Ok(())
                } else if self.pos + 2 + digits == self.bytes.len() {
                    self.refuse(Reason::UnexpectedEnd, self.bytes.len())
                } else {
                    Err(Reason::BadEscape)
                }
            }
            Some(_) => Err(Reason::BadEscape),
            None => self.refuse(Reason::UnexpectedEnd, self.bytes.len()),
        }
    }

    /// Passes one value, which may open at most `depth` containers inside one another. Never recurses.
    pub(super) fn value(&mut self, depth: usize) -> Result<(), Reason> {
        let mut objects = 0_u128;
        let mut open = 0;
        loop {
            match self.token() {
                b'"' => {
                    self.pos += 1;
                    self.string()?;
                }
                bracket @ (b'{' | b'[') => {
                    if open >= depth {
                        return Err(Reason::TooDeep);
                    }
                    open += 1;
                    self.pos += 1;
                    let object = bracket == b'{';
                    objects = objects << 1 | u128::from(object);
                    // The loop below closes an empty container.
                    if self.token() != closing(object) {
                        if object {
                            self.key()?;
                        }
                        continue;
                    }
                }
                b'-' | b'0'..=b'9' => self.number()?,
                b't' => self.literal(b"true")?,
                b'f' => self.literal(b"false")?,
                b'n' => self.literal(b"null")?,
                _ => return self.unexpected(),
            }
            // A value has ended. What follows is the next one, or the end of containers.
            loop {
                if open == 0 {
                    return Ok(());
                }
                let object = objects & 1 == 1;
                let byte = self.token();
                if byte == b',' {
                    self.pos += 1;
                    if object {
                        self.key()?;
                    }
                    break;
                }
                if byte != closing(object) {
                    return self.unexpected();
                }
                self.pos += 1;
                objects >>= 1;
                open -= 1;
            }
        }
    }

    /// Passes the rest of `open` containers, to any depth. Brackets alone are counted, so that is for what is known to be JSON.
    #[cold]
    pub(super) fn close(&mut self, mut open: usize) {
        while open > 0 && !self.at_end() {
            let byte = self.peek();
            self.pos += 1;
            match byte {
                b'"' if self.string().is_err() => return,
                b'{' | b'[' => open += 1,
                b'}' | b']' => open -= 1,
                _ => {}
            }
        }
    }

    #[inline]
    fn literal(&mut self, literal: &[u8]) -> Result<(), Reason> {
        let rest = &self.bytes[self.pos..];
        if rest.starts_with(literal) {
            self.pos += literal.len();
            Ok(())
        } else if literal.starts_with(rest) {
            self.refuse(Reason::UnexpectedEnd, self.bytes.len())
        } else {
            Err(Reason::BadLiteral)
        }
    }

    #[inline]
    fn number(&mut self) -> Result<(), Reason> {
        let start = self.pos;
        if self.peek() == b'-' {
            self.pos += 1;
        }
        let leading = self.peek();
        let digits = self.digits();
        let mut good = digits == 1 || (digits > 1 && leading != b'0');
        if good && self.peek() == b'.' {
            self.pos += 1;
            good = self.digits() > 0;
        }
        if good && matches!(self.peek(), b'e' | b'E') {
            self.pos += 1;
            if matches!(self.peek(), b'+' | b'-') {
                self.pos += 1;
            }
            good = self.digits() > 0;
        }
        if good {
            Ok(())
        } else if self.at_end() {
            Err(Reason::UnexpectedEnd)
        } else {
            self.refuse(Reason::BadNumber, start)
        }
    }

    #[inline(always)]
    fn digits(&mut self) -> usize {
        let start = self.pos;
        while self.peek().is_ascii_digit() {
            self.pos += 1;
        }
        self.pos - start
    }
}

/// The bracket that ends an object or an array.
#[inline(always)]
fn closing(object: bool) -> u8 {
    if object { b'}' } else { b']' }
}
