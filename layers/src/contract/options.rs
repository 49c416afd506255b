/// What a layer does differently from one that only passes on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Options {
    pub(super) limit: Option<Limit>,
    pub(super) readiness: Readiness,
    pub(super) runtime: bool,
    pub(super) answers_errors: bool,
    pub(super) own_size_hint: bool,
    pub(super) delays_calls: bool,
}

/// How many calls the layer lets through at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    pub(super) calls: usize,
    pub(super) until: Until,
    pub(super) shared_by_layer: bool,
}

/// How long a call counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// Until its reply is over.
    Over,
    /// Until its future resolves.
    FirstItem,
}

/// When the layer is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readiness {
    /// When the inner service is, which is polled in `poll_ready`.
    Inner,
    /// Always. A call that comes while the inner service is not ready fails at once.
    Always,
    /// When there is room in a queue, which readies the inner service later.
    Queue,
}

impl Options {
    pub(super) const fn new() -> Options {
        Options {
            limit: None,
            readiness: Readiness::Inner,
            runtime: false,
            answers_errors: false,
            own_size_hint: false,
            delays_calls: false,
        }
    }

    /// How many calls at once the suite expects to get through: the limit, or a few.
    pub(super) fn whole(&self) -> usize {
        self.limit.map_or(3, |limit| limit.calls)
    }

    pub(super) fn holds_until_first_item(&self) -> bool {
        self.limit.is_some_and(|limit| limit.until == Until::FirstItem)
    }
}
