/// A JSON-RPC id as it stands on the wire: raw bytes and type kept, so that `1`, `1.0` and `"1"` differ.
///
/// Up to 38 bytes (a quoted UUID) are held inline; a clone of those does not allocate.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Id(Repr);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    Inline { len: u8, bytes: [u8; 38] },
    Heap(Box<[u8]>),
}

/// A text that is not a JSON string or number, or is over the cap.
#[derive(Debug)]
pub struct InvalidId(());

impl Id {
    /// The id `null`, which only an error response may carry.
    pub fn null() -> Id {
        unimplemented!()
    }
    /// A number.
    pub fn number(n: u64) -> Id {
        let _ = n;
        unimplemented!()
    }
    /// A string; it is escaped as JSON asks.
    pub fn string(text: &str) -> Id {
        let _ = text;
        unimplemented!()
    }
    /// From raw JSON.
    pub fn from_raw(raw: &[u8]) -> Result<Id, InvalidId> {
        let _ = raw;
        unimplemented!()
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
        unimplemented!()
    }
    /// The id as a plain unsigned integer, if it is written as one (`7`, not `7.0`, `07` or `"7"`).
    pub fn as_u64(&self) -> Option<u64> {
        unimplemented!()
    }
    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        unimplemented!()
    }
}

impl std::fmt::Debug for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}
impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
