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
