use crate::Variant;
use crate::cpu::cpu;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::time::Instant;

/// One cell of the table.
#[derive(Clone, Copy)]
pub(crate) struct Cell {
    /// Bytes of a message on the wire, about.
    pub(crate) payload: usize,
    /// Calls in flight.
    pub(crate) window: usize,
    pub(crate) time: Duration,
}

/// What one run has shown.
pub(crate) struct Sample {
    pub(crate) rate: f64,
    pub(crate) p50: Duration,
    /// Of both processes, per 100,000 round trips.
    pub(crate) cpu: f64,
}

/// Measures one run: latencies in a histogram of 1/64 steps, CPU of both processes by `schedstat`.
pub(crate) struct Meter {
    child: u32,
    started: Instant,
    cpu: f64,
    buckets: Vec<AtomicU64>,
    pub(crate) deadline: Instant,
}

impl Meter {
    pub(crate) fn start(child: u32, cell: Cell) -> Meter {
        let started = Instant::now();
        Meter {
            child,
            started,
            cpu: cpu(std::process::id()) + cpu(child),
            buckets: (0..64 * 64).map(|_| AtomicU64::new(0)).collect(),
            deadline: started + cell.time,
        }
    }

    pub(crate) fn record(&self, took: Duration) {
        let nanos = took.as_nanos().max(64) as u64;
        let exponent = nanos.ilog2() as usize;
        let bucket = exponent * 64 + ((nanos >> (exponent - 6)) & 63) as usize;
        self.buckets[bucket].fetch_add(1, Relaxed);
    }

    pub(crate) fn finish(&self) -> Sample {
        let took = self.started.elapsed().as_secs_f64();
        let cpu = cpu(std::process::id()) + cpu(self.child) - self.cpu;
        let buckets: Vec<u64> = self.buckets.iter().map(|count| count.load(Relaxed)).collect();
        let calls: u64 = buckets.iter().sum();
        let mut seen = 0;
        let middle = buckets.iter().position(|count| {
            seen += count;
            seen * 2 >= calls
        });
        let middle = middle.unwrap_or(0);
        let nanos = (64 + middle as u64 % 64) << (middle / 64).saturating_sub(6);
        Sample {
            rate: calls as f64 / took,
            p50: Duration::from_nanos(nanos),
            cpu: cpu * 1e5 / calls as f64,
        }
    }
}

pub(crate) fn command(variant: Variant, cell: Cell) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("our own path"));
    command
        .args(["--serve", variant.name(), &cell.payload.to_string()])
        .kill_on_drop(true);
    command
}

pub(crate) fn spawn(variant: Variant, cell: Cell) -> Child {
    command(variant, cell)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child")
}

/// A request of about `payload` bytes on the wire.
pub(crate) fn params(payload: usize) -> String {
    "x".repeat(payload.saturating_sub(90).max(1))
}

pub(crate) fn report(cell: Cell, samples: &[(Variant, Vec<Sample>)]) {
    println!("\n{} B, {} in flight", cell.payload, cell.window);
    println!(
        "  variant   calls/s      p50 us   CPU s/100k   rate x raw   p50 x raw   CPU x json   rate x json   rate x rmcp"
    );
    let median = |variant: Variant, value: &dyn Fn(&Sample) -> f64| {
        let samples = samples
            .iter()
            .find(|(other, _)| *other == variant)
            .map_or(&[][..], |(_, samples)| samples);
        let mut values: Vec<f64> = samples.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    };
    for (variant, _) in samples {
        let rate = median(*variant, &|sample| sample.rate);
        let p50 = median(*variant, &|sample| sample.p50.as_secs_f64() * 1e6);
        let cpu = median(*variant, &|sample| sample.cpu);
        println!(
            "  {:<7} {rate:>9.0} {p50:>11.1} {cpu:>12.3} {:>12.2} {:>11.2} {:>12.2} {:>13.2} {:>13.2}",
            variant.name(),
            rate / median(Variant::Raw, &|sample| sample.rate),
            p50 / median(Variant::Raw, &|sample| sample.p50.as_secs_f64() * 1e6),
            cpu / median(Variant::Json, &|sample| sample.cpu),
            rate / median(Variant::Json, &|sample| sample.rate),
            rate / median(Variant::Rmcp, &|sample| sample.rate),
        );
    }
}
