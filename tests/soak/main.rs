//! Clients that connect, call and vanish while children are killed: afterwards the gateway is as it was before.
//!
//! `SOAK_SECONDS` is the length (20 by default), `SOAK_SEED` another course of events.
#![cfg(target_os = "linux")]

mod client;
mod family;
#[path = "../support/fixture.rs"]
mod fixture;
mod gateway;
mod http;
mod killer;
#[path = "../gateway/support/processes.rs"]
mod processes;
mod random;
mod tally;
mod tool;

use client::Client;
use gateway::Gateway;
use killer::Killer;
use random::Random;
use std::env;
use std::io::Write;
use std::time::Duration;
use tally::Tally;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Clients at once. Each lives for a few calls, then the next takes its place.
const CLIENTS: usize = 10;

/// What the resident set may grow by after the warm-up: the allocator keeps what a peak of load fragments, whatever the length of the run.
const RSS_ALLOWANCE: usize = 12 << 20;

#[tokio::test]
async fn clients_come_and_go_while_children_are_killed_and_nothing_is_left() {
    let length = Duration::from_secs(number("SOAK_SECONDS", 20));
    let seed = number("SOAK_SEED", 1);
    let mut gateway = Gateway::start().await;
    let mut random = Random::new(seed);

    // Long enough that its peaks are those of the run.
    let warm_up = (length / 4).clamp(Duration::from_secs(5), Duration::from_secs(60));
    let mut tally = run(&gateway, &mut random, warm_up).await;
    let before = gateway.settle().await;
    tally += run(&gateway, &mut random, length).await;
    let after = gateway.settle().await;

    let summary = format!("soak: seed {seed}, {length:?} after {warm_up:?}: {tally}; {before} before, {after} after");
    // The harness hides what a passing test prints.
    writeln!(std::io::stderr(), "{summary}").unwrap();
    assert!(after.descriptors <= before.descriptors, "descriptors: {summary}");
    assert!(after.threads <= before.threads, "threads: {summary}");
    assert!(after.children <= before.children, "children: {summary}");
    assert!(after.rss <= before.rss + RSS_ALLOWANCE, "memory: {summary}");
    tally.assert_whole(&summary);
    gateway.stop().await;
}

async fn run(gateway: &Gateway, random: &mut Random, length: Duration) -> Tally {
    let end = Instant::now() + length;
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let mut client = Client::new(gateway, random.fork());
        clients.spawn(async move {
            while Instant::now() < end {
                client.live().await;
            }
            client.tally
        });
    }
    let mut killer = Killer::new(gateway, random.fork());
    clients.spawn(async move {
        while Instant::now() < end {
            killer.rest().await;
            killer.kill();
        }
        killer.tally
    });
    let mut tally = Tally::default();
    while let Some(ended) = clients.join_next().await {
        tally += ended.unwrap();
    }
    tally
}

fn number(variable: &str, default: u64) -> u64 {
    env::var(variable).map_or(default, |value| {
        value
            .parse()
            .unwrap_or_else(|_| panic!("{variable} is a whole number, not {value:?}"))
    })
}
