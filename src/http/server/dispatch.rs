use super::body::ServerBody;
use super::control::{Admitted, Control};
use super::gather::gather;
use super::headers::{self, SESSION_ID};
use super::make::{Make, Served};
use super::mirror::{self, Meta};
use super::options::Options;
use super::registry::Registry;
use super::reject::Rejection;
use super::respond::bare;
use crate::BoxError;
use crate::exchange::{Call, Input};
use crate::message::{Id, Kind, Message, code};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body::Body;
use serde::de::IgnoredAny;
use std::sync::Arc;

/// A maker of exchanges, and what its clones share.
#[derive(Clone)]
pub(super) struct Edge<E, M> {
    pub(super) make: M,
    // One count for all: a server is cloned twice for each request.
    pub(super) shared: Arc<Shared<E>>,
}

/// What all clones of a server share, whatever makes their exchanges.
pub(super) struct Shared<E> {
    pub(super) options: Arc<Options>,
    pub(super) registry: Arc<Registry<E>>,
    pub(super) control: Arc<Control>,
}

// By hand: the exchange need not be `Clone` for this.
impl<E> Clone for Shared<E> {
    fn clone(&self) -> Self {
        Shared {
            options: Arc::clone(&self.options),
            registry: Arc::clone(&self.registry),
            control: Arc::clone(&self.control),
        }
    }
}

/// What a served request becomes.
pub(super) type Outcome = Result<Response<ServerBody>, Rejection>;

impl<E: Served, M: Make<E>> Edge<E, M> {
    /// What few requests need is boxed, so that the others need not make room for it.
    pub(super) fn serve<B>(self, request: Request<B>) -> impl Future<Output = Outcome> + Send
    where
        B: Body + Send,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        // Before the future, which else would keep the place of the whole request, too.
        let (mut parts, body) = request.into_parts();
        let Edge { make, shared } = self;
        async move {
            shared.options.access.check(&parts.uri, &parts.headers)?;
            shared.check_path(parts.uri.path())?;
            match parts.method {
                Method::POST => {
                    headers::check_post(&parts.headers)?;
                    let mut body = gather(
                        body,
                        &shared.options.pool,
                        shared.options.max_body,
                        shared.options.body_timeout,
                    )
                    .await?;
                    let message = parse(&mut body)?;
                    if is_modern(&message, &parts.headers)? {
                        shared.modern(make, message, &mut parts).await
                    } else {
                        Box::pin(shared.legacy(make, message, &mut parts)).await
                    }
                }
                Method::GET => Box::pin(shared.get(&mut parts)).await,
                Method::DELETE => shared.delete(&parts.headers),
                _ => Err(Rejection::method_not_allowed(
                    "POST, GET, DELETE",
                    "the endpoint takes POST, and GET and DELETE for a session",
                )),
            }
        }
    }
}

impl<E: Served> Shared<E> {
    /// The revision goes by the request: what says 2026-07-28 in its body stands for itself, all else belongs to a session. The
    /// `Mcp-Method` header says nothing of it, as some clients send it in every revision.
    async fn legacy<M: Make<E>>(&self, make: M, message: Message, parts: &mut Parts) -> Outcome {
        let is_request = message.kind() == Kind::Request;
        if is_request && message.method_bytes().as_deref() == Some(b"initialize") {
            return self.initialize(make, message, parts).await;
        }
        if parts.headers.contains_key(SESSION_ID) {
            return self.in_session(message, parts).await;
        }
        let id = request_id(&message);
        if is_request && mirror::is_modern_header(&parts.headers) {
            return Err(mirror::missing(&id, "io.modelcontextprotocol/protocolVersion"));
        }
        if message.method_bytes().as_deref() == Some(b"notifications/initialized") {
            // A client in wide use sends this one without its session, and takes a refusal for the end of it.
            return Ok(bare(StatusCode::ACCEPTED));
        }
        Err(Rejection::of(
            StatusCode::BAD_REQUEST,
            &id,
            code::INVALID_REQUEST,
            "no Mcp-Session-Id header, and no protocol version in params._meta: send initialize first",
        ))
    }

    fn check_path(&self, path: &str) -> Result<(), Rejection> {
        let served = match &self.options.path {
            Some(served) => path == &**served,
            None => !path.contains("/.well-known/"),
        };
        if served {
            return Ok(());
        }
        Err(Rejection::new(
            StatusCode::NOT_FOUND,
            code::INVALID_REQUEST,
            "nothing is served at this path",
        ))
    }

    pub(super) fn admit(&self, id: &Id) -> Result<Admitted, Rejection> {
        self.control
            .admit()
            .ok_or_else(|| Rejection::unavailable(id, "the server is shutting down"))
    }
}

/// Whether a body says that it is of 2026-07-28, or later. One that does must be in order.
fn is_modern(message: &Message, headers: &HeaderMap) -> Result<bool, Rejection> {
    let meta = Meta::of(message, headers)?;
    match meta.version() {
        Some(version) => mirror::check(message, &meta, &version, headers).map(|()| true),
        None => Ok(false),
    }
}

/// A call that has whatever the layers above this server found out of the request.
pub(super) fn call(message: Message, parts: &mut Parts) -> Call {
    Call {
        input: Input::Message(message),
        extensions: std::mem::take(&mut parts.extensions),
    }
}

/// The id that a refusal carries: that of a request. An answer's id is not the client's to be told of.
pub(super) fn request_id(message: &Message) -> Id {
    match message.kind() {
        Kind::Request => message.id().unwrap_or_else(Id::null),
        Kind::Notification | Kind::Response | Kind::Error => Id::null(),
    }
}

/// The session that a request names, whether there is one or not.
pub(super) fn session_id(headers: &HeaderMap) -> Option<&str> {
    // What is no text names no session that there ever was.
    headers.get(SESSION_ID).map(|id| id.to_str().unwrap_or_default())
}

fn parse(body: &mut Bytes) -> Result<Message, Rejection> {
    Message::take(body).map_err(|error| {
        // Told apart by the other parser, since this one stops at the first thing that is no message.
        let code = match serde_json::from_slice::<IgnoredAny>(body) {
            Ok(_) => code::INVALID_REQUEST,
            Err(_) => code::PARSE_ERROR,
        };
        Rejection::new(StatusCode::BAD_REQUEST, code, error.to_string())
    })
}
