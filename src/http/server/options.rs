use super::access::Access;
use super::live::Limits;
use std::time::Duration;
use tower_transport_layers::buffer_pool::BufferPool;

/// What a server is told when it is built. The methods of [`Server`](super::Server) document each.
#[derive(Debug, Clone)]
pub(super) struct Options {
    pub(super) access: Access,
    pub(super) path: Option<Box<str>>,
    pub(super) pool: BufferPool,
    pub(super) show_causes: bool,
    pub(super) max_body: usize,
    pub(super) body_timeout: Duration,
    pub(super) ready_timeout: Duration,
    pub(super) keep_alive: Duration,
    pub(super) max_sessions: usize,
    pub(super) session_idle: Duration,
    pub(super) initialize_timeout: Duration,
    pub(super) limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            access: Access::default(),
            path: None,
            // 2 MiB at most, all connections together, and nothing before it is needed.
            pool: BufferPool::new(64 * 1024, 32).expect("a valid size"),
            show_causes: false,
            max_body: 4 * 1024 * 1024,
            body_timeout: Duration::from_secs(30),
            ready_timeout: Duration::from_secs(10),
            keep_alive: Duration::from_secs(15),
            max_sessions: 1_000,
            session_idle: Duration::from_secs(30 * 60),
            initialize_timeout: Duration::from_secs(60),
            limits: Limits {
                unread: 1024 * 1024,
                stall: Duration::from_secs(30),
            },
        }
    }
}
