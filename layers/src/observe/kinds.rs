use crate::{BoxError, is_caused_by};
use std::any::Any;
use std::error::Error;
use std::io;

/// What kind of error an error is, in a word, for traces and as a label of metrics.
///
/// `()` is the table of [`kind_of`] for errors that are boxed or are an [`io::Error`], and says `"error"` of all others. Any `Fn(&E) -> &'static str` is one as
/// well. A type of one's own is for services whose calls and items fail with different types.
pub trait Kinds<E> {
    /// The kind. Values are few: each of them is a series in the metrics.
    fn kind(&self, error: &E) -> &'static str;
}

impl<E: 'static> Kinds<E> for () {
    fn kind(&self, error: &E) -> &'static str {
        let error: &dyn Any = error;
        if let Some(error) = error.downcast_ref::<BoxError>() {
            return kind_of(&**error);
        }
        error
            .downcast_ref::<io::Error>()
            .map_or("error", |error| kind_of(error))
    }
}

impl<E, F: Fn(&E) -> &'static str> Kinds<E> for F {
    fn kind(&self, error: &E) -> &'static str {
        self(error)
    }
}

/// The kind of an error, by what caused it: the errors of this crate by name, `"io"`, or `"error"`.
///
/// | cause | kind |
/// | --- | --- |
/// | [`Elapsed`](crate::timeout::Elapsed) | `"timeout"` |
/// | [`Overloaded`](crate::in_flight::Overloaded), [`BytesOverloaded`](crate::in_flight::bytes::BytesOverloaded) | `"overloaded"` |
/// | [`NeverFits`](crate::in_flight::bytes::NeverFits) | `"too_large"` |
/// | [`TooLarge`](crate::max_message_size::TooLarge), and [that of gathered bodies](crate::buffer_pool::TooLarge) | `"too_large"` |
/// | [`TooManyItems`](crate::max_message_size::TooManyItems) | `"too_many_items"` |
/// | [`Panicked`](crate::catch_panic::Panicked) | `"panicked"` |
/// | [`Draining`](crate::drain::Draining) | `"draining"` |
/// | [`Interrupted`](crate::drain::Interrupted) | `"interrupted"` |
/// | [`io::Error`] | `"io"` |
/// | anything else | `"error"` |
///
/// An error of a layer whose feature is off can't occur, and is not looked for. A transport's own errors are not known here, and so are
/// `"error"`: whoever wants them apart gives a function that looks for them with [`cause_ref`](crate::cause_ref) first.
pub fn kind_of(error: &(dyn Error + 'static)) -> &'static str {
    macro_rules! table {
        ($($(#[$feature:meta])? $cause:ty => $kind:literal,)*) => {
            $($(#[$feature])? if is_caused_by::<$cause>(error) {
                return $kind;
            })*
        };
    }
    table! {
        #[cfg(feature = "timeout")] crate::timeout::Elapsed => "timeout",
        #[cfg(feature = "in-flight")] crate::in_flight::Overloaded => "overloaded",
        #[cfg(feature = "in-flight")] crate::in_flight::bytes::BytesOverloaded => "overloaded",
        #[cfg(feature = "in-flight")] crate::in_flight::bytes::NeverFits => "too_large",
        #[cfg(feature = "max-message-size")] crate::max_message_size::TooLarge => "too_large",
        #[cfg(feature = "buffer-pool")] crate::buffer_pool::TooLarge => "too_large",
        #[cfg(feature = "max-message-size")] crate::max_message_size::TooManyItems => "too_many_items",
        #[cfg(feature = "catch-panic")] crate::catch_panic::Panicked => "panicked",
        #[cfg(feature = "drain")] crate::drain::Draining => "draining",
        #[cfg(feature = "drain")] crate::drain::Interrupted => "interrupted",
        io::Error => "io",
    }
    "error"
}
