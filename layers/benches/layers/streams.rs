//! Layers over services that answer with a stream.

use crate::drive::streams as drive;
use crate::service::Echo;
use crate::table::{Run, Table};
use std::time::Duration;
use tower::limit::ConcurrencyLimit;
use tower::{ServiceBuilder, timeout::Timeout as TowerTimeout};
use tower_transport_layers::timeout::TimeoutLayer;

const FAR: Duration = Duration::from_secs(60);

pub(crate) fn tables(run: &Run) {
    for waits in [false, true] {
        let echo = Echo { waits };
        let name = if waits {
            "timeout, inner waits"
        } else {
            "timeout, inner ready"
        };
        Table::new(run, name)
            .row("tower Timeout", TowerTimeout::new(echo, FAR), drive)
            .row("bare", echo, drive)
            .row(
                "all phases",
                ServiceBuilder::new()
                    .layer(TimeoutLayer::new().first_item(FAR).idle(FAR).total(FAR))
                    .service(echo),
                drive,
            )
            .row(
                "first item",
                ServiceBuilder::new()
                    .layer(TimeoutLayer::new().first_item(FAR))
                    .service(echo),
                drive,
            )
            .print();
    }
    for threads in [1, 2] {
        let echo = Echo { waits: false };
        Table::new(run, "in_flight")
            .threads(threads)
            .row("tower ConcurrencyLimit", ConcurrencyLimit::new(echo, 64), drive)
            .row("bare", echo, drive)
            .print();
    }
}
