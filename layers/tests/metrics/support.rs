//! What was recorded while a test ran.

use metrics::{Unit, with_local_recorder};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use std::collections::HashMap;
use std::future::Future;

/// What was recorded while `test` ran, in paused time, by name and labels as Prometheus writes them.
pub(crate) fn recorded<F: Future>(test: F) -> Recorded {
    let recorder = DebuggingRecorder::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    with_local_recorder(&recorder, || runtime.block_on(test));
    let mut values = HashMap::new();
    let mut units = HashMap::new();
    for (key, unit, text, value) in recorder.snapshotter().snapshot().into_vec() {
        let key = key.key();
        let labels: Vec<_> = key.labels().map(|l| format!("{}={}", l.key(), l.value())).collect();
        units.insert(key.name().to_owned(), unit.zip(text.map(|text| text.to_string())));
        values.insert(format!("{}{{{}}}", key.name(), labels.join(",")), value);
    }
    Recorded { values, units }
}

pub(crate) struct Recorded {
    pub(crate) values: HashMap<String, DebugValue>,
    pub(crate) units: HashMap<String, Option<(Unit, String)>>,
}

impl Recorded {
    pub(crate) fn value(&self, series: &str) -> &DebugValue {
        self.values
            .get(series)
            .unwrap_or_else(|| panic!("no {series} in {:?}", self.values.keys()))
    }

    pub(crate) fn counter(&self, series: &str) -> u64 {
        match self.value(series) {
            DebugValue::Counter(value) => *value,
            other => panic!("{series} is {other:?}"),
        }
    }

    pub(crate) fn in_flight(&self) -> f64 {
        match self.value("exchange_in_flight{}") {
            DebugValue::Gauge(value) => value.into_inner(),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn histogram(&self, series: &str) -> Vec<f64> {
        match self.value(series) {
            DebugValue::Histogram(values) => values.iter().map(|value| value.into_inner()).collect(),
            other => panic!("{series} is {other:?}"),
        }
    }

    /// How many calls ended in each way: ok, error, cancelled, panicked.
    pub(crate) fn outcomes(&self) -> [u64; 4] {
        ["ok", "error", "cancelled", "panicked"]
            .map(|outcome| self.counter(&format!("exchange_calls_total{{outcome={outcome}}}")))
    }
}
