use http::Extensions;
use std::time::Duration;
use tokio::time::Instant;

/// When the answer to a request is of no more use. The request carries it, and a [`Policy`](super::Policy) finds it there.
///
/// It tightens the limits of the layer on the first item and in total, and never loosens them. In `http::Extensions` its place is under its own
/// type, where [`FromExtensions`](super::FromExtensions) looks for it.
///
/// ```
/// use std::time::Duration;
/// use tower_transport_layers::timeout::Deadline;
///
/// let mut request = http::Request::new(());
/// request.extensions_mut().insert(Deadline::within(Duration::from_secs(3)));
/// assert!(Deadline::of(request.extensions()).is_some());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deadline(Instant);

/// 30 years, as tokio has it for its timers. A later one would never be seen to pass.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

impl Deadline {
    /// A deadline at that instant.
    pub const fn at(instant: Instant) -> Deadline {
        Deadline(instant)
    }

    /// A deadline so long from now, or in 30 years if that is sooner.
    pub fn within(limit: Duration) -> Deadline {
        Deadline(Instant::now() + limit.min(FAR))
    }

    /// The deadline among the extensions of a request.
    pub fn of(extensions: &Extensions) -> Option<Deadline> {
        extensions.get().copied()
    }

    /// When it passes.
    pub const fn instant(&self) -> Instant {
        self.0
    }
}
