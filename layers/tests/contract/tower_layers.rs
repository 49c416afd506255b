//! Layers of stock tower.

use std::future::Ready;
use std::time::Duration;
use tower::buffer::BufferLayer;
use tower::limit::{ConcurrencyLimitLayer, GlobalConcurrencyLimitLayer};
use tower::load_shed::LoadShedLayer;
use tower::retry::{Policy, RetryLayer};
use tower::timeout::TimeoutLayer;
use tower::util::{BoxCloneService, BoxCloneSyncService, MapErrLayer, MapRequestLayer, MapResponseLayer};
use tower_layer::{Identity, layer_fn};
use tower_transport_layers::contract::{Plain, ProbeError, ProbeReply, Request, Suite};
use tower_transport_layers::{BoxError, contract_suite};

const SECOND: Duration = Duration::from_secs(1);

contract_suite!(identity, Suite::new(Identity::new));
contract_suite!(identity_over_http, Suite::http(Identity::new));

contract_suite!(
    concurrency_limit,
    Suite::new(|| ConcurrencyLimitLayer::new(2))
        .limit_until_first_item(2)
        .limit_per_service()
);
contract_suite!(
    global_concurrency_limit,
    Suite::new(|| GlobalConcurrencyLimitLayer::new(2)).limit_until_first_item(2)
);
contract_suite!(
    global_concurrency_limit_of_one_over_http,
    Suite::http(|| GlobalConcurrencyLimitLayer::new(1)).limit_until_first_item(1)
);
contract_suite!(timeout, Suite::new(|| TimeoutLayer::new(SECOND)).needs_runtime());
contract_suite!(load_shed, Suite::new(LoadShedLayer::new).always_ready());
contract_suite!(
    buffer,
    Suite::new(|| BufferLayer::<Request>::new(8)).queues().needs_runtime()
);
contract_suite!(retry, Suite::new(|| RetryLayer::new(Never)));
contract_suite!(
    map_request,
    Suite::new(|| MapRequestLayer::new(|request: Request| request))
);
contract_suite!(
    map_response,
    Suite::new(|| MapResponseLayer::new(|reply: ProbeReply<Plain>| reply))
);
contract_suite!(
    map_err,
    Suite::new(|| MapErrLayer::new(|error: ProbeError| BoxError::from(error)))
);
contract_suite!(boxed, Suite::new(|| layer_fn(BoxCloneSyncService::new)));
contract_suite!(
    boxed_without_sync,
    Suite::new(|| layer_fn(BoxCloneService::new)).not_sync()
);

/// A policy that tries nothing again.
#[derive(Clone)]
struct Never;

impl<T, E> Policy<Request, T, E> for Never {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut Request, _: &mut Result<T, E>) -> Option<Ready<()>> {
        None
    }

    fn clone_request(&mut self, request: &Request) -> Option<Request> {
        Some(request.clone())
    }
}
