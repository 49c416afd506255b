use super::text::Text;
use std::error::Error;

/// An error with all its causes, on one line. What an error says of its own cause already is not said again, and what is too long is cut.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = Text::new(error);
    let mut next = error.source();
    while let Some(cause) = next
        && !text.is_full()
    {
        let said = Text::new(cause).finish();
        if !text.contains(&said) {
            text.push(&": ");
            text.push(&said);
        }
        next = cause.source();
    }
    text.finish()
}
