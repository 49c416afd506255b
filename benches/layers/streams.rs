//! Layers over services that answer with a stream.

use crate::drive::streams as drive;
use crate::service::Echo;
use crate::table::{Run, Table};
use std::num::NonZeroUsize;
use std::time::Duration;
use tower::limit::ConcurrencyLimit;
use tower::load_shed::LoadShed;
use tower::{ServiceBuilder, timeout::Timeout as TowerTimeout};
use tower_transport_layers::catch_panic::CatchPanicLayer;
use tower_transport_layers::drain::DrainLayer;
use tower_transport_layers::in_flight::InFlightLayer;
use tower_transport_layers::in_flight::bytes::InFlightBytesLayer;
use tower_transport_layers::max_message_size::MaxMessageSizeLayer;
use tower_transport_layers::metrics::MetricsLayer;
use tower_transport_layers::timeout::TimeoutLayer;
use tower_transport_layers::trace::TraceLayer;

const FAR: Duration = Duration::from_secs(60);
const LIMIT: NonZeroUsize = NonZeroUsize::new(64).expect("not zero");
const MANY: NonZeroUsize = NonZeroUsize::new(1 << 20).expect("not zero");

/// A layer over the echo.
macro_rules! over {
    ($echo:expr, $($layer:expr),+) => { ServiceBuilder::new()$(.layer($layer))+.service($echo) };
}

pub(crate) fn tables(run: &Run) {
    for waits in [false, true] {
        timeouts(run, waits);
    }
    for threads in [1, 2] {
        in_flight(run, threads);
    }
    others(run);
    for waits in [false, true] {
        stacks(run, waits);
    }
}

fn timeouts(run: &Run, waits: bool) {
    let echo = Echo { waits };
    let name = if waits {
        "timeout, inner waits"
    } else {
        "timeout, inner ready"
    };
    let all = TimeoutLayer::new().first_item(FAR).idle(FAR).total(FAR);
    Table::new(run, name)
        .row("tower Timeout", TowerTimeout::new(echo, FAR), drive)
        .row("bare", echo, drive)
        .row("all phases", over!(echo, all), drive)
        .row("first item", over!(echo, TimeoutLayer::new().first_item(FAR)), drive)
        .print();
}

fn in_flight(run: &Run, threads: usize) {
    let echo = Echo { waits: false };
    let tower = ConcurrencyLimit::new(echo, 64);
    Table::new(run, "in_flight")
        .threads(threads)
        .row("tower ConcurrencyLimit", tower.clone(), drive)
        .row("bare", echo, drive)
        .row("tower LoadShed + ConcurrencyLimit", LoadShed::new(tower), drive)
        .row("refuses", over!(echo, InFlightLayer::new(LIMIT)), drive)
        .row(
            "waits, uncontended",
            over!(echo, InFlightLayer::new(LIMIT).wait(LIMIT)),
            drive,
        )
        .row("bytes, refuses", over!(echo, InFlightBytesLayer::new(MANY)), drive)
        .print();
}

fn others(run: &Run) {
    let echo = Echo { waits: false };
    Table::new(run, "the others, beside tower's Timeout")
        .row("tower Timeout", TowerTimeout::new(echo, FAR), drive)
        .row("bare", echo, drive)
        .row(
            "max message size",
            over!(echo, MaxMessageSizeLayer::new(4 << 20)),
            drive,
        )
        .row("trace, nobody subscribed", over!(echo, TraceLayer::new()), drive)
        .row("metrics, no recorder", over!(echo, MetricsLayer::new()), drive)
        .row("catch panic", over!(echo, CatchPanicLayer::new()), drive)
        .row("drain", over!(echo, DrainLayer::pair().0), drive)
        .print();
}

fn stacks(run: &Run, waits: bool) {
    let echo = Echo { waits };
    let name = if waits {
        "whole stack, inner waits"
    } else {
        "whole stack, inner ready"
    };
    let timeout = TimeoutLayer::new().first_item(FAR).idle(FAR).total(FAR);
    let size = MaxMessageSizeLayer::new(4 << 20);
    Table::new(run, name)
        .row(
            "tower Timeout + ConcurrencyLimit",
            ServiceBuilder::new().timeout(FAR).concurrency_limit(64).service(echo),
            drive,
        )
        .row("bare", echo, drive)
        .row(
            "timeout, in flight",
            over!(echo, timeout.clone(), InFlightLayer::new(LIMIT)),
            drive,
        )
        .row(
            "timeout, in flight, size",
            over!(echo, timeout.clone(), InFlightLayer::new(LIMIT), size.clone()),
            drive,
        )
        .row(
            "trace, catch panic, timeout, in flight, size",
            over!(
                echo,
                TraceLayer::new(),
                CatchPanicLayer::new(),
                timeout,
                InFlightLayer::new(LIMIT),
                size
            ),
            drive,
        )
        .print();
}
