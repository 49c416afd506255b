//! What one writes by hand: tokio, serde_json values, a map of oneshots.

use crate::Variant;
use crate::measure::{Cell, Meter, Sample, params, spawn};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

pub(crate) async fn server() {
    let (stdin, mut stdout) = crate::raw::pipes();
    let mut stdin = BufReader::with_capacity(64 << 10, stdin);
    let mut line = Vec::new();
    let mut out = Vec::new();
    while stdin.read_until(b'\n', &mut line).await.expect("read") > 0 {
        let mut request: Value = serde_json::from_slice(&line).expect("JSON");
        line.clear();
        let answer = json!({"jsonrpc": "2.0", "id": request["id"].take(), "result": request["params"].take()});
        serde_json::to_writer(&mut out, &answer).expect("serialises");
        out.push(b'\n');
        if memchr::memchr(b'\n', stdin.buffer()).is_none() || out.len() > 64 << 10 {
            stdout.write_all(&out).await.expect("write");
            out.clear();
        }
    }
}

type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Value>>>>;

pub(crate) async fn client(cell: Cell) -> Sample {
    let mut child = spawn(Variant::Json, cell);
    let (mut stdin, stdout) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
    let waiting = Waiting::default();
    let (queue, mut queued) = mpsc::channel::<Value>(cell.window);
    let writer = async move {
        let mut out = Vec::new();
        while let Some(message) = queued.recv().await {
            serde_json::to_writer(&mut out, &message).expect("serialises");
            out.push(b'\n');
            while let Ok(message) = queued.try_recv() {
                serde_json::to_writer(&mut out, &message).expect("serialises");
                out.push(b'\n');
            }
            if stdin.write_all(&out).await.is_err() {
                return;
            }
            out.clear();
        }
    };
    let answers = waiting.clone();
    let reader = async move {
        let mut stdout = BufReader::with_capacity(64 << 10, stdout);
        let mut line = Vec::new();
        while stdout.read_until(b'\n', &mut line).await.expect("read") > 0 {
            let answer: Value = serde_json::from_slice(&line).expect("JSON");
            line.clear();
            let id = answer["id"].as_u64().expect("a number");
            if let Some(caller) = answers.lock().expect("not poisoned").remove(&id) {
                caller.send(answer).ok();
            }
        }
    };
    let text = params(cell.payload);
    tokio::spawn(writer);
    tokio::spawn(reader);
    let meter = Arc::new(Meter::start(child.id().expect("runs"), cell));
    let ids = Arc::new(AtomicU64::new(0));
    let callers: Vec<_> = (0..cell.window)
        .map(|_| {
            let (meter, ids, queue, waiting) = (meter.clone(), ids.clone(), queue.clone(), waiting.clone());
            let text = text.clone();
            tokio::spawn(async move {
                loop {
                    let started = Instant::now();
                    if started >= meter.deadline {
                        return;
                    }
                    let id = ids.fetch_add(1, Relaxed);
                    let (answer, answered) = oneshot::channel();
                    waiting.lock().expect("not poisoned").insert(id, answer);
                    let call = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"text": text}});
                    queue.send(call).await.expect("open");
                    answered.await.expect("answered");
                    meter.record(started.elapsed());
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("no panic");
    }
    meter.finish()
}
