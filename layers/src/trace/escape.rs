use std::borrow::Cow;

/// The text as it may stand in one line of a log: cut after `cap` bytes, with `…` to say so, and without characters that do something to a
/// terminal or can't be seen.
///
/// What needs neither is borrowed. Backslashes are as they came, so that JSON stays readable.
pub(super) fn escape(text: &str, cap: usize) -> Cow<'_, str> {
    let kept = if text.len() <= cap {
        text
    } else {
        &text[..floor(text, cap)]
    };
    if kept.len() == text.len() && !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(kept.len() + '…'.len_utf8());
    for char in kept.chars() {
        if is_hidden(char) {
            escaped.extend(char.escape_default());
        } else {
            escaped.push(char);
        }
    }
    if kept.len() < text.len() {
        escaped.push('…');
    }
    Cow::Owned(escaped)
}

/// The last boundary of a character up to `at`. (`str::floor_char_boundary` is younger than our MSRV.)
fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Control characters, ends of lines, marks that turn the direction of text, and what has no width.
fn is_hidden(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{ad}'
                | '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::escape;
    use std::borrow::Cow;

    #[test]
    fn plain_text_within_the_cap_is_borrowed() {
        assert!(matches!(
            escape("tools/call é \"\\", 64),
            Cow::Borrowed("tools/call é \"\\")
        ));
        assert!(matches!(escape("abc", 3), Cow::Borrowed("abc")));
    }

    #[test]
    fn cut_falls_on_a_character_and_is_marked() {
        assert_eq!(escape("abcd", 3), "abc…");
        assert_eq!(escape("aéé", 4), "aé…");
        assert_eq!(escape("é", 1), "…");
        assert_eq!(escape("é", 0), "…");
    }

    #[test]
    fn what_acts_on_a_terminal_or_hides_is_spelt_out() {
        assert_eq!(
            escape("a\n\r\t\u{1b}[31m\u{202e}\u{200b}\u{7f}\u{85}", 64),
            r"a\n\r\t\u{1b}[31m\u{202e}\u{200b}\u{7f}\u{85}"
        );
    }

    #[test]
    fn cap_counts_what_came_and_so_bounds_what_is_shown() {
        let shown = escape(&"\u{e0001}".repeat(1 << 20), 64).into_owned();
        assert_eq!(shown.len(), 16 * r"\u{e0001}".len() + '…'.len_utf8());
    }
}
