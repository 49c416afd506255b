/// What [`RetryPolicy`](super::RetryPolicy) must know of requests and of errors. See the [module docs](super) for an example.
pub trait RetryRules<Request, Error> {
    /// The request once more, in case it has to be sent again; `None` for one that is sent only once.
    ///
    /// Asked before every attempt, so it must be cheap. The copy is kept until the call future resolves.
    fn copy(&self, request: &Request) -> Option<Request>;

    /// Whether it does no harm if this request runs twice. None is taken for such, unless the rules say so.
    fn is_idempotent(&self, request: &Request) -> bool {
        let _ = request;
        false
    }

    /// What became of the request that failed with `error`.
    ///
    /// An error that the rules do not know is [`Fate::MayHaveRun`].
    fn fate(&self, error: &Error) -> Fate;
}

/// What became of a request that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fate {
    /// It never left, and may get through another time: it is sent again.
    NeverSent,
    /// It may have run, although no answer was seen: it is sent again if it is idempotent.
    MayHaveRun,
    /// It would fail in the same way again: it is not sent again.
    Hopeless,
}
