//! The service itself.

use crate::support::Redacted;
use tower_transport_layers::BoxError;
use tower_transport_layers::trace::{Trace, TraceLayer};

#[test]
fn auto_traits_follow_those_of_what_is_inside() {
    fn all<T: Send + Sync + Clone + 'static>() {}
    all::<TraceLayer>();
    all::<Trace<()>>();
    all::<TraceLayer<Redacted, fn(&BoxError) -> &'static str>>();
}
