//! The listener: connections in, requests to a service, a graceful end.

use crate::endpoint::HttpEndpoint;
use crate::failure::{Failure, Kind};
use crate::stall::Stall;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tower::Service;
use tower_transport::BoxError;

/// How long the head of a request may take, also on a connection that is kept alive.
const HEADER_READ: Duration = Duration::from_secs(10);
/// After an error of `accept`, which is most often a want of descriptors that others will give back.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// A bound socket.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: TcpListener,
    endpoint: HttpEndpoint,
}

/// What each connection and all of them are bounded by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Connections at once; more wait to be accepted.
    pub(crate) connections: usize,
    /// How long a client may read nothing of what is written.
    pub(crate) write_stall: Duration,
}

/// The connections that are left when no more are accepted.
pub(crate) struct Connections {
    tasks: JoinSet<()>,
    graceful: GracefulShutdown,
}

impl Listener {
    pub(crate) async fn bind(mut endpoint: HttpEndpoint) -> Result<Listener, Failure> {
        let bound = TcpListener::bind((endpoint.bare_host(), endpoint.port)).await;
        let socket = bound.map_err(|error| Failure::new(Kind::Listen, describe(&endpoint, &error)))?;
        if let Ok(address) = socket.local_addr() {
            endpoint.port = address.port();
        }
        Ok(Listener { socket, endpoint })
    }

    /// The endpoint, with the port that was taken if any would do.
    pub(crate) const fn endpoint(&self) -> &HttpEndpoint {
        &self.endpoint
    }

    /// Serves connections until `stop` resolves. What is accepted by then is served on.
    pub(crate) async fn serve<S, B>(self, service: S, limits: Limits, stop: impl Future<Output = ()>) -> Connections
    where
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let mut http = http1::Builder::new();
        // Without a timer hyper leaves the timeout out, and says nothing.
        http.timer(TokioTimer::new()).header_read_timeout(HEADER_READ);
        let room = Arc::new(Semaphore::new(limits.connections));
        let mut connections = Connections {
            tasks: JoinSet::new(),
            graceful: GracefulShutdown::new(),
        };
        let mut stop = pin!(stop);
        loop {
            let accepted = tokio::select! {
                () = &mut stop => return connections,
                Some(_) = connections.tasks.join_next() => continue,
                accepted = accept(&self.socket, &room) => accepted,
            };
            let (stream, place) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!("no connection could be accepted: {error}");
                    tokio::time::sleep(ACCEPT_RETRY).await;
                    continue;
                }
            };
            // Else an answer in two writes waits for the client's delayed acknowledgement, 40 ms. It fails on a connection that is
            // gone already, which is found out below.
            let _gone = stream.set_nodelay(true);
            let service = TowerToHyperService::new(service.clone());
            let connection = http.serve_connection(TokioIo::new(Stall::new(stream, limits.write_stall)), service);
            let connection = connections.graceful.watch(connection);
            connections.tasks.spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!("a connection broke off: {error}");
                }
                drop(place);
            });
        }
    }
}

impl Connections {
    /// Lets what is being answered be answered, for at most so long, and closes all connections.
    pub(crate) async fn finish(self, within: Duration) {
        let Connections { mut tasks, graceful } = self;
        if tokio::time::timeout(within, graceful.shutdown()).await.is_err() {
            tracing::warn!("closed {} connections in the middle of a response", tasks.len());
        }
        tasks.shutdown().await;
    }
}

async fn accept(
    socket: &TcpListener,
    room: &Arc<Semaphore>,
) -> io::Result<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(room).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = socket.accept().await?;
    Ok((stream, place))
}

fn describe(endpoint: &HttpEndpoint, error: &io::Error) -> String {
    let HttpEndpoint { host, port, path } = endpoint;
    let advice = match error.kind() {
        io::ErrorKind::AddrInUse => "stop the program that has it, or choose another port",
        io::ErrorKind::PermissionDenied => "ports below 1024 are for root: choose a higher one",
        io::ErrorKind::AddrNotAvailable => {
            "no network interface here has that address: choose one that does, such as 127.0.0.1"
        }
        _ => "check host and port",
    };
    let free = format!("--from http://{host}:0{path}");
    format!("can't listen on {host}:{port}: {error}: {advice} ({free} takes a free one)")
}
