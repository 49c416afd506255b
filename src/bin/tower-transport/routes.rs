//! What is served beside the endpoint: health, and a fast 404 for all the rest.

use crate::children::Children;
use crate::endpoint::{HEALTH, READY};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tower::Service;
use tower_transport::http::ServerBody;

/// The health checks in front of the server, which answers all other paths.
#[derive(Debug, Clone)]
pub(crate) struct Routes<S> {
    server: S,
    children: Children,
}

pub(crate) type RoutesBody = Either<ServerBody, Full<Bytes>>;

impl<S> Routes<S> {
    pub(crate) const fn new(server: S, children: Children) -> Routes<S> {
        Routes { server, children }
    }
}

impl<S> Service<Request<Incoming>> for Routes<S>
where
    S: Service<Request<Incoming>, Response = Response<ServerBody>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<RoutesBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<RoutesBody>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.server.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let own = match request.uri().path() {
            HEALTH => Some(healthy(request.method())),
            READY => Some(match self.children.ready() {
                Ok(()) => healthy(request.method()),
                Err(error) => status(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
            }),
            _ => None,
        };
        if let Some(response) = own {
            return Box::pin(std::future::ready(Ok(response.map(Either::Right))));
        }
        let response = self.server.call(request);
        Box::pin(async move { response.await.map(|response| response.map(Either::Left)) })
    }
}

fn healthy(method: &Method) -> Response<Full<Bytes>> {
    match *method {
        Method::GET | Method::HEAD => status(StatusCode::OK, "ok"),
        _ => status(StatusCode::METHOD_NOT_ALLOWED, "a health check is a GET"),
    }
}

/// One line of plain text.
fn status(status: StatusCode, line: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(format!("{line}\n"))));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response
}
