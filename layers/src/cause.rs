//! What caused an error, however deeply it is wrapped.

use std::error::Error;
use std::io;

/// The first error of type `E` in a chain of causes, `error` itself included.
///
/// Layers wrap errors, and others wrap theirs, so the outermost type says little.
///
/// ```
/// # #[cfg(feature = "timeout")] {
/// use std::{io, time::Duration};
/// use tower_transport_layers::cause_ref;
/// use tower_transport_layers::timeout::{Elapsed, Phase};
///
/// let error = io::Error::other(Elapsed::new(Phase::Idle, Duration::from_secs(60)));
/// assert_eq!(cause_ref::<Elapsed>(&error).unwrap().phase(), Phase::Idle);
/// # }
/// ```
pub fn cause_ref<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        // An `io::Error` gives the source of what it holds for its own, and so leaves that out.
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(held) => Some(held),
            None => error.source(),
        };
    }
    None
}

/// Whether an error of type `E` is in a chain of causes, `error` itself included.
pub fn is_caused_by<E: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    cause_ref::<E>(error).is_some()
}
