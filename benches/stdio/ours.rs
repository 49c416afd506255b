//! This crate, both sides.

use crate::Variant;
use crate::measure::{Cell, Meter, Sample, params};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::time::Instant;
use tower_transport::exchange::{ExchangeExt, unary};
use tower_transport::message::{Id, Message};
use tower_transport::mux::Mux;
use tower_transport::process::Command;
use tower_transport::stdio::{self, Child};

fn mux() -> Mux {
    Mux::new().max_in_flight(1024)
}

pub(crate) async fn server(payload: usize) {
    let answer = Message::response(&Id::null(), &serde_json::json!({"text": params(payload)})).expect("serialises");
    let handler = unary(move |_: Message| std::future::ready(Ok::<_, Infallible>(answer.clone())));
    stdio::serve_with(mux(), handler).await.expect("served to the end");
}

pub(crate) async fn client(cell: Cell) -> Sample {
    let exe = std::env::current_exe().expect("our own path");
    let command = Command::new(exe).args(["--serve", Variant::Ours.name(), &cell.payload.to_string()]);
    let child = Child::spawn_with(&command, mux()).expect("a child");
    let call = Message::request(
        &Id::number(1),
        "tools/call",
        &serde_json::json!({"text": params(cell.payload)}),
    )
    .expect("serialises");
    let meter = Arc::new(Meter::start(child.id(), cell));
    let callers: Vec<_> = (0..cell.window)
        .map(|_| {
            let (meter, mut child, call) = (meter.clone(), child.clone(), call.clone());
            tokio::spawn(async move {
                loop {
                    let started = Instant::now();
                    if started >= meter.deadline {
                        return;
                    }
                    child.request(call.clone()).await.expect("answered");
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
