use std::fmt::{self, Write};
use std::sync::{Arc, OnceLock};

/// Whose exchange is asked for: what [`Server::per_session`](super::Server::per_session) is given, and what the calls of a session
/// carry in their extensions.
#[derive(Clone)]
pub struct Session {
    inner: Option<Arc<Inner>>,
}

struct Inner {
    id: String,
    version: OnceLock<String>,
}

impl Session {
    /// No session: a request that stands for itself, as all do since 2026-07-28.
    pub const fn none() -> Session {
        Session { inner: None }
    }

    /// A session with an id that can't be guessed: 192 bits as visible ASCII.
    pub(super) fn random() -> Result<Session, getrandom::Error> {
        let mut bytes = [0; 24];
        getrandom::fill(&mut bytes)?;
        let mut id = String::with_capacity(2 * bytes.len());
        for byte in bytes {
            write!(id, "{byte:02x}").expect("writing to a string does not fail");
        }
        Ok(Session {
            inner: Some(Arc::new(Inner {
                id,
                version: OnceLock::new(),
            })),
        })
    }

    /// The id in the `Mcp-Session-Id` header, unless there is no session. It is a secret of its client: it belongs into no log.
    pub fn id(&self) -> Option<&str> {
        self.inner.as_deref().map(|inner| inner.id.as_str())
    }

    /// The protocol version that `initialize` was answered with, once it was.
    pub fn version(&self) -> Option<&str> {
        self.inner.as_deref()?.version.get().map(String::as_str)
    }

    pub(super) fn set_version(&self, version: String) {
        if let Some(inner) = &self.inner {
            // The first one holds: `initialize` is answered once.
            let _again = inner.version.set(version);
        }
    }
}

// By hand: the id is a secret, and a few characters of it tell sessions apart.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("id", &self.id().map(|id| format!("{}..", &id[..8])))
            .field("version", &self.version())
            .finish()
    }
}
