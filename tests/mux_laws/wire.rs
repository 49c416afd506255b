//! What the laws say of the bytes on the wire.

use crate::chaos::Tap;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// The whole lines that were written; a last one may be cut.
pub(crate) fn lines(tap: &Tap) -> Vec<Value> {
    let bytes = tap.lock().unwrap();
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    bytes[..whole]
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).expect("a mux writes JSON"))
        .collect()
}

pub(crate) fn id(line: &Value) -> Option<String> {
    line.get("id").map(Value::to_string)
}

pub(crate) fn is_request(line: &Value) -> bool {
    line.get("method").is_some() && line.get("id").is_some()
}

pub(crate) fn is_answer(line: &Value) -> bool {
    line.get("method").is_none()
}

/// The id that a line cancels.
pub(crate) fn cancels(line: &Value) -> Option<String> {
    (line["method"] == "notifications/cancelled").then(|| line["params"]["requestId"].to_string())
}

/// One direction by itself: ids, cancels and the order of calls. The requests by id, and those that were cancelled.
pub(crate) fn check_calls(lines: &[Value]) -> (HashMap<String, Value>, HashSet<String>) {
    let (mut requests, mut cancelled) = (HashMap::new(), HashSet::new());
    let mut stamp = None;
    for line in lines {
        if is_request(line) {
            let id = id(line).unwrap();
            assert!(line["id"].as_u64().is_some_and(|id| id < 1 << 31), "{line}");
            assert!(requests.insert(id, line.clone()).is_none(), "an id came back: {line}");
        }
        if let Some(id) = cancels(line) {
            let request = requests
                .get(&id)
                .unwrap_or_else(|| panic!("cancelled but never written: {line}"));
            assert_ne!(request["method"], "initialize", "initialize is never cancelled");
            assert!(cancelled.insert(id), "cancelled twice: {line}");
        }
        if let Some(this) = line["params"]["stamp"].as_u64() {
            assert!(
                stamp < Some(this),
                "calls left in another order than they were made: {line}"
            );
            stamp = Some(this);
        }
    }
    (requests, cancelled)
}

/// The other direction: each request is answered at most once, and nothing that belongs to it follows. The ids that were answered.
pub(crate) fn check_answers(lines: &[Value], requests: &HashMap<String, Value>) -> HashSet<String> {
    let mut answered = HashSet::new();
    for line in lines {
        if is_answer(line) {
            let id = id(line).unwrap();
            assert!(requests.contains_key(&id), "answers what was not asked: {line}");
            assert!(answered.insert(id), "answered twice: {line}");
        } else if line["method"] == "notifications/progress" {
            let token = line["params"]["progressToken"].to_string();
            assert!(!answered.contains(&token), "told after the answer: {line}");
        }
    }
    answered
}
