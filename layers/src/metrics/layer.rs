use super::handles::{Naming, Registry};
use super::{Metrics, OneOf};
use crate::reply::Streams;
use metrics::{Label, SharedString};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};
use tower_layer::Layer;

/// No request is larger, unless the user says so.
const REQUEST_CAP: u64 = 1 << 32;

/// Counts and times exchanges. See the [module docs](super) for an example.
///
/// The handles are made by the first `layer()`, with the recorder that is installed by then, and shared by all services of this layer and of
/// its clones. Without a recorder they count nothing, for ever: install it first.
#[must_use]
pub struct MetricsLayer<L = (), C = (), K = Streams> {
    naming: Naming,
    request_cap: u64,
    methods: L,
    /// The methods whose series are there from the start.
    known: &'static [&'static str],
    kinds: C,
    registry: Arc<OnceLock<Arc<Registry>>>,
    kind: PhantomData<fn() -> K>,
}

impl<K> MetricsLayer<(), (), K> {
    /// Metrics whose names begin with `exchange_`, without labels for methods.
    pub fn new() -> MetricsLayer<(), (), K> {
        MetricsLayer {
            naming: Naming {
                prefix: Cow::Borrowed("exchange"),
                labels: Vec::new(),
            },
            request_cap: REQUEST_CAP,
            methods: (),
            known: &[""],
            kinds: (),
            registry: Arc::default(),
            kind: PhantomData,
        }
    }
}

impl<L, C, K> MetricsLayer<L, C, K> {
    /// Sets what the names begin with. An underscore follows.
    ///
    /// For Prometheus, a letter, and then letters, digits and underscores.
    pub fn prefix(mut self, prefix: impl Into<Cow<'static, str>>) -> Self {
        self.naming.prefix = prefix.into();
        self.rebuilt()
    }

    /// Adds a label that is the same for all that the layer counts, such as the name of an edge or of an upstream.
    ///
    /// The names `method`, `outcome` and `kind` are taken.
    pub fn label(mut self, name: &'static str, value: impl Into<SharedString>) -> Self {
        self.naming.labels.push(Label::new(name, value));
        self.rebuilt()
    }

    /// Sets the most that one request adds to the bytes of requests, in bytes. 4 GiB by default.
    ///
    /// Over HTTP these are only announced, and a peer that announces 2^63 bytes and sends none would make the counter worthless for good.
    /// Choose what the service accepts at most.
    pub fn request_bytes_cap(mut self, cap: u64) -> Self {
        self.request_cap = cap;
        self.rebuilt()
    }

    /// Sets the label `method` by a function of the request. See [`Methods`](super::Methods).
    ///
    /// The first 64 values are told apart, and the rest is `"other"`: the function should know its values.
    pub fn methods<M>(self, methods: M) -> MetricsLayer<M, C, K> {
        self.with_methods(methods, &[])
    }

    /// Sets the label `method` to what [`Describe`](crate::Describe) says, if that is in the list, and else to `"other"`.
    ///
    /// Of the list, the first 64 are told apart. For [`http::Request`] the name is verb and path, which is put together for each call; a
    /// function that looks at the path allocates nothing.
    pub fn one_of(self, list: &'static [&'static str]) -> MetricsLayer<OneOf, C, K> {
        self.with_methods(OneOf(list), list)
    }

    /// Sets what kinds of errors are told apart. See [`Kinds`](crate::observe::Kinds).
    ///
    /// The first 32 values are told apart for each method, and the rest is `"other"`.
    pub fn kinds<D>(self, kinds: D) -> MetricsLayer<L, D, K> {
        MetricsLayer {
            naming: self.naming,
            request_cap: self.request_cap,
            methods: self.methods,
            known: self.known,
            kinds,
            registry: self.registry,
            kind: PhantomData,
        }
    }

    fn with_methods<M>(self, methods: M, known: &'static [&'static str]) -> MetricsLayer<M, C, K> {
        MetricsLayer {
            naming: self.naming,
            request_cap: self.request_cap,
            methods,
            known,
            kinds: self.kinds,
            registry: Arc::default(),
            kind: PhantomData,
        }
    }

    /// Parts from the clones that count under other names.
    fn rebuilt(mut self) -> Self {
        self.registry = Arc::default();
        self
    }
}

impl<S, L: Clone, C: Clone, K> Layer<S> for MetricsLayer<L, C, K> {
    type Service = Metrics<S, L, C, K>;

    fn layer(&self, inner: S) -> Metrics<S, L, C, K> {
        let registry = self
            .registry
            .get_or_init(|| Arc::new(Registry::new(self.naming.clone(), self.request_cap, self.known)));
        Metrics::with_parts(inner, registry.clone(), self.methods.clone(), self.kinds.clone())
    }
}

impl<K> Default for MetricsLayer<(), (), K> {
    fn default() -> Self {
        MetricsLayer::new()
    }
}

// By hand, both: the marker is no value, and need be neither `Clone` nor `Debug`; functions have no `Debug`.
impl<L: Clone, C: Clone, K> Clone for MetricsLayer<L, C, K> {
    fn clone(&self) -> Self {
        MetricsLayer {
            naming: self.naming.clone(),
            request_cap: self.request_cap,
            methods: self.methods.clone(),
            known: self.known,
            kinds: self.kinds.clone(),
            registry: self.registry.clone(),
            kind: PhantomData,
        }
    }
}

impl<L, C, K> fmt::Debug for MetricsLayer<L, C, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsLayer")
            .field("naming", &self.naming)
            .finish_non_exhaustive()
    }
}
