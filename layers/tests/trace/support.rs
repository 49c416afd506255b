//! A subscriber that writes down all that it hears.

use crate::script::{Ask, Piece};
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex};
use tower_transport_layers::trace::Show;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

pub(crate) type Fields = BTreeMap<&'static str, String>;

/// All that was said, up to a level.
#[derive(Clone)]
pub(crate) struct Log {
    pub(crate) max: Level,
    pub(crate) seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) spans: Vec<(Level, Fields)>,
    pub(crate) events: Vec<(Level, Fields)>,
    /// The spans that are entered, and what was said within none.
    pub(crate) entered: Vec<u64>,
    pub(crate) outside: Vec<String>,
}

impl Log {
    pub(crate) fn fields(&self, span: usize) -> Fields {
        self.seen.lock().unwrap().spans[span].1.clone()
    }

    pub(crate) fn events(&self) -> Vec<(Level, Fields)> {
        self.seen.lock().unwrap().events.clone()
    }

    /// Everything, as one text.
    pub(crate) fn text(&self) -> String {
        let seen = self.seen.lock().unwrap();
        format!("{:?} {:?}", seen.spans, seen.events)
    }
}

pub(crate) struct Into<'a>(&'a mut Fields);

impl Visit for Into<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.max
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields::new();
        span.record(&mut Into(&mut fields));
        let spans = &mut self.seen.lock().unwrap().spans;
        spans.push((*span.metadata().level(), fields));
        Id::from_u64(spans.len() as u64)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let spans = &mut self.seen.lock().unwrap().spans;
        values.record(&mut Into(&mut spans[span.into_u64() as usize - 1].1));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::new();
        event.record(&mut Into(&mut fields));
        let mut seen = self.seen.lock().unwrap();
        if seen.entered.is_empty() {
            seen.outside.push(fields["message"].clone());
        }
        seen.events.push((*event.metadata().level(), fields));
    }

    fn enter(&self, span: &Id) {
        self.seen.lock().unwrap().entered.push(span.into_u64());
    }

    fn exit(&self, span: &Id) {
        assert_eq!(self.seen.lock().unwrap().entered.pop(), Some(span.into_u64()));
    }
}

/// What was said up to `max` while `test` ran, in paused time.
pub(crate) fn logged<F: Future>(max: Level, test: F) -> Log {
    let log = Log {
        max,
        seen: Arc::default(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    tracing::subscriber::with_default(log.clone(), || runtime.block_on(test));
    assert!(log.seen.lock().unwrap().entered.is_empty());
    log
}

pub(crate) fn fields<const N: usize>(fields: [(&'static str, &str); N]) -> Fields {
    fields.map(|(name, value)| (name, value.to_owned())).into()
}

#[derive(Clone)]
pub(crate) struct Redacted;

impl Show<Ask, Piece> for Redacted {
    fn request(&self, request: &Ask) -> Option<String> {
        Some(format!("id={:?} secret=***\n", request.id))
    }

    fn item(&self, item: &Piece) -> Option<String> {
        (item.0 != 13).then(|| "x".repeat(item.0))
    }
}
