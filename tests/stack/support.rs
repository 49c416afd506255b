//! What the tests of all edges need.

use std::future::Future;
use std::num::NonZeroUsize;
use std::time::Duration;
use tower_transport::BoxError;
use tower_transport::layers::cause_ref;

/// A hang guard, far above what any of this takes.
const HANGS: Duration = Duration::from_secs(60);

/// Short enough that a test may wait for it, long enough that what is answered at once is never late.
pub(crate) const SHORT: Duration = Duration::from_secs(1);

pub(crate) async fn no_hang<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(HANGS, future).await.expect("no hang")
}

pub(crate) fn at_most(calls: usize) -> NonZeroUsize {
    NonZeroUsize::new(calls).expect("not zero")
}

/// The cause that a test is about.
pub(crate) fn cause<E: std::error::Error + Copy + 'static>(error: &BoxError) -> E {
    *cause_ref::<E>(&**error).unwrap_or_else(|| panic!("an unexpected error: {error}"))
}
