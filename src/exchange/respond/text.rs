use std::borrow::Cow;
use std::fmt;

/// Bytes of text that an error carries to a peer, which is held to no other limit. More than a person reads.
pub(super) const MOST: usize = 2048;

/// A text that is put together of others, up to [`MOST`] bytes. What is beyond them is neither formatted nor kept.
pub(super) struct Text {
    text: String,
    full: bool,
}

impl Text {
    pub(super) fn new(begins_with: &dyn fmt::Display) -> Text {
        let mut text = Text {
            text: String::new(),
            full: false,
        };
        text.push(begins_with);
        text
    }

    pub(super) fn push(&mut self, more: &dyn fmt::Display) {
        use fmt::Write as _;
        // It fails when the text is full, and so stops whoever writes.
        let _full = write!(self, "{more}");
    }

    pub(super) const fn is_full(&self) -> bool {
        self.full
    }

    pub(super) fn contains(&self, text: &str) -> bool {
        self.text.contains(text)
    }

    /// The text, with an ellipsis where it was cut.
    pub(super) fn finish(mut self) -> String {
        if self.full {
            self.text.push('…');
        }
        self.text
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        if self.full {
            return Err(fmt::Error);
        }
        let fits = fits(more, MOST - self.text.len());
        self.text.push_str(fits);
        self.full = fits.len() < more.len();
        if self.full { Err(fmt::Error) } else { Ok(()) }
    }
}

/// The text, cut after [`MOST`] bytes.
pub(crate) fn cut(text: &str) -> Cow<'_, str> {
    match fits(text, MOST) {
        fits if fits.len() == text.len() => Cow::Borrowed(text),
        fits => Cow::Owned(format!("{fits}…")),
    }
}

/// What of `text` fits into `room` bytes, in whole characters.
fn fits(text: &str, room: usize) -> &str {
    let end = (0..=room.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_characters_and_says_so() {
        assert_eq!(cut(&"x".repeat(MOST)), "x".repeat(MOST));
        assert_eq!(cut(&"x".repeat(MOST + 1)), format!("{}…", "x".repeat(MOST)));
        // Three bytes each, so that the last one would not fit as a whole.
        assert_eq!(cut(&"€".repeat(MOST)), format!("{}…", "€".repeat(MOST / 3)));
    }

    #[test]
    fn what_is_beyond_the_end_is_not_even_formatted() {
        struct Endless;
        impl fmt::Display for Endless {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                loop {
                    f.write_str("€")?;
                }
            }
        }
        let mut text = Text::new(&"begin ");
        text.push(&Endless);
        text.push(&"never seen");
        assert!(text.is_full());
        let text = text.finish();
        assert!(text.starts_with("begin €") && text.ends_with("€…"));
        assert!(text.len() <= MOST + '…'.len_utf8());
    }
}
