use super::family::Family;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Label, Level, Metadata, Recorder, Unit, with_recorder};
use std::borrow::Cow;

/// How many kinds of errors are told apart, for each method.
const KINDS: usize = 32;
/// How many methods are told apart.
const METHODS: usize = 64;

const METADATA: Metadata<'static> = Metadata::new(
    "tower_transport_layers::metrics",
    Level::INFO,
    Some("tower_transport_layers::metrics"),
);

/// What all series of a layer have in common.
#[derive(Debug, Clone)]
pub(super) struct Naming {
    pub(super) prefix: Cow<'static, str>,
    pub(super) labels: Vec<Label>,
}

/// The handles of a layer, by method.
#[derive(Debug)]
pub(super) struct Registry {
    naming: Naming,
    request_cap: u64,
    methods: Family<Handles>,
}

/// The handles of one method, or of all together.
#[derive(Debug)]
pub(super) struct Handles {
    pub(super) in_flight: Gauge,
    pub(super) duration: Histogram,
    pub(super) first_item: Histogram,
    pub(super) request_bytes: Counter,
    pub(super) reply_bytes: Counter,
    pub(super) items: Counter,
    pub(super) ok: Counter,
    pub(super) error: Counter,
    pub(super) cancelled: Counter,
    pub(super) panicked: Counter,
    errors: Family<Counter>,
    naming: Naming,
}

impl Registry {
    /// Describes the metrics, and makes the handles of those methods that are known.
    pub(super) fn new(naming: Naming, request_cap: u64, known: &[&'static str]) -> Registry {
        naming.describe();
        let registry = Registry {
            naming,
            request_cap,
            methods: Family::new(METHODS),
        };
        for method in known {
            registry.place(method);
        }
        registry
    }

    pub(super) fn place(&self, method: &'static str) -> usize {
        self.methods.place(method, |method| {
            let mut naming = self.naming.clone();
            if !method.is_empty() {
                naming.labels.push(Label::from_static_parts("method", method));
            }
            with_recorder(|recorder| Handles::new(naming, recorder))
        })
    }

    pub(super) fn at(&self, place: usize) -> &Handles {
        self.methods.at(place)
    }

    /// The most that one request adds to the bytes of requests.
    pub(super) const fn request_cap(&self) -> u64 {
        self.request_cap
    }
}

impl Handles {
    fn new(naming: Naming, recorder: &dyn Recorder) -> Handles {
        let calls =
            |outcome| recorder.register_counter(&naming.key("calls_total", Some(("outcome", outcome))), &METADATA);
        let counter = |name| recorder.register_counter(&naming.key(name, None), &METADATA);
        let histogram = |name| recorder.register_histogram(&naming.key(name, None), &METADATA);
        Handles {
            in_flight: recorder.register_gauge(&naming.key("in_flight", None), &METADATA),
            duration: histogram("duration_seconds"),
            first_item: histogram("first_item_seconds"),
            request_bytes: counter("request_bytes_total"),
            reply_bytes: counter("reply_bytes_total"),
            items: counter("items_total"),
            ok: calls("ok"),
            error: calls("error"),
            cancelled: calls("cancelled"),
            panicked: calls("panicked"),
            errors: Family::new(KINDS),
            naming,
        }
    }

    pub(super) fn errors(&self, kind: &'static str) -> &Counter {
        let place = self.errors.place(kind, |kind| {
            let key = self.naming.key("errors_total", Some(("kind", kind)));
            with_recorder(|recorder| recorder.register_counter(&key, &METADATA))
        });
        self.errors.at(place)
    }
}

impl Naming {
    fn name(&self, name: &str) -> String {
        format!("{}_{name}", self.prefix)
    }

    fn key(&self, name: &str, label: Option<(&'static str, &'static str)>) -> Key {
        let label = label.map(|(name, value)| Label::from_static_parts(name, value));
        Key::from_parts(
            self.name(name),
            self.labels.iter().cloned().chain(label).collect::<Vec<_>>(),
        )
    }

    fn describe(&self) {
        let name = |name| KeyName::from(self.name(name));
        with_recorder(|recorder| {
            let gauge = |key, unit, text: &'static str| recorder.describe_gauge(name(key), Some(unit), text.into());
            let counter = |key, unit, text: &'static str| recorder.describe_counter(name(key), Some(unit), text.into());
            let histogram =
                |key, unit, text: &'static str| recorder.describe_histogram(name(key), Some(unit), text.into());
            gauge("in_flight", Unit::Count, "Calls whose reply is not over.");
            histogram(
                "duration_seconds",
                Unit::Seconds,
                "From the call to its end, however it ended.",
            );
            histogram(
                "first_item_seconds",
                Unit::Seconds,
                "From the call to the first item of its reply.",
            );
            counter(
                "request_bytes_total",
                Unit::Bytes,
                "Bytes of requests, as announced when the call is made.",
            );
            counter("reply_bytes_total", Unit::Bytes, "Bytes of items of replies.");
            counter("items_total", Unit::Count, "Items of replies.");
            counter("calls_total", Unit::Count, "Calls that ended, by outcome.");
            counter("errors_total", Unit::Count, "Calls that ended with an error, by kind.");
        });
    }
}
