//! Variants, measured in turns, and printed as ratios.

use crate::counting;
use rustix::time::{ClockId, clock_gettime};
use std::sync::Barrier;
use std::thread;

pub(crate) struct Run {
    pub(crate) rounds: usize,
    pub(crate) calls: u64,
    pub(crate) only: Option<String>,
}

/// Variants of one thing. The first is what the others are compared with.
pub(crate) struct Table<'a> {
    run: &'a Run,
    name: &'static str,
    threads: usize,
    variants: Vec<Variant<'a>>,
}

struct Variant<'a> {
    name: &'static str,
    work: Box<dyn Fn(u64) -> Measured + 'a>,
}

struct Measured {
    nanoseconds: f64,
    allocations: f64,
}

impl<'a> Table<'a> {
    pub(crate) fn new(run: &'a Run, name: &'static str) -> Table<'a> {
        Table {
            run,
            name,
            threads: 1,
            variants: Vec::new(),
        }
    }

    /// Has so many threads call at once, each a clone.
    pub(crate) fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Adds a service, and how it is called.
    pub(crate) fn row<S>(mut self, name: &'static str, service: S, drive: fn(&mut S, u64)) -> Self
    where
        S: Clone + Send + Sync + 'a,
    {
        let threads = self.threads;
        self.variants.push(Variant {
            name,
            work: Box::new(move |calls| measure(threads, calls, &service, drive)),
        });
        self
    }

    pub(crate) fn print(self) {
        if self
            .run
            .only
            .as_ref()
            .is_some_and(|only| !self.name.contains(only.as_str()))
        {
            return;
        }
        let mut samples: Vec<Vec<Measured>> = self.variants.iter().map(|_| Vec::new()).collect();
        for variant in &self.variants {
            (variant.work)(self.run.calls / 10);
        }
        for _ in 0..self.run.rounds {
            for (variant, samples) in self.variants.iter().zip(&mut samples) {
                samples.push((variant.work)(self.run.calls));
            }
        }
        let threads = if self.threads == 1 { "" } else { ", two threads" };
        println!(
            "\n{}{threads}\n{:<44} {:>9} {:>7} {:>12}",
            self.name, "", "ns/call", "ratio", "allocations"
        );
        let medians: Vec<f64> = samples.iter().map(|samples| median(samples)).collect();
        for ((variant, samples), nanoseconds) in self.variants.iter().zip(&samples).zip(&medians) {
            let ratio = nanoseconds / medians[0];
            let allocations = samples.last().map_or(0.0, |sample| sample.allocations);
            println!(
                "{:<44} {nanoseconds:>9.1} {ratio:>7.2} {allocations:>12.2}",
                variant.name
            );
        }
    }
}

fn measure<S: Clone + Send + Sync>(threads: usize, calls: u64, service: &S, drive: fn(&mut S, u64)) -> Measured {
    let per_call = |value: f64| value / calls as f64;
    if threads == 1 {
        let mut service = service.clone();
        let before = counting::allocations();
        let started = cpu();
        drive(&mut service, calls);
        return Measured {
            nanoseconds: per_call(cpu() - started),
            allocations: per_call((counting::allocations() - before) as f64),
        };
    }
    let barrier = Barrier::new(threads);
    let runtime = tokio::runtime::Handle::current();
    let (nanoseconds, allocations) = thread::scope(|scope| {
        let work = || {
            let (mut service, barrier, runtime) = (service.clone(), &barrier, &runtime);
            scope.spawn(move || {
                let _context = runtime.enter();
                barrier.wait();
                let (started, before) = (cpu(), counting::allocations());
                drive(&mut service, calls);
                (cpu() - started, counting::allocations() - before)
            })
        };
        let threads: Vec<_> = (0..threads).map(|_| work()).collect();
        let sums = threads.into_iter().map(|thread| thread.join().expect("no panic"));
        sums.fold((0.0, 0), |sum, thread| (sum.0 + thread.0, sum.1 + thread.1))
    });
    Measured {
        nanoseconds: per_call(nanoseconds) / threads as f64,
        allocations: per_call(allocations as f64) / threads as f64,
    }
}

/// What this thread has spent, in nanoseconds: that others run on the machine as well is not in it.
fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

fn median(samples: &[Measured]) -> f64 {
    let mut times: Vec<f64> = samples.iter().map(|sample| sample.nanoseconds).collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
