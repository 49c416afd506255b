//! What each layer costs per call, beside its namesake of tower, interleaved in one run.
//!
//! ```text
//! cargo bench -p tower-transport-benches --bench layers
//! cargo bench -p tower-transport-benches --bench layers -- --rounds 5 --calls 100000 --only in_flight
//! ```
//!
//! A call is `poll_ready`, `call`, the future, and a reply of one item read to its end, by hand and without a runtime, so that nothing but the
//! layer is measured, in CPU time of the calling thread. The service below is ready at once; where the table says *waits*, its future is pending once. What counts is the
//! ratio to the row that is marked with 1.00, from medians over the rounds. With two threads both call clones of one service.
#![allow(missing_docs)]

mod bodies;
mod drive;
mod service;
mod streams;
mod table;

#[path = "../../tests/support/counting.rs"]
mod counting;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let value = |name: &str| args.iter().position(|arg| arg == name).and_then(|at| args.get(at + 1));
    let run = table::Run {
        rounds: value("--rounds").map_or(9, |value| value.parse().expect("a number")),
        calls: value("--calls").map_or(200_000, |value| value.parse().expect("a number")),
        only: value("--only").cloned(),
    };
    // Timers are made in a runtime's context; nobody drives it, as no timer is to fire.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    let _context = runtime.enter();
    println!("{} rounds of {} calls; medians", run.rounds, run.calls);
    streams::tables(&run);
    bodies::tables(&run);
}
