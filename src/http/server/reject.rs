use super::body::ServerBody;
use super::encode::Chunks;
use super::failure::Failure;
use crate::exchange::respond::cut;
use crate::message::{Id, Message, code};
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;
use std::borrow::Cow;

/// A request that never became a call: the status, and a JSON-RPC error that says what to do.
#[derive(Debug)]
pub(super) struct Rejection {
    status: StatusCode,
    body: Box<Message>,
    allow: Option<&'static str>,
}

impl Rejection {
    pub(super) fn new(status: StatusCode, code: i64, text: impl Into<Cow<'static, str>>) -> Rejection {
        Rejection::of(status, &Id::null(), code, text)
    }

    /// A rejection that carries the id of the request.
    pub(super) fn of(status: StatusCode, id: &Id, code: i64, text: impl Into<Cow<'static, str>>) -> Rejection {
        Rejection {
            status,
            body: Box::new(Message::error(id, code, &cut(&text.into()))),
            allow: None,
        }
    }

    pub(super) fn with_data(status: StatusCode, id: &Id, code: i64, text: &str, data: &impl Serialize) -> Rejection {
        Rejection {
            status,
            body: Box::new(
                Message::error_with(id, code, text, data).unwrap_or_else(|_| Message::error(id, code, text)),
            ),
            allow: None,
        }
    }

    pub(super) fn invalid(text: impl Into<Cow<'static, str>>) -> Rejection {
        Rejection::new(StatusCode::BAD_REQUEST, code::INVALID_REQUEST, text)
    }

    pub(super) fn method_not_allowed(allow: &'static str, text: &'static str) -> Rejection {
        Rejection {
            allow: Some(allow),
            ..Rejection::new(StatusCode::METHOD_NOT_ALLOWED, code::INVALID_REQUEST, text)
        }
    }

    pub(super) fn unknown_session(id: &Id) -> Rejection {
        Rejection::of(
            StatusCode::NOT_FOUND,
            id,
            code::INVALID_REQUEST,
            "no such session, or it has ended: send initialize without a session id",
        )
    }

    pub(super) fn unavailable(id: &Id, text: impl Into<Cow<'static, str>>) -> Rejection {
        Rejection::of(StatusCode::SERVICE_UNAVAILABLE, id, code::INTERNAL_ERROR, text)
    }

    /// What the transport below failed with, before anything was sent.
    pub(super) fn failed(status: StatusCode, id: &Id, failure: &Failure, show_causes: bool) -> Rejection {
        Rejection {
            status,
            body: Box::new(failure.message(id, show_causes)),
            allow: None,
        }
    }

    pub(super) fn into_response(self) -> Response<ServerBody> {
        tracing::debug!(status = self.status.as_u16(), body = ?self.body, "request not served");
        let mut response = Response::new(ServerBody::once(Chunks::whole(self.body.to_bytes())));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(allow) = self.allow {
            headers.insert(ALLOW, HeaderValue::from_static(allow));
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
