//! The service itself.

use crate::script::Ask;
use tower_transport_layers::BoxError;
use tower_transport_layers::metrics::{Metrics, MetricsLayer};

#[test]
fn auto_traits_follow_those_of_what_is_inside() {
    fn all<T: Send + Sync + Clone + 'static>() {}
    all::<MetricsLayer>();
    all::<Metrics<()>>();
    all::<MetricsLayer<fn(&Ask) -> &'static str, fn(&BoxError) -> &'static str>>();
}
