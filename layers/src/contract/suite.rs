use super::breach::Breach;
use super::dialect::{Dialect, Http, Plain};
use super::lab::Layers;
use super::options::{Limit, Options, Readiness, Until};
use super::probe::{Control, Probe};
use super::rules;
use super::subject::{Subject, Typed};
use super::traits::{AutoTraits, NotClone, NotSync, Shared};
use super::{Rule, runner};
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;
use tower_layer::Layer;

/// The rules of the contract, for one layer. See the [module docs](super) for an example.
///
/// A suite knows nothing of a layer, so it is told what the layer does differently from one that only passes on. It must not run within a
/// runtime: it makes its own, with paused time, and drives everything by hand.
#[must_use = "a suite checks nothing until it is run"]
pub struct Suite<L, D = Plain, T = Shared> {
    make: Rc<dyn Fn() -> L>,
    options: Options,
    types: PhantomData<fn() -> (D, T)>,
}

impl<L> Suite<L> {
    /// A suite over services that answer with a stream. `layer` makes the layer, anew for every rule.
    pub fn new(layer: impl Fn() -> L + 'static) -> Suite<L> {
        Suite::over(Plain, layer)
    }
}

impl<L> Suite<L, Http> {
    /// A suite over services of HTTP, which answer with a body. `layer` makes the layer, anew for every rule.
    pub fn http(layer: impl Fn() -> L + 'static) -> Suite<L, Http> {
        Suite::over(Http, layer)
    }
}

impl<L, D> Suite<L, D> {
    /// A suite with another dialect, for layers that work with one kind of message only.
    #[expect(clippy::needless_pass_by_value, reason = "a dialect is a name, and no value")]
    pub fn over(dialect: D, layer: impl Fn() -> L + 'static) -> Suite<L, D> {
        let _ = dialect;
        Suite {
            make: Rc::new(layer),
            options: Options::new(),
            types: PhantomData,
        }
    }

    /// The service is not `Sync` by design.
    pub fn not_sync(self) -> Suite<L, D, NotSync> {
        self.with_traits()
    }

    /// The service is not `Clone`, nor need it be `Sync`. Rules on clones do not apply.
    pub fn not_clone(self) -> Suite<L, D, NotClone> {
        self.with_traits()
    }

    fn with_traits<T>(self) -> Suite<L, D, T> {
        Suite {
            make: self.make,
            options: self.options,
            types: PhantomData,
        }
    }
}

impl<L, D, T> Suite<L, D, T> {
    /// The layer lets through `calls` at once, and holds a place until the reply is over.
    ///
    /// Whether it is not ready, waits in the call future or refuses the call when it is full is found out.
    pub const fn limit(self, calls: usize) -> Self {
        self.with_limit(calls, Until::Over)
    }

    /// The layer lets through `calls` at once, and holds a place until the call future resolves, as tower's `ConcurrencyLimit` does.
    pub const fn limit_until_first_item(self, calls: usize) -> Self {
        self.with_limit(calls, Until::FirstItem)
    }

    const fn with_limit(mut self, calls: usize, until: Until) -> Self {
        assert!(calls > 0, "a limit of 0 lets nothing through");
        self.options.limit = Some(Limit {
            calls,
            until,
            shared_by_layer: true,
        });
        self
    }

    /// Each service that the layer makes has a limit of its own, which its clones share. Comes after the limit.
    pub const fn limit_per_service(mut self) -> Self {
        match &mut self.options.limit {
            Some(limit) => limit.shared_by_layer = false,
            None => panic!("the limit comes first"),
        }
        self
    }

    /// The layer is always ready. A call that comes while the inner service is not fails at once, as with tower's `LoadShed`.
    pub const fn always_ready(mut self) -> Self {
        self.options.readiness = Readiness::Always;
        self
    }

    /// The layer takes calls into a queue and readies the inner service later, on a worker, as tower's `Buffer` does.
    ///
    /// A panic of the inner service in `poll_ready` or `call` ends that worker, so only the other panics are tried.
    pub const fn queues(mut self) -> Self {
        self.options.readiness = Readiness::Queue;
        self
    }

    /// The layer spawns, or arms timers, so it works only within a runtime.
    pub const fn needs_runtime(mut self) -> Self {
        self.options.runtime = true;
        self
    }

    /// The layer turns errors of calls and replies into items, the end of a reply without items too.
    pub const fn answers_errors(mut self) -> Self {
        self.options.answers_errors = true;
        self
    }

    /// The layer changes how many items come, so its `size_hint` is its own.
    pub const fn own_size_hint(mut self) -> Self {
        self.options.own_size_hint = true;
        self
    }

    /// The layer calls the inner service from its future, so the calls may reach it in another order.
    pub const fn delays_calls(mut self) -> Self {
        self.options.delays_calls = true;
        self
    }
}

// The bounds are on the methods, so that the compiler says which one is not met, and why it should.
impl<L, D, T> Suite<L, D, T> {
    /// Checks all rules.
    ///
    /// # Panics
    ///
    /// If the layer breaks any. The message names each, with what was seen and why it matters.
    #[track_caller]
    pub fn run(&self)
    where
        D: Dialect,
        L: Layer<Probe<D>> + 'static,
        L::Service: Subject<D>,
        T: AutoTraits<L, L::Service> + 'static,
    {
        let breaches = self.breaches();
        let messages: Vec<_> = breaches.iter().map(Breach::to_string).collect();
        assert!(breaches.is_empty(), "{}", messages.join("\n"));
    }

    /// Checks one rule. One that does not apply to the layer holds.
    ///
    /// # Panics
    ///
    /// If the layer breaks it. The message names it, with what was seen and why it matters.
    #[track_caller]
    pub fn check(&self, rule: Rule)
    where
        D: Dialect,
        L: Layer<Probe<D>> + 'static,
        L::Service: Subject<D>,
        T: AutoTraits<L, L::Service> + 'static,
    {
        if let Some(breach) = self.breach(rule) {
            panic!("{breach}");
        }
    }

    /// Every rule that the layer breaks, each once.
    ///
    /// Of a layer that breaks [`Rule::InnerReady`] nothing else is told: hardly a call gets through it.
    pub fn breaches(&self) -> Vec<Breach>
    where
        D: Dialect,
        L: Layer<Probe<D>> + 'static,
        L::Service: Subject<D>,
        T: AutoTraits<L, L::Service> + 'static,
    {
        let mut breaches = Vec::new();
        for breach in Rule::ALL.iter().filter_map(|&rule| self.breach(rule)) {
            let is_last = breach.rule() == Rule::InnerReady;
            breaches.push(breach);
            if is_last {
                break;
            }
        }
        breaches
    }

    /// Checks one rule.
    ///
    /// The breach may be of [`Rule::InnerReady`] instead: a layer that calls what is not ready does so whatever is checked.
    pub fn breach(&self, rule: Rule) -> Option<Breach>
    where
        D: Dialect,
        L: Layer<Probe<D>> + 'static,
        L::Service: Subject<D>,
        T: AutoTraits<L, L::Service> + 'static,
    {
        if rule == Rule::NoRuntime && self.options.runtime {
            return None;
        }
        let control = Control::default();
        let play = || rules::check(rule, self.layers(), control.clone(), self.options);
        let outcome = match rule {
            // What fails within a runtime as well breaks another rule.
            Rule::NoRuntime if runner::in_runtime(play()).is_err() => Ok(()),
            Rule::NoRuntime => runner::without_runtime(play()),
            _ => runner::in_runtime(play()),
        };
        if control.unready_calls() > 0 {
            let seen = "the inner service was called without having been ready: on a clone that nobody polled, or a second time";
            return Some(Breach::new(Rule::InnerReady, seen));
        }
        outcome.err().map(|seen| Breach::new(rule, seen))
    }

    fn layers(&self) -> Layers
    where
        D: Dialect,
        L: Layer<Probe<D>> + 'static,
        L::Service: Subject<D>,
        T: AutoTraits<L, L::Service> + 'static,
    {
        let make = self.make.clone();
        Rc::new(move |control| {
            let layer = make();
            Box::new(move || Box::new(Typed::<_, L, D, T>::new(layer.layer(Probe::new(control.clone())))))
        })
    }
}

// By hand: `T` is no value.
impl<L, D, T> Clone for Suite<L, D, T> {
    fn clone(&self) -> Self {
        Suite {
            make: self.make.clone(),
            options: self.options,
            types: PhantomData,
        }
    }
}

impl<L, D, T> fmt::Debug for Suite<L, D, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suite")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
