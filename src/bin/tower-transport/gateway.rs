//! From http:// to children.

use crate::args::Args;
use crate::children::{Backend, Children};
use crate::demo;
use crate::endpoint::HttpEndpoint;
use crate::failure::Failure;
use crate::listen::{Limits, Listener};
use crate::routes::Routes;
use crate::say;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tower_transport::http::Server;

/// How long the last responses may take to be written once all calls have finished or failed.
const FLUSH: Duration = Duration::from_secs(1);

/// Serves until `stop`, then stops gracefully.
pub(crate) async fn serve(
    endpoint: HttpEndpoint,
    children: Children,
    args: &Args,
    is_demo: bool,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let listener = Listener::bind(endpoint).await?;
    let endpoint = listener.endpoint().clone();
    let server = server(&endpoint, children.clone(), args);
    let handle = server.handle();
    say(&format!("listening on {endpoint}"));
    if is_demo {
        say(&format!("this is a demo; try:\n{}", demo::curl(&endpoint)));
    }

    let limits = Limits {
        // A client of a session has a stream open beside its calls.
        connections: (args.max_sessions as usize).saturating_mul(4).max(256),
        write_stall: args.write_stall,
    };
    let routes = Routes::new(server, children.clone());
    let connections = listener.serve(routes, limits, stop.cancelled()).await;

    tracing::info!(calls = handle.calls(), sessions = handle.sessions(), "stopping");
    if tokio::time::timeout(args.drain, handle.drain()).await.is_err() {
        tracing::warn!(
            "{} calls did not finish within {:?}, and fail",
            handle.calls(),
            args.drain
        );
    }
    children.stop().await;
    connections.finish(FLUSH).await;
    Ok(())
}

fn server(endpoint: &HttpEndpoint, children: Children, args: &Args) -> Server<Backend, Children> {
    let mut server = Server::per_session(children)
        .path(&endpoint.path)
        // The name that the operator gave is no rebinding; that of "all interfaces" is no name.
        .allow_host(&endpoint.host)
        // Whoever may call the child may know why it died.
        .show_causes(true)
        .max_body(args.max_message_size)
        .max_sessions(args.max_sessions as usize)
        .session_idle(args.session_idle);
    for origin in &args.allow_origin {
        server = server.allow_origin(origin);
    }
    for host in &args.allow_host {
        server = server.allow_host(host);
    }
    server
}
