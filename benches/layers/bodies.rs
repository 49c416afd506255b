//! Layers over HTTP services, beside those of tower-http.

use crate::drive::bodies as drive;
use crate::table::{Run, Table};
use http::{Request, Response, StatusCode};
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};
use std::time::Duration;
use tower::{Service, ServiceBuilder};
use tower_http::catch_panic::CatchPanicLayer as TowerCatchPanic;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::{ResponseBodyTimeoutLayer, TimeoutLayer as TowerTimeout};
use tower_http::trace::TraceLayer as TowerTrace;
use tower_transport_layers::catch_panic::CatchPanicLayer;
use tower_transport_layers::max_message_size::MaxMessageSizeLayer;
use tower_transport_layers::timeout::TimeoutLayer;
use tower_transport_layers::trace::TraceLayer;

const FAR: Duration = Duration::from_secs(60);
const MAX: usize = 4 << 20;

/// Answers with the body of the request, whatever that is by then.
#[derive(Clone, Copy)]
struct Echo;

impl<B> Service<Request<B>> for Echo {
    type Response = Response<B>;
    type Error = Infallible;
    type Future = Ready<Result<Response<B>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        ready(Ok(Response::new(request.into_body())))
    }
}

macro_rules! over {
    ($($layer:expr),+) => { ServiceBuilder::new()$(.layer($layer))+.service(Echo) };
}

pub(crate) fn tables(run: &Run) {
    let tower = TowerTimeout::with_status_code(StatusCode::REQUEST_TIMEOUT, FAR);
    Table::new(run, "timeout over HTTP")
        .row(
            "tower-http Timeout + ResponseBodyTimeout",
            over!(ResponseBodyTimeoutLayer::new(FAR), tower),
            drive,
        )
        .row("bare", Echo, drive)
        .row(
            "all phases",
            over!(TimeoutLayer::new().first_item(FAR).idle(FAR).total(FAR)),
            drive,
        )
        .print();
    Table::new(run, "max message size over HTTP")
        .row(
            "tower-http RequestBodyLimit, requests only",
            over!(RequestBodyLimitLayer::new(MAX)),
            drive,
        )
        .row("bare", Echo, drive)
        .row("both ways", over!(MaxMessageSizeLayer::new(MAX)), drive)
        .print();
    Table::new(run, "catch panic over HTTP")
        .row("tower-http CatchPanic", over!(TowerCatchPanic::new()), drive)
        .row("bare", Echo, drive)
        .row("catch panic", over!(CatchPanicLayer::new()), drive)
        .print();
    Table::new(run, "trace over HTTP, nobody subscribed")
        .row("tower-http Trace", over!(TowerTrace::new_for_http()), drive)
        .row("bare", Echo, drive)
        .row("trace", over!(TraceLayer::new()), drive)
        .print();
}
