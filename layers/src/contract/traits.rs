/// The auto traits that a layer `L` and its service `S` keep, if the inner service has them.
///
/// Checked by the compiler, so a layer that breaks this rule makes no suite: layer and service must be `Clone + Send + Sync + 'static` where the
/// inner service is. axum asks for all four, and clones the service for every request. A layer whose service is not `Sync` by design says
/// [`Suite::not_sync`](super::Suite::not_sync), one whose service is not `Clone` says [`Suite::not_clone`](super::Suite::not_clone).
pub trait AutoTraits<L, S> {
    #[doc(hidden)]
    fn duplicate(service: &S) -> Option<S>;
}

/// Layer and service are `Clone + Send + Sync + 'static`.
#[derive(Debug, Clone, Copy)]
pub enum Shared {}

/// The service is `Clone + Send + 'static`, and not `Sync`.
#[derive(Debug, Clone, Copy)]
pub enum NotSync {}

/// The service is `Send + 'static`, and not `Clone`.
#[derive(Debug, Clone, Copy)]
pub enum NotClone {}

impl<L, S> AutoTraits<L, S> for Shared
where
    L: Clone + Send + Sync + 'static,
    S: Clone + Send + Sync + 'static,
{
    fn duplicate(service: &S) -> Option<S> {
        Some(service.clone())
    }
}

impl<L, S> AutoTraits<L, S> for NotSync
where
    S: Clone + Send + 'static,
{
    fn duplicate(service: &S) -> Option<S> {
        Some(service.clone())
    }
}

impl<L, S> AutoTraits<L, S> for NotClone
where
    S: Send + 'static,
{
    fn duplicate(_: &S) -> Option<S> {
        None
    }
}
