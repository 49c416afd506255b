use super::control::{Control, Handle};
use super::dispatch::{Edge, Shared};
use super::make::One;
use super::options::Options;
use super::registry::Registry;
use super::session::Session;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tower_service::Service;
use tower_transport_layers::buffer_pool::BufferPool;

/// Serves an exchange over streamable HTTP: a `Service<http::Request<B>>` that never fails, to be mounted in axum or hyper.
///
/// It is always ready, and its clones are one server: they share their sessions and limits. See the [module docs](crate::http) for what
/// it does with a request, and for an example.
///
/// # Drop
///
/// When the last clone is dropped the sessions end: their calls fail, their streams end, and their exchanges are dropped.
#[derive(Clone)]
pub struct Server<E, M = One<E>> {
    pub(super) edge: Edge<E, M>,
}

impl<E> Server<E> {
    /// Serves one exchange to all: each session and each request gets a clone of it.
    ///
    /// Clients then share it, so it must tell them apart itself where that matters: the calls of a session carry their [`Session`] in
    /// their extensions. An exchange that keeps state of its client, as most processes do in the revisions before 2026-07-28, wants
    /// [`Server::per_session`].
    pub fn new(exchange: E) -> Server<E> {
        Server::with(One::new(exchange))
    }
}

impl<E, M> Server<E, M>
where
    M: Service<Session, Response = E>,
{
    /// Serves each session with an exchange of its own.
    ///
    /// `make` is called for each new session, at `initialize`, and for each request without one ([`Session::id`] is `None`). For the
    /// latter it hands out clones of one exchange, so that a request costs no process. A session's exchange is dropped when the session
    /// ends; a clone of it that the maker keeps keeps it alive.
    pub fn per_session(make: M) -> Server<E, M> {
        Server::with(make)
    }
}

impl<E, M> Server<E, M> {
    fn with(make: M) -> Server<E, M> {
        Server {
            edge: Edge {
                make,
                shared: Arc::new(Shared {
                    options: Arc::default(),
                    registry: Arc::new(Registry::new()),
                    control: Arc::new(Control::new()),
                }),
            },
        }
    }

    /// What the server is doing, and the way to stop it gracefully.
    pub fn handle(&self) -> Handle {
        Handle::new(Arc::clone(&self.edge.shared.control))
    }

    /// Allows a value of the `Host` header beside `localhost`, `127.0.0.1` and `[::1]`, against DNS rebinding. A name without a port
    /// allows every port; `*` allows every host.
    ///
    /// A reverse proxy that keeps the header sends the public name, which is then to be allowed here. A request without a host is served:
    /// no browser sends one.
    #[must_use]
    pub fn allow_host(self, host: &str) -> Self {
        self.set(|options| options.access.hosts.add(host))
    }

    /// Allows a value of the `Origin` header (`https://app.example.com`) beside those on loopback hosts; `*` allows every origin.
    ///
    /// Browsers send it for the page that makes the request; other clients send none, and are served.
    #[must_use]
    pub fn allow_origin(self, origin: &str) -> Self {
        self.set(|options| options.access.origins.add(origin))
    }

    /// Serves this path alone; all others are answered with status 404. Without it every path is served, but those with `/.well-known/`
    /// in them, which clients probe for authorization servers. A router above that strips a prefix strips it here, too.
    #[must_use]
    pub fn path(self, path: &str) -> Self {
        self.set(|options| options.path = Some(path.into()))
    }

    /// The bytes that the body of a request may have. Status 413 over it. 4 MiB by default.
    #[must_use]
    pub fn max_body(self, bytes: usize) -> Self {
        self.set(|options| options.max_body = bytes)
    }

    /// The pool that bodies are gathered into and messages encoded in. By default the server and its clones have one of 32 blocks of 64 KiB,
    /// which are allocated as they are needed.
    ///
    /// A body that comes in one piece is taken as it is. Without a free block the server allocates.
    #[must_use]
    pub fn buffer_pool(self, pool: BufferPool) -> Self {
        self.set(|options| options.pool = pool)
    }

    /// Whether clients are told the causes of a failure that is not their own: the text of the exchange's errors, and what it died of. Off by
    /// default, as such texts hold whatever the libraries below put there: paths, addresses, a child's last words on its stderr. They are
    /// logged instead. What this crate itself knows of an error (a limit, a size, a time) is always told.
    #[must_use]
    pub fn show_causes(self, show: bool) -> Self {
        self.set(|options| options.show_causes = show)
    }

    /// How long the body of a request may take to arrive, from when the server waits for it. Status 408 after it. 30 s by default.
    #[must_use]
    pub fn body_timeout(self, within: Duration) -> Self {
        self.set(|options| options.body_timeout = within)
    }

    /// How long a request that was read waits for its exchange to be made, and then to be ready. Status 503 after it, or an error in the
    /// event stream if that was begun before, as [`keep_alive`](Server::keep_alive) says. 10 s each by default.
    #[must_use]
    pub fn ready_timeout(self, within: Duration) -> Self {
        self.set(|options| options.ready_timeout = within)
    }

    /// How often an event stream on which nothing else is sent gets a comment, and how long a call may be silent before its response is
    /// begun as an event stream. 15 s by default: common proxies cut what is silent for 30 to 60 s.
    #[must_use]
    pub fn keep_alive(self, every: Duration) -> Self {
        self.set(|options| options.keep_alive = every)
    }

    /// How many sessions there may be, those that are being opened counted. Status 503 over it. 1,000 by default.
    #[must_use]
    pub fn max_sessions(self, sessions: usize) -> Self {
        self.set(|options| options.max_sessions = sessions)
    }

    /// How long a session may be idle before it ends, since most clients never end theirs. A running call and an open stream are use.
    /// 30 min by default.
    #[must_use]
    pub fn session_idle(self, after: Duration) -> Self {
        self.set(|options| options.session_idle = after)
    }

    /// How long `initialize` may take to be answered. 60 s by default: a first start may have to install its program.
    #[must_use]
    pub fn initialize_timeout(self, within: Duration) -> Self {
        self.set(|options| options.initialize_timeout = within)
    }

    /// The bytes that may wait to be read on each stream of a session, the answer apart. 1 MiB by default; at most 1,024 messages.
    ///
    /// When there is no room the exchange is not read on; when there has been none for [`Server::stall_timeout`], the call fails.
    #[must_use]
    pub fn max_unread(self, bytes: usize) -> Self {
        self.set(|options| options.limits.unread = bytes)
    }

    /// How long a client of a session may read nothing of a stream that is full. 30 s by default.
    #[must_use]
    pub fn stall_timeout(self, after: Duration) -> Self {
        self.set(|options| options.limits.stall = after)
    }

    fn set(mut self, set: impl FnOnce(&mut Options)) -> Self {
        let shared = Arc::make_mut(&mut self.edge.shared);
        set(Arc::make_mut(&mut shared.options));
        self
    }
}

// By hand: exchanges and makers need have no `Debug`.
impl<E, M> fmt::Debug for Server<E, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("options", &self.edge.shared.options)
            .field("registry", &self.edge.shared.registry)
            .finish_non_exhaustive()
    }
}
