//! The laws of an exchange as a property of the mux, over a wire that cuts, delays, stalls and breaks.
//!
//! Each seed is one run, in paused time, so that a run that hangs fails at once. A seed that fails is printed;
//! `MUX_LAWS_SEED=<seed>` runs it alone, and `MUX_LAWS_RUNS=<n>` makes more runs than the usual hundred of each kind.
#![cfg(feature = "mux")]

mod chaos;
mod pair;
mod random;
mod scripted;
mod wire;

use std::future::Future;
use std::time::Duration;
use tokio::runtime::Builder;

/// Far longer than all delays and bounds of a run together.
const HANG: Duration = Duration::from_secs(24 * 3600);
const RUNS: u64 = 100;

#[test]
fn two_muxes_keep_the_laws_over_a_wire_that_only_cuts_and_delays() {
    each_seed(|seed| pair::run(seed, false));
}

#[test]
fn two_muxes_keep_the_laws_over_a_wire_that_breaks() {
    each_seed(|seed| pair::run(seed, true));
}

#[test]
fn a_mux_keeps_the_laws_whatever_its_peer_says() {
    each_seed(|seed| scripted::run(seed, false));
}

#[test]
fn a_mux_keeps_the_laws_when_its_peer_goes_away() {
    each_seed(|seed| scripted::run(seed, true));
}

fn each_seed<F: Future<Output = ()>>(run: impl Fn(u64) -> F) {
    let number = |name| Some(std::env::var(name).ok()?.parse::<u64>().expect("a number"));
    let seeds = match number("MUX_LAWS_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("MUX_LAWS_RUNS").unwrap_or(RUNS),
    };
    for seed in seeds {
        let _guard = Replay(seed);
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime").block_on(async {
            tokio::time::timeout(HANG, run(seed)).await.expect("the run hangs");
        });
    }
}

/// Says how to run a seed that fails.
struct Replay(u64);

impl Drop for Replay {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("to run this alone: MUX_LAWS_SEED={} cargo test --test mux_laws", self.0);
        }
    }
}
