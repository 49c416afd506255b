use super::Connection;
use super::driver::Driver;
use super::serve::Nobody;
use super::shared::Shared;
use super::slots::Server;
use super::writer::Writer;
use crate::codec::{BlockRing, FrameReader, Framing, Lines, RingOptions};
use crate::exchange::Exchange;
use crate::protocol::{Mcp, Protocol};
use http::Extensions;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tower_transport_layers::buffer_pool::BufferPool;
use tower_transport_layers::max_message_size::MaxFrame;

/// How a duplex is made into exchanges: the protocol, the framing and the bounds. Every bound has a safe default.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tower_transport::BoxError> {
/// use tower_transport::exchange::{ExchangeExt, unary};
/// use tower_transport::message::{Id, Message};
/// use tower_transport::mux::Mux;
///
/// let (ours, theirs) = tokio::io::duplex(4096);
/// let echo = unary(|request: Message| async move {
///     Message::response(&Id::null(), &request.payload().map(str::len)).map_err(tower_transport::BoxError::from)
/// });
/// let (read, write) = tokio::io::split(theirs);
/// let (_connection, driver) = Mux::new().serve(read, write, echo);
/// tokio::spawn(driver);
///
/// let (read, write) = tokio::io::split(ours);
/// let (mut peer, driver) = Mux::new().connect(read, write);
/// tokio::spawn(driver);
/// let answer = peer.request(Message::request(&Id::number(1), "tools/list", &())?).await?;
/// assert_eq!(answer.id(), Some(Id::number(1)));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Mux<F = Lines> {
    pub(super) protocol: Arc<dyn Protocol>,
    pub(super) framing: F,
    pub(super) bounds: Bounds,
    pub(super) received: usize,
    pub(super) pool: Option<BufferPool>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) in_flight: usize,
    pub(super) message: usize,
    pub(super) unread: usize,
    pub(super) unread_total: usize,
    pub(super) write_stall: Duration,
    pub(super) drain: Duration,
}

impl Mux<Lines> {
    /// MCP over newline-framed JSON, with the defaults.
    pub fn new() -> Mux<Lines> {
        Mux {
            protocol: Arc::new(Mcp),
            framing: Lines::new(),
            bounds: Bounds {
                in_flight: 64,
                message: 4 << 20,
                unread: 1 << 20,
                unread_total: 16 << 20,
                write_stall: Duration::from_secs(30),
                drain: Duration::from_secs(2),
            },
            received: 4 << 20,
            pool: None,
        }
    }
}

impl Default for Mux<Lines> {
    fn default() -> Self {
        Mux::new()
    }
}

impl<F> Mux<F> {
    /// Another protocol than MCP.
    pub fn protocol(mut self, protocol: impl Protocol) -> Self {
        self.protocol = Arc::new(protocol);
        self
    }

    /// Another framing than lines.
    pub fn framing<G: Framing>(self, framing: G) -> Mux<G> {
        Mux {
            protocol: self.protocol,
            framing,
            bounds: self.bounds,
            received: self.received,
            pool: self.pool,
        }
    }

    /// How many calls run at once, and, apart from them, how many requests of the peer. Default 64; at least 1, at most 65,536.
    ///
    /// A connection is not ready while as many calls are in flight. A request of the peer past it is refused with a JSON-RPC error.
    pub fn max_in_flight(mut self, calls: usize) -> Self {
        self.bounds.in_flight = calls.clamp(1, 1 << 16);
        self
    }

    /// How large one message may be, in bytes without its framing, either way. Default 4 MiB.
    ///
    /// A larger one is not stored. The call that it belongs to fails with limit and size; the connection goes on.
    pub fn max_message_size(mut self, bytes: usize) -> Self {
        self.bounds.message = bytes;
        self.received = bytes;
        self
    }

    /// Has the connection read and write with blocks of `pool`, which other connections may share.
    ///
    /// One block is in use for reading as long as the connection lasts, and one for writing while something waits to be written; without a
    /// free one the connection allocates. By default a connection has memory of its own: up to 512 KiB that it is read into, allocated as
    /// it is needed, and 128 KiB to 288 KiB that it is written from. It is kept, so for many connections that are mostly idle a pool is less.
    pub fn buffer_pool(mut self, pool: BufferPool) -> Self {
        self.pool = Some(pool);
        self
    }

    /// Takes over what the layers over a connector left for the transport in its target's extensions: a
    /// [`BufferPool`], and a [`MaxFrame`], which takes the place of [`max_message_size`](Mux::max_message_size).
    pub fn for_target(mut self, extensions: &Extensions) -> Self {
        if let Some(pool) = extensions.get::<BufferPool>() {
            self.pool = Some(pool.clone());
        }
        if let Some(asked) = MaxFrame::of(extensions) {
            self.bounds.message = asked.sent().unwrap_or(self.bounds.message);
            self.received = asked.received().unwrap_or(self.received);
        }
        self
    }

    /// How many bytes of notifications and peer requests one caller may leave unread. Default 1 MiB; its exchange then fails.
    pub fn max_unread(mut self, bytes: usize) -> Self {
        self.bounds.unread = bytes;
        self
    }

    /// How many bytes all callers of the connection may leave unread. Default 16 MiB; the exchange that holds most then fails.
    pub fn max_unread_total(mut self, bytes: usize) -> Self {
        self.bounds.unread_total = bytes;
        self
    }

    /// How long a write may make no progress. Default 30 s; the connection then ends.
    pub fn write_stall(mut self, limit: Duration) -> Self {
        self.bounds.write_stall = limit;
        self
    }

    /// How long requests of the peer may still run after it has closed its side. Default 2 s.
    pub fn drain(mut self, limit: Duration) -> Self {
        self.bounds.drain = limit;
        self
    }
}

impl<F: Framing> Mux<F> {
    /// Speaks to a peer that serves us. Its own requests go to the exchange that they belong to, or to a call that listens.
    ///
    /// The driver does the work: nothing moves until it is polled, on a task or anywhere else. It ends when the peer closes its
    /// side, on an error, and after the last connection and reply have been dropped.
    pub fn connect<R, W>(self, read: R, write: W) -> (Connection, Driver<R, W, Nobody, F>)
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        self.build(read, write, None, None)
    }

    /// Serves a peer with `handler`, and speaks to it as well through the connection.
    ///
    /// A handler is polled on the driver's own task: what computes for long belongs on a task of its own. When the peer closes its
    /// side, what runs may finish within [`drain`](Mux::drain); then the driver ends.
    pub fn serve<R, W, H>(self, read: R, write: W, handler: H) -> (Connection, Driver<R, W, H, F>)
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
        H: Exchange,
    {
        self.build(read, write, Some(handler), None)
    }

    /// As [`connect`](Mux::connect), with something that is dropped together with the last connection and reply.
    ///
    /// For edges that own more than a pair of streams: a child process, say, that is killed once nobody wants anything of it.
    pub fn connect_with<R, W>(
        self,
        read: R,
        write: W,
        guard: impl Send + Sync + 'static,
    ) -> (Connection, Driver<R, W, Nobody, F>)
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        self.build(read, write, None, Some(Box::new(guard)))
    }

    fn build<R, W, H>(
        self,
        read: R,
        write: W,
        handler: Option<H>,
        guard: Option<Box<dyn Send + Sync>>,
    ) -> (Connection, Driver<R, W, H, F>)
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
        H: Exchange,
    {
        let (shared, queued) = Shared::new(self.protocol, self.bounds);
        let shared = Arc::new(shared);
        let server = handler.map(|handler| Server::new(handler, self.bounds.in_flight));
        let ring = match &self.pool {
            Some(pool) => BlockRing::pooled(pool.clone(), RingOptions::new()),
            None => BlockRing::new(RingOptions::new()),
        };
        let reader = FrameReader::with_ring(read, self.framing, self.received, ring);
        let writer = Writer::new(write, self.pool);
        let driver = Driver::new(shared.clone(), queued, reader, writer, server);
        (Connection::new(shared, guard), driver)
    }
}
