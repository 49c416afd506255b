//! What caused an error, however deeply it is wrapped.

use std::error::Error;
use std::io;
use std::sync::Arc;

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
        if let Some(found) = error.downcast_ref::<Arc<E>>() {
            return Some(found);
        }
        if let Some(found) = error.downcast_ref::<Box<E>>() {
            return Some(found);
        }
        next = left_out(error).or_else(|| error.source());
    }
    None
}

/// What an error holds and leaves out of its sources, as it gives the source of what it holds for its own.
fn left_out<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    if let Some(shared) = error.downcast_ref::<Arc<dyn Error + Send + Sync>>() {
        return Some(&**shared);
    }
    let shared = error.downcast_ref::<Arc<io::Error>>().map(|shared| &**shared);
    let io = error.downcast_ref::<io::Error>().or(shared)?;
    Some(io.get_ref()?)
}

/// Whether an error of type `E` is in a chain of causes, `error` itself included.
pub fn is_caused_by<E: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    cause_ref::<E>(error).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BoxError;
    use std::fmt;

    #[derive(Debug)]
    struct Cause;

    impl fmt::Display for Cause {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("cause")
        }
    }

    impl Error for Cause {}

    /// As most errors do it.
    #[derive(Debug)]
    struct Wraps(BoxError);

    impl fmt::Display for Wraps {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("wraps")
        }
    }

    impl Error for Wraps {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&*self.0)
        }
    }

    #[test]
    fn cause_is_found_in_what_leaves_it_out_of_its_sources() {
        let shared: Arc<dyn Error + Send + Sync> = Arc::new(Cause);
        let shared_io: Arc<dyn Error + Send + Sync> = Arc::new(io::Error::other(Cause));
        let chains: [BoxError; 8] = [
            Box::new(Cause),
            Box::new(Box::new(Cause)),
            Box::new(Arc::new(Cause)),
            Box::new(shared),
            Box::new(shared_io),
            Box::new(io::Error::other(Cause)),
            Box::new(Arc::new(io::Error::other(Cause))),
            Box::new(io::Error::other(io::Error::other(Arc::new(Cause)))),
        ];
        for chain in chains {
            assert!(is_caused_by::<Cause>(&*chain), "{chain:?}");
            let wrapped = io::Error::other(Wraps(chain));
            assert!(is_caused_by::<Cause>(&wrapped), "{wrapped:?}");
            assert!(!is_caused_by::<fmt::Error>(&wrapped));
        }
    }

    #[test]
    fn error_without_a_cause_ends_the_search() {
        assert!(!is_caused_by::<Cause>(&io::Error::from(io::ErrorKind::NotFound)));
        assert!(is_caused_by::<io::Error>(&Arc::new(io::Error::from(
            io::ErrorKind::NotFound
        ))));
    }
}
