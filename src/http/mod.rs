//! Streamable HTTP, the transport of the Model Context Protocol.
//!
//! [`Server`] serves an exchange: it is a `Service<http::Request<B>>` that never fails, to be mounted in axum (`route_service`,
//! `nest_service`) or in hyper. A POST already is an exchange, so there is no connection to keep: each POSTed request becomes one
//! [`Call`](crate::exchange::Call), and its reply the response.
//!
//! ```
//! use http::{Request, header};
//! use tower::ServiceExt;
//! use tower_transport::exchange::unary;
//! use tower_transport::message::{Id, Message};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let echo = unary(async |request: Message| {
//!     Message::response(&Id::null(), &request.method().as_deref())
//! });
//! let server = tower_transport::http::Server::new(echo).allow_host("mcp.example.com");
//!
//! let request = Request::post("/mcp")
//!     .header(header::CONTENT_TYPE, "application/json")
//!     .header(header::ACCEPT, "application/json, text/event-stream")
//!     .header("MCP-Protocol-Version", "2026-07-28")
//!     .header("Mcp-Method", "server/discover")
//!     .body(String::from(
//!         r#"{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{
//!             "io.modelcontextprotocol/protocolVersion":"2026-07-28",
//!             "io.modelcontextprotocol/clientCapabilities":{}}}}"#,
//!     ))?;
//! let response = server.oneshot(request).await?;
//! assert_eq!(response.status(), 200);
//! # Ok(())
//! # }
//! ```
//!
//! # Two eras, one endpoint
//!
//! The revision goes by the request, so clients of all revisions are served side by side.
//!
//! | | 2026-07-28 | 2025-03-26 to 2025-11-25 |
//! | --- | --- | --- |
//! | known by | the protocol version in `params._meta` | `initialize`, and `Mcp-Session-Id` after it |
//! | a request | stands for itself; its headers must mirror its body | belongs to a session, which owns the running call |
//! | the client vanishes | the call is cancelled | the call goes on; `notifications/cancelled` cancels |
//! | the exchange asks the client | refused: the revision has no such requests | on the call's stream, or on the GET stream; the client POSTs its answer |
//! | outside of calls | nothing | the stream opened by GET is a listening call; a later one takes its place |
//! | status of an answer | by its JSON-RPC code: -32601 is 404, -32020 to -32022 are 400, all else 200 | 200 |
//!
//! The answer is sent as `application/json` when nothing comes before it, and as `text/event-stream` when something does, or when
//! nothing has come for a keep-alive interval. Batches of 2025-03-26 are refused.
//!
//! # What is bounded
//!
//! The body of a request (bytes, and time to arrive), the wait for the exchange to be ready, the number of sessions and their idleness,
//! what a client leaves unread in a session (bytes, messages and time), the requests that it leaves unanswered (64 a session), and the
//! calls and notifications that run in a session (1,024, as they go on when their client has gone). In 2026-07-28 the client's own
//! reading paces the call: nothing is queued here. How many calls may run in all, and for how long, is for the layers over the exchange
//! to say.
//!
//! # Backpressure
//!
//! The server is always ready. It reads a request first, then readies a clone of the exchange, then calls it: a slot of the exchange is
//! never held while a peer is still sending.
//!
//! # Connections
//!
//! They are the mount's: it sets `TCP_NODELAY`, without which an answer may wait 40 ms for an acknowledgement, and limits how long the head
//! of a request may take, which hyper does only if it is given a timer. The `hyper_mount` example does both, `axum_mount` the first.
//!
//! # Failures
//!
//! A call that fails is answered with JSON-RPC error -32603 and `"data":{"origin":"transport"}`, with what this crate knows of it. Any
//! other cause is logged, and told to clients only if [`Server::show_causes`] allows that. An exchange that was not ready in time is status
//! 503. An exchange whose `poll_ready` fails is dead for good: its session ends, and its requests are answered with 404, upon which clients
//! open a new one.
//!
//! # Room
//!
//! This room may use `exchange` and `message`, and must not touch any other transport. Resumption by `Last-Event-ID` and the client have
//! their place here.

mod server;

pub use server::{Handle, One, ResponseFuture, Server, ServerBody, Session};
