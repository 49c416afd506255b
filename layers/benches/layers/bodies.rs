//! Layers over HTTP services.

use crate::drive::bodies as drive;
use crate::table::{Run, Table};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::time::Duration;
use tower::{ServiceBuilder, service_fn};
use tower_transport_layers::timeout::TimeoutLayer;

const FAR: Duration = Duration::from_secs(60);

pub(crate) fn tables(run: &Run) {
    let echo = service_fn(echo as fn(_) -> _);
    Table::new(run, "timeout over HTTP")
        .row(
            "tower-http Timeout + ResponseBodyTimeout",
            ServiceBuilder::new()
                .layer(tower_http::timeout::ResponseBodyTimeoutLayer::new(FAR))
                .layer(tower_http::timeout::TimeoutLayer::with_status_code(
                    http::StatusCode::REQUEST_TIMEOUT,
                    FAR,
                ))
                .service(echo),
            drive,
        )
        .row("bare", echo, drive)
        .row(
            "all phases",
            ServiceBuilder::new()
                .layer(TimeoutLayer::new().first_item(FAR).idle(FAR).total(FAR))
                .service(echo),
            drive,
        )
        .print();
}

fn echo(request: Request<Full<Bytes>>) -> Ready<Result<Response<Full<Bytes>>, Infallible>> {
    ready(Ok(Response::new(request.into_body())))
}
