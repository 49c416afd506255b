//! Round trips over a child's pipes: the floor (raw lines), a plain tokio + serde_json mux, rmcp over its non-blocking pipes, and
//! this crate, interleaved in one run. What counts are the ratios.
//!
//! ```text
//! cargo bench -p tower-transport-benches --bench stdio                     # all cells, 5 rounds of 0.5 s
//! cargo bench -p tower-transport-benches --bench stdio -- --rounds 3 --seconds 0.3 --payload 200 --window 256 --variants raw,ours
//! ```
//!
//! Parent and child are this one binary, each on a current-thread runtime. The raw floor echoes bytes and parses nothing; all others
//! match answers to calls. A task per call in flight, and each calls again when it has its answer.
#![allow(missing_docs)]

#[path = "../support/args.rs"]
mod args;
#[path = "../support/cpu.rs"]
mod cpu;
mod json;
mod measure;
mod ours;
mod raw;
mod rmcp_peer;

use args::Args;
use measure::{Cell, Sample, report};
use std::time::Duration;

/// Who carries the messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Variant {
    Raw,
    Json,
    Rmcp,
    Ours,
}

const VARIANTS: [Variant; 4] = [Variant::Raw, Variant::Json, Variant::Rmcp, Variant::Ours];

impl Variant {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Variant::Raw => "raw",
            Variant::Json => "json",
            Variant::Rmcp => "rmcp",
            Variant::Ours => "ours",
        }
    }
}

struct Options {
    rounds: usize,
    seconds: f64,
    payloads: Vec<usize>,
    windows: Vec<usize>,
    variants: Vec<Variant>,
}

fn main() {
    let args = Args::new();
    if let Some([variant, payload, ..]) = args.after("--serve") {
        return runtime().block_on(serve(variant, args::parse(payload)));
    }
    let options = options(&args);
    println!(
        "{} rounds of {} s, current-thread runtimes; medians over the rounds",
        options.rounds, options.seconds
    );
    for &payload in &options.payloads {
        for &window in &options.windows {
            let cell = Cell {
                payload,
                window,
                time: Duration::from_secs_f64(options.seconds),
            };
            let mut samples: Vec<(Variant, Vec<Sample>)> =
                options.variants.iter().map(|variant| (*variant, Vec::new())).collect();
            for _ in 0..options.rounds {
                for (variant, samples) in &mut samples {
                    samples.push(runtime().block_on(run(*variant, cell)));
                }
            }
            report(cell, &samples);
        }
    }
}

async fn run(variant: Variant, cell: Cell) -> Sample {
    match variant {
        Variant::Raw => raw::client(cell).await,
        Variant::Json => json::client(cell).await,
        Variant::Rmcp => rmcp_peer::client(cell).await,
        Variant::Ours => ours::client(cell).await,
    }
}

async fn serve(variant: &str, payload: usize) {
    match variant {
        "raw" => raw::server().await,
        "json" => json::server().await,
        "rmcp" => rmcp_peer::server(payload).await,
        "ours" => ours::server(payload).await,
        other => panic!("no variant {other}"),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

fn options(args: &Args) -> Options {
    Options {
        rounds: args.number("--rounds", 5),
        seconds: args.number("--seconds", 0.5),
        payloads: args.numbers("--payload", &[200, 4096, 65536]),
        windows: args.numbers("--window", &[1, 16, 256]),
        variants: match args.text("--variants") {
            Some(names) => VARIANTS
                .into_iter()
                .filter(|variant| names.contains(variant.name()))
                .collect(),
            None => VARIANTS.into(),
        },
    }
}
