//! Finding the envelope of a message: our scan, a borrowed serde struct that leaves the payload raw, and a `serde_json::Value`.

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::hint::black_box;
use tower_transport::message::{Id, Message};

#[derive(Deserialize)]
#[allow(dead_code)]
struct Borrowed<'a> {
    #[serde(borrow)]
    jsonrpc: Option<Cow<'a, str>>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

/// Records of some 130 bytes with every JSON type in them, as a tool returns them.
fn records(bytes: usize) -> Value {
    let record = |n: usize| {
        json!({
            "id": n, "name": format!("item {n}"), "score": n as f64 / 7.0, "tags": ["alpha", "beta"],
            "active": n.is_multiple_of(2), "parent": null, "at": {"x": n * 3, "y": -7},
        })
    };
    let mut all = Vec::new();
    let mut size = 0;
    while size < bytes {
        let record = record(all.len());
        size += record.to_string().len() + 1;
        all.push(record);
    }
    json!({ "structuredContent": all })
}

/// Source code as a text result: an escape every 40 bytes or so.
fn escaped(bytes: usize) -> Value {
    let line = "    let value = source.next(\"a name\")?;\n";
    json!({ "content": [{ "type": "text", "text": line.repeat(bytes / line.len()) }] })
}

fn one_string(bytes: usize) -> Value {
    json!({ "content": [{ "type": "image", "data": "iVBORw0KGgoAAAAN".repeat(bytes / 16) }] })
}

fn frames() -> Vec<(&'static str, Bytes)> {
    let id = Id::number(1234);
    let small =
        json!({ "name": "search", "arguments": { "query": "tower", "limit": 20 }, "_meta": { "progressToken": 17 } });
    let response = |result: &Value| Message::response(&id, result).expect("a value serialises").to_bytes();
    vec![
        (
            "143 B",
            Message::request(&id, "tools/call", &small)
                .expect("a value serialises")
                .to_bytes(),
        ),
        ("4 KiB records", response(&records(4 << 10))),
        ("4 KiB string", response(&one_string(4 << 10))),
        ("64 KiB records", response(&records(64 << 10))),
        ("64 KiB escaped text", response(&escaped(64 << 10))),
        ("1 MiB records", response(&records(1 << 20))),
        ("1 MiB string", response(&one_string(1 << 20))),
    ]
}

fn envelope(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("envelope");
    for (name, frame) in frames() {
        group.throughput(Throughput::Bytes(frame.len() as u64));
        group.bench_with_input(BenchmarkId::new("scan", name), &frame, |bencher, frame| {
            bencher.iter(|| Message::parse(black_box(frame).clone()).expect("a message").kind());
        });
        group.bench_with_input(BenchmarkId::new("borrowed", name), &frame, |bencher, frame| {
            bencher.iter(|| {
                serde_json::from_slice::<Borrowed<'_>>(black_box(frame))
                    .expect("a message")
                    .id
                    .is_some()
            });
        });
        group.bench_with_input(BenchmarkId::new("value", name), &frame, |bencher, frame| {
            bencher.iter(|| {
                serde_json::from_slice::<Value>(black_box(frame))
                    .expect("a message")
                    .is_object()
            });
        });
    }
    group.finish();
}

fn lookup(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("find");
    for (name, frame) in frames() {
        let message = Message::parse(frame).expect("a message");
        group.bench_function(BenchmarkId::new("progress token", name), |bencher| {
            bencher.iter(|| black_box(&message).find(&["_meta", "progressToken"]));
        });
    }
    group.finish();
}

criterion_group!(benches, envelope, lookup);
criterion_main!(benches);
