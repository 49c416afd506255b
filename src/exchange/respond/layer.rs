use super::table::Table;
use super::{Fault, Respond};
use std::error::Error;
use std::sync::Arc;
use tower_layer::Layer;

/// Answers for a request that failed. See the [module docs](super) for an example.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct RespondLayer {
    table: Arc<Table>,
}

impl RespondLayer {
    /// The rules for the causes that this crate and its layers know, and nothing told of any other.
    pub fn new() -> RespondLayer {
        RespondLayer::default()
    }

    /// Adds a rule for an error, wherever it is in the chain of causes. What was added first is asked first, and before the rules that are
    /// there already.
    ///
    /// The rule decides what the peer gets to see: it should not repeat the text of errors that it does not own.
    pub fn on<E>(mut self, rule: impl Fn(&E) -> Fault + Send + Sync + 'static) -> RespondLayer
    where
        E: Error + 'static,
    {
        Arc::make_mut(&mut self.table).add(rule);
        self
    }

    /// Whether the peer gets the text of errors that no rule of [`on`](RespondLayer::on) is for, with all their causes. Off unless set.
    ///
    /// Such texts hold whatever the libraries below put there: paths, addresses, a child's last words on its stderr. Turn it on where the peer
    /// and whoever runs the server are the same person.
    pub fn show_causes(mut self, show: bool) -> RespondLayer {
        Arc::make_mut(&mut self.table).show_causes(show);
        self
    }
}

impl<S> Layer<S> for RespondLayer {
    type Service = Respond<S>;

    fn layer(&self, inner: S) -> Respond<S> {
        Respond::with_table(inner, Arc::clone(&self.table))
    }
}
