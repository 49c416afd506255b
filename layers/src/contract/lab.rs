//! What the rules are written in: a layer over probes, and how its callers, calls and replies are driven.

use super::actors::{Call, Caller, Incoming, Waiter, Waits};
use super::options::{Options, Readiness};
use super::probe::{Control, Plan};
use super::subject::AnyService;
use crate::BoxError;
use std::cell::Cell;
use std::rc::Rc;
use std::task::Poll;

/// What was seen, if the rule was broken.
pub(super) type Outcome<T = ()> = Result<T, String>;

macro_rules! ensure {
    ($holds:expr, $($seen:tt)+) => {
        if !$holds {
            return Err(format!($($seen)+));
        }
    };
}
pub(super) use ensure;

/// How often something is polled again before it counts as waiting.
const ROUNDS: usize = 8;

/// Puts the services of one layer over new probes.
pub(super) type Services = Box<dyn Fn() -> Box<dyn AnyService>>;
/// Makes the layer.
pub(super) type Layers = Rc<dyn Fn(Control) -> Services>;

/// One layer over probes.
pub(super) struct Lab {
    layers: Layers,
    services: Services,
    pub(super) control: Control,
    pub(super) options: Options,
    number: Rc<Cell<u32>>,
}

/// What came of trying to call.
pub(super) enum Entry {
    /// The probe has the call.
    In(Call),
    /// It waits: the caller for readiness, or the future.
    Waiting(Option<Call>),
    /// The layer refused it.
    Refused(BoxError),
}

/// What occupies the layer.
#[expect(dead_code, reason = "they are kept for what their drop does")]
pub(super) enum Hold {
    Call(Call),
    Reply(Incoming),
}

impl Lab {
    pub(super) fn new(layers: Layers, control: Control, options: Options) -> Lab {
        Lab {
            services: layers(control.clone()),
            layers,
            control,
            options,
            number: Rc::default(),
        }
    }

    /// Another layer over other probes, of which nothing is known yet.
    pub(super) fn fresh(&self) -> Lab {
        Lab::new(self.layers.clone(), self.control.fresh(), self.options)
    }

    /// A caller with a service of its own from the layer.
    pub(super) fn caller(&self) -> Caller {
        Caller::new((self.services)(), self.number.clone())
    }

    /// Another caller that shares what `base` shares with its clones.
    ///
    /// Where neither clones nor the layer share anything, there is none.
    pub(super) fn another(&self, base: &Caller) -> Option<Caller> {
        let shared = self.options.limit.is_none_or(|limit| limit.shared_by_layer);
        base.duplicate().or_else(|| shared.then(|| self.caller()))
    }

    /// Lets the layer's own tasks run.
    pub(super) async fn settle(&self) {
        for _ in 0..ROUNDS {
            tokio::task::yield_now().await;
        }
    }

    /// Polls, woken or not, until it is ready or nothing comes of polling.
    pub(super) async fn patiently<T>(&self, mut poll: impl FnMut() -> Poll<T>) -> Poll<T> {
        for _ in 0..ROUNDS {
            if let Poll::Ready(outcome) = poll() {
                return Poll::Ready(outcome);
            }
            self.settle().await;
        }
        Poll::Pending
    }

    /// Polls only when woken, and tells whether that came to something.
    ///
    /// Fails where nobody wakes, though there is something. Where there is nothing, that is another rule's matter.
    pub(super) async fn woken(&self, waiter: &mut impl Waits) -> Outcome<bool> {
        for _ in 0..ROUNDS {
            self.settle().await;
            if !waiter.task().is_woken() {
                let unasked = self.patiently(|| waiter.attempt()).await.is_ready();
                ensure!(
                    !unasked,
                    "its task was not woken, though a poll without that finds it ready"
                );
                return Ok(false);
            }
            if waiter.attempt().is_ready() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Has a caller wait for a place; `None` if it got one, or was refused.
    pub(super) async fn wait(&self, mut caller: Caller) -> Outcome<Option<Waiter>> {
        Ok(match self.enter(&mut caller, Plan::open([])).await? {
            Entry::Waiting(call) => Some(Waiter::new(caller, call)),
            Entry::In(_) | Entry::Refused(_) => None,
        })
    }

    /// Readies a caller, if it can be.
    pub(super) async fn ready(&self, caller: &mut Caller) -> Outcome<bool> {
        match self.patiently(|| caller.poll_ready()).await {
            Poll::Pending => Ok(false),
            Poll::Ready(Ok(())) => Ok(true),
            Poll::Ready(Err(error)) => Err(format!(
                "`poll_ready` failed, while the inner service was ready: {error}"
            )),
        }
    }

    /// Tries to get a call to the probe.
    pub(super) async fn enter(&self, caller: &mut Caller, plan: Plan) -> Outcome<Entry> {
        if !self.ready(caller).await? {
            return Ok(Entry::Waiting(None));
        }
        self.control.plan(plan);
        let before = self.control.calls();
        let mut call = caller.call();
        call.index = before;
        for _ in 0..ROUNDS {
            if self.control.calls() > before {
                return Ok(Entry::In(call));
            }
            call.advance();
            if self.control.calls() == before
                && let Some(outcome) = call.take_outcome()
            {
                let answered = || "it was answered without the inner service".into();
                return Ok(Entry::Refused(outcome.err().unwrap_or_else(answered)));
            }
            self.settle().await;
        }
        Ok(Entry::Waiting(Some(call)))
    }

    /// Gets a call to the probe.
    pub(super) async fn call(&self, caller: &mut Caller, plan: Plan) -> Outcome<Call> {
        match self.enter(caller, plan).await? {
            Entry::In(call) => Ok(call),
            Entry::Waiting(None) => Err("`poll_ready` stayed pending, while the inner service was ready".into()),
            Entry::Waiting(Some(_)) => Err("the call did not reach the inner service, which was ready".into()),
            Entry::Refused(why) => Err(format!("the call did not reach the inner service: {why}")),
        }
    }

    /// Gets the reply to a call whose plan is to answer.
    pub(super) async fn resolve(&self, mut call: Call) -> Outcome<Incoming> {
        match self.patiently(|| call.poll()).await {
            Poll::Pending => Err("the call future stayed pending, while the inner one was ready".into()),
            Poll::Ready(outcome) => {
                outcome.map_err(|error| format!("the call failed, while the inner one did not: {error}"))
            }
        }
    }

    /// Gets a reply from the probe.
    pub(super) async fn reply(&self, caller: &mut Caller, plan: Plan) -> Outcome<Incoming> {
        let call = self.call(caller, plan).await?;
        self.resolve(call).await
    }

    /// The next item of a reply that has one, or ends.
    pub(super) async fn next(&self, reply: &mut Incoming) -> Outcome<Option<Result<u32, BoxError>>> {
        match self.patiently(|| reply.poll()).await {
            Poll::Pending => Err("the reply stayed pending, while the inner one was not".into()),
            Poll::Ready(next) => Ok(next),
        }
    }

    /// The next item of a reply that has one.
    pub(super) async fn item(&self, reply: &mut Incoming) -> Outcome<u32> {
        match self.next(reply).await? {
            Some(Ok(item)) => Ok(item),
            Some(Err(error)) => Err(format!("the reply failed, while the inner one had an item: {error}")),
            None => Err("the reply ended, while the inner one had an item".into()),
        }
    }

    /// Occupies one place in the layer for as long as it is kept; `None` if there was none.
    pub(super) async fn hold(&self, caller: &mut Caller) -> Outcome<Option<Hold>> {
        let until_first_item = self.options.holds_until_first_item();
        let plan = if until_first_item {
            Plan::waiting()
        } else {
            Plan::open([])
        };
        match self.enter(caller, plan).await? {
            Entry::In(mut call) if until_first_item => {
                call.advance();
                Ok(Some(Hold::Call(call)))
            }
            Entry::In(call) => Ok(Some(Hold::Reply(self.resolve(call).await?))),
            Entry::Waiting(_) | Entry::Refused(_) => Ok(None),
        }
    }

    /// Occupies all places there are, though no more than `most`.
    pub(super) async fn fill(&self, caller: &mut Caller, most: usize) -> Outcome<Vec<Hold>> {
        let mut held = Vec::new();
        while held.len() < most {
            match self.hold(caller).await? {
                Some(hold) => held.push(hold),
                None => break,
            }
        }
        Ok(held)
    }

    /// How many calls at once the layer lets in, as far as that is of interest: one more than it should, if it has a limit.
    async fn room(&self, base: &mut Caller) -> Outcome<usize> {
        self.settle().await;
        let most = self.options.whole() + usize::from(self.options.limit.is_some());
        let mut other = base.duplicate();
        let held = self.fill(other.as_mut().unwrap_or(base), most).await?.len();
        drop(other);
        self.settle().await;
        Ok(held)
    }

    /// Whether the layer lets in as many calls at once as it did at first.
    pub(super) async fn expect_whole(&self, base: &mut Caller, after: &str) -> Outcome {
        let whole = self.options.whole();
        let room = self.room(base).await?;
        if room > whole {
            // A layer that always lets in too many breaks another rule.
            let fresh = self.fresh();
            let first = fresh.room(&mut fresh.caller()).await?;
            ensure!(
                first > whole,
                "after {after} it let in {room} calls at once, and {first} at first"
            );
        }
        ensure!(
            room >= whole,
            "after {after} it let in {room} calls at once, where it is to let in {whole}{}",
            self.untold()
        );
        Ok(())
    }

    /// What explains a lack of room if the layer has a limit that nobody spoke of: rules that are not about limits break by it as well.
    pub(super) fn untold(&self) -> &'static str {
        match self.options.limit {
            Some(_) => "",
            None => "; a layer with a limit tells the suite so, by `limit`",
        }
    }

    /// Whether the layer readies the inner service in its own `poll_ready`, and is ready when that is.
    pub(super) fn readies_inner(&self) -> bool {
        self.options.readiness == Readiness::Inner
    }

    pub(super) fn queues(&self) -> bool {
        self.options.readiness == Readiness::Queue
    }
}
