//! The last of standard error.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;

/// The last bytes of a child's standard error. A clone is one reference count, and stays readable after the process has gone.
#[derive(Clone)]
pub struct StderrTail(Arc<Mutex<Ring>>);

struct Ring {
    bytes: VecDeque<u8>,
    cap: usize,
    dropped: u64,
}

impl StderrTail {
    pub(super) fn new(cap: usize) -> Self {
        Self(Arc::new(Mutex::new(Ring {
            bytes: VecDeque::new(),
            cap,
            dropped: 0,
        })))
    }

    /// What is kept now: at most as many bytes as [`Command::stderr_tail`](super::Command::stderr_tail) says.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let ring = self.ring();
        let (front, back) = ring.bytes.as_slices();
        [front, back].concat().into()
    }

    /// How many bytes came before what is kept.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.ring().dropped
    }

    pub(super) fn push(&self, bytes: &[u8]) {
        let mut ring = self.ring();
        let kept = &bytes[bytes.len().saturating_sub(ring.cap)..];
        let overflow = (ring.bytes.len() + kept.len()).saturating_sub(ring.cap);
        ring.bytes.drain(..overflow);
        ring.bytes.extend(kept);
        ring.dropped += (bytes.len() - kept.len() + overflow) as u64;
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for StderrTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.to_bytes()))
    }
}

// By hand: the text itself would flood a log.
impl fmt::Debug for StderrTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ring = self.ring();
        f.debug_struct("StderrTail")
            .field("len", &ring.bytes.len())
            .field("cap", &ring.cap)
            .field("dropped", &ring.dropped)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tail_keeps_the_last_bytes_and_counts_the_rest() {
        let tail = StderrTail::new(4);
        tail.push(b"ab");
        assert_eq!((tail.to_bytes().as_ref(), tail.dropped()), (&b"ab"[..], 0));
        tail.push(b"cde");
        assert_eq!((tail.to_bytes().as_ref(), tail.dropped()), (&b"bcde"[..], 1));
        tail.push(b"0123456789");
        assert_eq!((tail.to_bytes().as_ref(), tail.dropped()), (&b"6789"[..], 11));
    }

    #[test]
    fn tail_of_zero_bytes_keeps_none() {
        let tail = StderrTail::new(0);
        tail.push(b"abc");
        assert_eq!((tail.to_bytes().as_ref(), tail.dropped()), (&b""[..], 3));
    }
}
