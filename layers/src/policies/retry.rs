use super::{Backoff, Fate, RetryRules};
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use tokio::time::{Sleep, sleep};
use tower::retry::Policy;
use tower::retry::budget::Budget;

/// A policy for tower's own `retry`: what was never sent, and what may run twice. See the [module docs](super) for an example.
///
/// Each call starts with all its attempts; a budget is shared by all.
#[derive(Clone)]
#[must_use]
pub struct RetryPolicy<R> {
    rules: R,
    attempts: NonZeroU32,
    /// Of this call, so far.
    retries: u32,
    backoff: Backoff,
    budget: Option<Arc<dyn Budget + Send + Sync>>,
}

impl<R> RetryPolicy<R> {
    /// Makes up to `attempts` attempts, the first one included, with the waits of `backoff` between them, where `rules` allow it.
    ///
    /// Three are plenty: what fails three times in a row is down, and more attempts only multiply the load on it.
    pub const fn new(attempts: NonZeroU32, backoff: Backoff, rules: R) -> RetryPolicy<R> {
        RetryPolicy {
            rules,
            attempts,
            retries: 0,
            backoff,
            budget: None,
        }
    }

    /// Retries only as long as `budget` grants it. Calls that succeed pay in, each retry draws on it.
    ///
    /// Tower's [`TpsBudget`](tower::retry::budget::TpsBudget) allows a share of the calls that succeed, and a few a second beside. Without
    /// one, a service that is down gets `attempts` times its usual load.
    pub fn budget<B>(mut self, budget: Arc<B>) -> RetryPolicy<R>
    where
        B: Budget + Send + Sync + 'static,
    {
        self.budget = Some(budget);
        self
    }

    fn may_retry<Request, Error>(&self, request: &Request, error: &Error) -> bool
    where
        R: RetryRules<Request, Error>,
    {
        let safe = match self.rules.fate(error) {
            Fate::NeverSent => true,
            Fate::MayHaveRun => self.rules.is_idempotent(request),
            Fate::Hopeless => false,
        };
        safe && self.retries + 1 < self.attempts.get() && self.budget.as_ref().is_none_or(|budget| budget.withdraw())
    }
}

impl<R, Request, Response, Error> Policy<Request, Response, Error> for RetryPolicy<R>
where
    R: RetryRules<Request, Error>,
{
    type Future = Sleep;

    fn retry(&mut self, request: &mut Request, result: &mut Result<Response, Error>) -> Option<Sleep> {
        match result {
            Ok(_) => {
                if let Some(budget) = &self.budget {
                    budget.deposit();
                }
                None
            }
            Err(error) if self.may_retry(request, error) => {
                let delay = self.backoff.delay(self.retries);
                self.retries += 1;
                Some(sleep(delay))
            }
            Err(_) => None,
        }
    }

    fn clone_request(&mut self, request: &Request) -> Option<Request> {
        self.rules.copy(request)
    }
}

// By hand: a budget has no `Debug`.
impl<R: fmt::Debug> fmt::Debug for RetryPolicy<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryPolicy")
            .field("rules", &self.rules)
            .field("attempts", &self.attempts)
            .field("retries", &self.retries)
            .field("backoff", &self.backoff)
            .field("has_budget", &self.budget.is_some())
            .finish()
    }
}
