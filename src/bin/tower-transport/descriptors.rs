//! How many descriptors the program may have open.

/// Enough for the sessions and connections that the flags allow by default, eight each; few enough for children that walk over all
/// descriptors they might have.
#[cfg(unix)]
const WANTED: u64 = 65_536;

/// Raises the limit towards what the system allows, as a session takes several. The usual limit of 1,024 is for programs that use `select`.
#[cfg(unix)]
pub(crate) fn raise_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(WANTED, |maximum| maximum.min(WANTED));
    if limit.current.is_none_or(|current| current >= wanted) {
        return;
    }
    let raised = Rlimit {
        current: Some(wanted),
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!("the limit of open descriptors stays at {:?}: {error}", limit.current);
    }
}

#[cfg(not(unix))]
pub(crate) fn raise_limit() {}
