use super::{ServeError, Stdin, Stdout, stdin, stdout};
use crate::codec::Framing;
use crate::exchange::Exchange;
use crate::mux::{Connection, Driver, Mux};

/// Serves MCP in lines of JSON over our own stdin and stdout, with the default bounds, until stdin ends.
///
/// EOF on stdin is how a client asks a stdio server to end (MCP, "Lifecycle: shutdown"). What runs by then may finish within the
/// [drain time](Mux::drain) of 2 s; when this returns, the answers are with the kernel. The program should exit then.
///
/// `handler` is polled on the calling task, and what computes for long belongs on a task of its own. Nothing else may write to stdout; logs
/// go to stderr.
///
/// ```no_run
/// use tower_transport::BoxError;
/// use tower_transport::exchange::unary;
/// use tower_transport::message::{Id, Message};
/// use tower_transport::stdio;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// stdio::serve(unary(|_: Message| async { Message::response(&Id::null(), &"hello") })).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`ServeError`] when stdin or stdout can't be opened, and when the connection ends otherwise than by EOF.
///
/// # Cancel safety
///
/// Dropping the future stops serving at once: handlers are dropped, and answers that were not yet written are lost.
pub async fn serve<H: Exchange>(handler: H) -> Result<(), ServeError> {
    serve_with(Mux::new(), handler).await
}

/// As [`serve`], with another protocol, another framing or other bounds.
///
/// # Errors
///
/// As [`serve`].
///
/// # Cancel safety
///
/// As [`serve`].
pub async fn serve_with<H: Exchange, F: Framing>(mux: Mux<F>, handler: H) -> Result<(), ServeError> {
    let (_, driver) = connect(mux, handler)?;
    ServeError::unless_eof(driver.await)
}

/// As [`serve_with`], for a server that calls its client as well, outside of the client's own requests: the [`Connection`] is the exchange
/// towards it.
///
/// Nothing moves until the [`Driver`] is polled. It resolves with [`End::Eof`](crate::mux::End::Eof) when stdin ends.
///
/// # Errors
///
/// [`ServeError`] when stdin or stdout can't be opened.
pub fn connect<H: Exchange, F: Framing>(
    mux: Mux<F>,
    handler: H,
) -> Result<(Connection, Driver<Stdin, Stdout, H, F>), ServeError> {
    let read = stdin().map_err(|error| ServeError::open("stdin", error))?;
    let write = stdout().map_err(|error| ServeError::open("stdout", error))?;
    Ok(mux.serve(read, write, handler))
}
