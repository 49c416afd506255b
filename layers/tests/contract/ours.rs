//! Our layers, each over streams and over HTTP.

#[cfg(feature = "timeout")]
mod timeout {
    use std::time::Duration;
    use tower_transport_layers::contract::Suite;
    use tower_transport_layers::contract_suite;
    use tower_transport_layers::timeout::TimeoutLayer;

    const SECOND: Duration = Duration::from_secs(1);

    contract_suite!(without_limits, Suite::new(TimeoutLayer::new));
    contract_suite!(
        all_phases,
        Suite::new(|| TimeoutLayer::new().first_item(SECOND).idle(SECOND).total(SECOND)).needs_runtime()
    );
    contract_suite!(
        over_http,
        Suite::http(|| TimeoutLayer::new().first_item(SECOND).idle(SECOND).total(SECOND)).needs_runtime()
    );
}

#[cfg(feature = "policies")]
mod policies {
    use std::num::NonZeroU32;
    use std::time::Duration;
    use tower::load::PendingRequests;
    use tower::retry::RetryLayer;
    use tower_layer::layer_fn;
    use tower_transport_layers::contract::{ProbeError, Request, Suite};
    use tower_transport_layers::contract_suite;
    use tower_transport_layers::policies::{Backoff, CompleteOnLastItem, Fate, RetryPolicy, RetryRules};

    contract_suite!(
        pending_requests,
        Suite::new(|| layer_fn(|inner| PendingRequests::new(inner, CompleteOnLastItem::new()))).not_clone()
    );
    contract_suite!(
        pending_requests_over_http,
        Suite::http(|| layer_fn(|inner| PendingRequests::new(inner, CompleteOnLastItem::new()))).not_clone()
    );
    contract_suite!(retry, Suite::new(|| RetryLayer::new(policy())));

    /// The probe's failures are final, so what is checked is the call that is not made again.
    #[derive(Clone)]
    struct Rules;

    impl RetryRules<Request, ProbeError> for Rules {
        fn copy(&self, request: &Request) -> Option<Request> {
            Some(request.clone())
        }

        fn fate(&self, _: &ProbeError) -> Fate {
            Fate::Hopeless
        }
    }

    fn policy() -> RetryPolicy<Rules> {
        let backoff = Backoff::new(Duration::from_millis(1), Duration::from_secs(1));
        RetryPolicy::new(NonZeroU32::MIN, backoff, Rules)
    }
}

#[cfg(feature = "in-flight")]
mod in_flight {
    use std::num::NonZeroUsize;
    use tower_transport_layers::contract::{Request, Suite};
    use tower_transport_layers::contract_suite;
    use tower_transport_layers::in_flight::InFlightLayer;
    use tower_transport_layers::in_flight::bytes::InFlightBytesLayer;

    const fn at_most(limit: usize) -> NonZeroUsize {
        NonZeroUsize::new(limit).expect("more than zero")
    }

    contract_suite!(refuses, Suite::new(|| InFlightLayer::new(at_most(2))).limit(2));
    contract_suite!(
        refuses_over_http,
        Suite::http(|| InFlightLayer::new(at_most(2))).limit(2)
    );
    contract_suite!(
        waits,
        Suite::new(|| InFlightLayer::new(at_most(2)).wait(at_most(8))).limit(2)
    );
    contract_suite!(
        waits_for_one,
        Suite::new(|| InFlightLayer::new(at_most(1)).wait(at_most(8))).limit(1)
    );
    contract_suite!(
        waits_in_a_short_line,
        Suite::new(|| InFlightLayer::new(at_most(2)).wait(at_most(1))).limit(2)
    );
    contract_suite!(
        waits_over_http,
        Suite::http(|| InFlightLayer::new(at_most(2)).wait(at_most(8))).limit(2)
    );

    contract_suite!(
        bytes_refuses,
        Suite::new(|| InFlightBytesLayer::new(at_most(2 * Request::BYTES))).limit(2)
    );
    contract_suite!(
        bytes_waits,
        Suite::new(|| InFlightBytesLayer::new(at_most(2 * Request::BYTES)).wait(at_most(8))).limit(2)
    );
    contract_suite!(
        bytes_waits_with_a_rest,
        Suite::new(|| InFlightBytesLayer::new(at_most(4 * Request::BYTES - 1)).wait(at_most(8))).limit(3)
    );
}

#[cfg(feature = "catch-panic")]
mod catch_panic {
    use tower_transport_layers::catch_panic::CatchPanicLayer;
    use tower_transport_layers::contract::Suite;
    use tower_transport_layers::contract_suite;

    contract_suite!(over_streams, Suite::new(CatchPanicLayer::new));
    contract_suite!(over_http, Suite::http(CatchPanicLayer::new));
}

#[cfg(feature = "drain")]
mod drain {
    use tower_transport_layers::contract::Suite;
    use tower_transport_layers::contract_suite;
    use tower_transport_layers::drain::DrainLayer;

    contract_suite!(over_streams, Suite::new(|| DrainLayer::pair().0));
    contract_suite!(over_http, Suite::http(|| DrainLayer::pair().0));
}

#[cfg(feature = "trace")]
mod trace {
    use tower_transport_layers::contract::Suite;
    use tower_transport_layers::contract_suite;
    use tower_transport_layers::trace::TraceLayer;

    contract_suite!(over_streams, Suite::new(TraceLayer::new));
    contract_suite!(over_http, Suite::http(TraceLayer::new));

    #[test]
    fn with_a_subscriber_that_records_everything() {
        let all = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(std::io::sink)
            .finish();
        tracing::subscriber::with_default(all, || Suite::new(TraceLayer::new).run());
    }
}

#[cfg(feature = "metrics")]
mod metrics {
    use metrics_util::debugging::DebuggingRecorder;
    use tower_transport_layers::contract::Suite;
    use tower_transport_layers::contract_suite;
    use tower_transport_layers::metrics::MetricsLayer;

    contract_suite!(over_streams, Suite::new(MetricsLayer::new));
    contract_suite!(over_http, Suite::http(MetricsLayer::new));

    #[test]
    fn with_a_recorder() {
        metrics::with_local_recorder(&DebuggingRecorder::new(), || Suite::new(MetricsLayer::new).run());
    }
}

#[cfg(feature = "max-message-size")]
mod max_message_size {
    use super::connectors::Connector;
    use tower_transport_layers::contract::Suite;
    use tower_transport_layers::contract_suite;
    use tower_transport_layers::max_message_size::MaxMessageSizeLayer;

    contract_suite!(
        over_streams,
        Suite::new(|| MaxMessageSizeLayer::new(1000).max_items(10))
    );
    contract_suite!(over_http, Suite::http(|| MaxMessageSizeLayer::new(1000)));
    contract_suite!(
        over_connectors,
        Suite::over(Connector, || MaxMessageSizeLayer::new(1000))
    );
}

#[cfg(feature = "buffer-pool")]
mod buffer_pool {
    use super::connectors::Connector;
    use tower_transport_layers::buffer_pool::{BufferPool, BufferPoolLayer};
    use tower_transport_layers::contract::Suite;
    use tower_transport_layers::contract_suite;

    contract_suite!(
        over_connectors,
        Suite::over(Connector, || BufferPoolLayer::new(BufferPool::new(4096, 4).unwrap()))
    );
}

/// A connector, of which the suite needs to know what it is given. What it answers with passes through the layers as it is.
#[cfg(any(feature = "buffer-pool", feature = "max-message-size"))]
mod connectors {
    use http::Extensions;
    use tower_transport_layers::Target;
    use tower_transport_layers::contract::{Accepts, Dialect, Item, Plain, ProbeReply};
    use tower_transport_layers::reply::Streams;

    pub(crate) struct Connector;

    pub(crate) struct Dial {
        number: u32,
        extensions: Extensions,
    }

    impl Target for Dial {
        fn extensions_mut(&mut self) -> &mut Extensions {
            &mut self.extensions
        }
    }

    impl Dialect for Connector {
        type Kind = Streams;
        type Request = Dial;
        type Item = Item;
        type Response = ProbeReply<Connector>;

        fn request(number: u32) -> Dial {
            let extensions = Extensions::new();
            Dial { number, extensions }
        }

        fn item(number: u32) -> Item {
            Plain::item(number)
        }

        fn item_number(item: &Item) -> u32 {
            item.number()
        }

        fn respond(reply: ProbeReply<Connector>) -> ProbeReply<Connector> {
            reply
        }
    }

    impl Accepts<Dial> for Connector {
        fn number(dial: &Dial) -> u32 {
            dial.number
        }
    }
}
