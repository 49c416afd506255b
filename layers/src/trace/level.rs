//! Spans and events whose level is known only at run time. (To `tracing` it is a constant of a place in the code.)

use super::escape::escape;
use crate::Describe;
use crate::observe::Weight;
use tracing::field::Empty;
use tracing::level_filters::LevelFilter;
use tracing::metadata::Kind;
use tracing::{Level, Span};

/// Gives a macro each level as a constant.
macro_rules! at_level {
    ($level:expr, $make:ident) => {
        match $level {
            Level::ERROR => $make!(Level::ERROR),
            Level::WARN => $make!(Level::WARN),
            Level::INFO => $make!(Level::INFO),
            Level::DEBUG => $make!(Level::DEBUG),
            Level::TRACE => $make!(Level::TRACE),
        }
    };
}

/// The span of an exchange. The request is asked for its names only if the span is enabled.
pub(super) fn span<K, R: Describe + Weight<K>>(level: Level, request: &R, cap: usize) -> Span {
    // As long as there is no subscriber at all, a build with tracing's feature `log` would format the fields for a log record.
    if level > LevelFilter::current() {
        return Span::none();
    }
    macro_rules! make {
        ($level:expr) => {
            tracing::span!(
                target: "tower_transport_layers::trace",
                $level,
                "exchange",
                method = &*escape(&request.method(), cap),
                id = request.id().map(|id| escape(&id, cap).into_owned()),
                request_bytes = request.weight(),
                items = Empty,
                reply_bytes = Empty,
                outcome = Empty,
                kind = Empty,
                error = Empty,
                duration_seconds = Empty,
            )
        };
    }
    at_level!(level, make)
}

/// Says that the exchange of the current span ended.
pub(super) fn ended(level: Level) {
    macro_rules! make {
        ($level:expr) => {
            tracing::event!(target: "tower_transport_layers::trace", $level, "exchange ended")
        };
    }
    at_level!(level, make);
}

/// Shows something of the exchange of the current span, if anybody listens and there is something to show.
pub(super) fn payload(level: Level, cap: usize, what: &'static str, show: impl FnOnce() -> Option<String>) {
    macro_rules! enabled {
        ($level:expr) => {
            tracing::enabled!(kind: Kind::EVENT, target: "tower_transport_layers::trace", $level)
        };
    }
    if !at_level!(level, enabled) {
        return;
    }
    let Some(shown) = show() else { return };
    let shown = &*escape(&shown, cap);
    macro_rules! make {
        ($level:expr) => {
            tracing::event!(target: "tower_transport_layers::trace", $level, payload = shown, "{what}")
        };
    }
    at_level!(level, make);
}
