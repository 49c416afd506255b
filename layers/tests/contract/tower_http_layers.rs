//! Layers of tower-http, whose bodies are of their own types.

use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::trace::TraceLayer;
use tower_transport_layers::contract::{RequestBody, Suite};
use tower_transport_layers::contract_suite;

contract_suite!(catch_panic, Suite::http(CatchPanicLayer::new));
contract_suite!(
    request_body_limit,
    Suite::http(|| RequestBodyLimitLayer::new(RequestBody::BYTES))
);
contract_suite!(trace, Suite::http(TraceLayer::new_for_http));
