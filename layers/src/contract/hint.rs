use crate::reply::{Bodies, Series, Streams};
use futures_core::Stream;
use http_body::{Body, SizeHint};
use std::fmt;

/// What a reply tells of its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hint {
    lower: u64,
    upper: Option<u64>,
    over: bool,
}

impl Hint {
    pub(super) const fn new(lower: u64, upper: Option<u64>) -> Hint {
        Hint {
            lower,
            upper,
            over: matches!(upper, Some(0)),
        }
    }

    /// In other units, of which an item weighs so many.
    pub(super) fn in_units(self, unit: u64) -> Hint {
        Hint {
            lower: self.lower * unit,
            upper: self.upper.map(|upper| upper * unit),
            ..self
        }
    }

    /// As a stream says it.
    pub(super) fn items(self) -> (usize, Option<usize>) {
        (self.lower as usize, self.upper.map(|upper| upper as usize))
    }

    /// As a body says it.
    pub(super) fn bytes(self) -> SizeHint {
        let hint = self.in_units(super::Http::ITEM_BYTES);
        let mut bytes = SizeHint::new();
        bytes.set_lower(hint.lower);
        hint.upper.into_iter().for_each(|upper| bytes.set_upper(upper));
        bytes
    }

    pub(super) const fn is_over(self) -> bool {
        self.over
    }
}

/// A reply of which it can be seen what it tells of its end.
pub trait Hinted<K>: Series<K> {
    /// What one item of the probe counts for in a hint: itself, or its bytes.
    const UNIT: u64;

    /// What it tells now.
    fn hint(&self) -> Hint;
}

impl<S, T, E> Hinted<Streams> for S
where
    S: Stream<Item = Result<T, E>>,
{
    const UNIT: u64 = 1;

    fn hint(&self) -> Hint {
        let (lower, upper) = self.size_hint();
        Hint::new(lower as u64, upper.map(|upper| upper as u64))
    }
}

impl<B: Body> Hinted<Bodies> for B {
    const UNIT: u64 = super::Http::ITEM_BYTES;

    fn hint(&self) -> Hint {
        let hint = self.size_hint();
        Hint {
            lower: hint.lower(),
            upper: hint.upper(),
            over: self.is_end_stream(),
        }
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.upper {
            Some(upper) => write!(f, "({}, Some({upper}))", self.lower)?,
            None => write!(f, "({}, None)", self.lower)?,
        }
        f.write_str(if self.over { ", over" } else { "" })
    }
}
