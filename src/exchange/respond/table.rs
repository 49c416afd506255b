use super::Fault;
use super::chain::chain;
use crate::BoxError;
use crate::message::{Id, Message};
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use tower_transport_layers::cause_ref;

type Rule = Arc<dyn Fn(&(dyn Error + 'static)) -> Option<Fault> + Send + Sync>;

/// What is said of which error.
#[derive(Clone, Default)]
pub(super) struct Table {
    rules: Vec<Rule>,
    show_causes: bool,
}

/// Who waits for the response of a request, and gets one if it fails.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) id: Id,
    pub(super) table: Arc<Table>,
}

impl Table {
    pub(super) fn add<E: Error + 'static>(&mut self, rule: impl Fn(&E) -> Fault + Send + Sync + 'static) {
        self.rules.push(Arc::new(move |error| cause_ref(error).map(&rule)));
    }

    pub(super) fn show_causes(&mut self, show: bool) {
        self.show_causes = show;
    }

    fn fault(&self, error: &(dyn Error + 'static)) -> Fault {
        if let Some(fault) = self.rules.iter().find_map(|rule| rule(error)) {
            return fault;
        }
        let known = Fault::of(error);
        if known.is_none() {
            tracing::error!(error = chain(error), "a call failed with an error that no rule is for");
        }
        match self.show_causes {
            true => Fault::with_causes(error),
            false => known.unwrap_or_else(Fault::unknown),
        }
    }
}

impl Caller {
    /// The response that stands for the error.
    pub(super) fn answer(&self, error: impl Into<BoxError>) -> Message {
        let error = error.into();
        let fault = self.table.fault(&*error);
        tracing::debug!(
            id = self.id.as_str(),
            error = chain(&*error),
            code = fault.code(),
            "answered for a call that failed"
        );
        fault.message(&self.id)
    }
}

// By hand: closures have no `Debug`.
impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("rules", &self.rules.len())
            .field("show_causes", &self.show_causes)
            .finish()
    }
}
