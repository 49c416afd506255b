//! What a round trip costs in allocations, on both sides of a mux together.
#![cfg(all(unix, feature = "mux"))]

use bytes::Bytes;
use std::cell::Cell;
use std::rc::Rc;
use tokio::net::UnixStream;
use tokio::runtime::Builder;
use tokio::task::{JoinSet, LocalSet};
use tower::{Service, ServiceExt};
use tower_transport::BoxError;
use tower_transport::exchange::{Call, unary};
use tower_transport::layers::buffer_pool::BufferPool;
use tower_transport::message::{Id, Message};
use tower_transport::mux::{Connection, Mux};

use self::counting::allocations;

#[path = "support/counting.rs"]
mod counting;

const WARM: u64 = 5000;
const MEASURED: u64 = 20_000;
/// Both sides' rings may still come to own another block: eight each at most, with two small allocations and a handle's place.
const BLOCKS: u64 = 2 * 8 * 4;

#[test]
fn small_messages_one_at_a_time() {
    round_trips_allocate_nothing(200, 1);
}

#[test]
fn with_a_pool_small_messages_one_at_a_time() {
    pooled_round_trips_allocate_nothing(200, 1);
}

#[test]
fn with_a_pool_small_messages_256_in_flight() {
    pooled_round_trips_allocate_nothing(200, 256);
}

#[test]
fn with_a_pool_messages_of_4_kib_256_in_flight() {
    pooled_round_trips_allocate_nothing(4096, 256);
}

#[test]
fn small_messages_16_in_flight() {
    round_trips_allocate_nothing(200, 16);
}

#[test]
fn small_messages_256_in_flight() {
    round_trips_allocate_nothing(200, 256);
}

#[test]
fn messages_of_4_kib_16_in_flight() {
    round_trips_allocate_nothing(4096, 16);
}

#[test]
fn messages_of_4_kib_256_in_flight() {
    round_trips_allocate_nothing(4096, 256);
}

/// One pool for both sides, and for reading and writing.
fn pooled_round_trips_allocate_nothing(size: usize, callers: usize) {
    let pool = BufferPool::new(64 * 1024, 64).unwrap();
    measure(size, callers, &Mux::new().buffer_pool(pool.clone()));
    // The connections have ended.
    assert_eq!(pool.stats().held, pool.stats().blocks);
}

fn round_trips_allocate_nothing(size: usize, callers: usize) {
    measure(size, callers, &Mux::new());
}

/// Callers that live long make calls; client, server and both drivers run on this one thread.
fn measure(size: usize, callers: usize, mux: &Mux) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let connection = connect(size, callers, mux);
        let done = Rc::new(Cell::new(0));
        let counted = Rc::new(Cell::new((0, 0)));
        let mut tasks = JoinSet::new();
        for _ in 0..callers {
            tasks.spawn_local(caller(connection.clone(), size, done.clone(), counted.clone()));
        }
        while let Some(task) = tasks.join_next().await {
            task.unwrap();
        }
        let (from, to) = counted.get();
        let count = to - from;
        assert!(count <= BLOCKS, "{count} allocations in {MEASURED} round trips");
    });
}

fn connect(size: usize, callers: usize, mux: &Mux) -> Connection {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let answer = message(r#"{"jsonrpc":"2.0","id":1,"result":""#, size);
    let echo = unary(move |_| std::future::ready(Ok::<_, BoxError>(answer.clone())));
    let (read, write) = theirs.into_split();
    let (_, driver) = mux.clone().max_in_flight(callers).serve(read, write, echo);
    tokio::task::spawn_local(driver);
    let (read, write) = ours.into_split();
    let (connection, driver) = mux.clone().max_in_flight(callers).connect(read, write);
    tokio::task::spawn_local(driver);
    connection
}

async fn caller(mut connection: Connection, size: usize, done: Rc<Cell<u64>>, counted: Rc<Cell<(u64, u64)>>) {
    let request = message(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":""#, size);
    let mut number = 0;
    while done.get() < WARM + MEASURED {
        number += 1;
        let request = request.clone().with_id(Id::number(number));
        let connection = connection.ready().await.unwrap();
        let reply = connection.call(Call::new(request)).await.unwrap();
        let answer = reply.first().expect("one answer").message();
        assert_eq!(answer.id_bytes(), Some(Id::number(number).as_bytes()));
        drop(reply);
        done.set(done.get() + 1);
        match done.get() {
            WARM => counted.set((allocations(), 0)),
            end if end == WARM + MEASURED => counted.set((counted.get().0, allocations())),
            _ => {}
        }
    }
}

/// A message of about that size.
fn message(start: &str, size: usize) -> Message {
    let text = format!("{start}{}\"}}", "x".repeat(size - start.len() - 2));
    Message::parse(Bytes::from(text)).unwrap()
}
