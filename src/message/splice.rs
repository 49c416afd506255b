use super::Message;
use super::envelope::Span;
use bytes::BytesMut;
use std::ops::Range;

impl Message {
    /// This message with a part of its payload replaced: the frame is copied once. A replaced id stays replaced.
    ///
    /// `range` is as [`Message::find`] gives it, and `with` is one JSON value. That is not checked: whatever is put in goes out.
    ///
    /// # Panics
    ///
    /// If `range` does not lie in the payload, if `with` is not UTF-8, or if the result is 4 GiB or longer.
    #[must_use]
    pub fn splice(&self, range: Range<usize>, with: &[u8]) -> Message {
        let payload = self.envelope.payload.range().unwrap_or_default();
        assert!(
            range.start <= range.end && range.end <= payload.len(),
            "range {range:?} is outside of the payload of {} bytes",
            payload.len(),
        );
        assert!(
            simdutf8::basic::from_utf8(with).is_ok(),
            "what is spliced in must be UTF-8"
        );
        let (start, end) = (payload.start + range.start, payload.start + range.end);
        let len = self.bytes.len() - range.len() + with.len();
        assert!(u32::try_from(len).is_ok(), "a message of {len} bytes is too long");

        let mut bytes = BytesMut::with_capacity(len);
        bytes.extend_from_slice(&self.bytes[..start]);
        bytes.extend_from_slice(with);
        bytes.extend_from_slice(&self.bytes[end..]);

        let mut envelope = self.envelope;
        envelope.id = envelope.id.shifted(end, range.len(), with.len());
        envelope.method = envelope.method.shifted(end, range.len(), with.len());
        envelope.payload = Span::new(payload.start, payload.end - range.len() + with.len());
        envelope.escaped_keys |= memchr::memchr(b'\\', with).is_some();
        envelope.line_breaks |= memchr::memchr2(b'\n', b'\r', with).is_some();
        Message {
            bytes: bytes.freeze(),
            envelope,
            replaced: self.replaced.clone(),
        }
    }
}
