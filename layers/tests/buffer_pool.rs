//! The pool: what is lent comes back, stays whole, and stays within its bounds.

use bytes::{BufMut, Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full, StreamBody};
use serde::Serialize;
use serde::ser::{Error as _, Serializer};
use std::convert::Infallible;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_test::mock;
use tower_transport_layers::buffer_pool::{
    Block, Buffer, BufferPool, BufferPoolLayer, Gather, PooledConnections, TooLarge, detach,
};
use tower_transport_layers::{Target, is_caused_by};

const BLOCK: usize = 1024;

fn pool(blocks: usize) -> BufferPool {
    BufferPool::new(BLOCK, blocks).unwrap()
}

fn message(pool: &BufferPool, len: usize) -> Bytes {
    let mut buffer = pool.buffer();
    buffer.extend_from_slice(&vec![b'x'; len]);
    buffer.split()
}

/// Where the bytes lie.
fn address(bytes: &[u8]) -> usize {
    bytes.as_ptr().addr()
}

#[test]
fn sizes_that_make_no_pool_are_an_error_that_names_them() {
    for (block, blocks) in [
        (0, 1),
        (63, 1),
        (64, 0),
        (64, 65_537),
        (usize::MAX / 2, 2),
        (usize::MAX, 65_536),
    ] {
        let error = BufferPool::new(block, blocks).unwrap_err();
        assert_eq!((error.block(), error.blocks()), (block, blocks));
        assert!(error.to_string().contains(&format!("{blocks} blocks of {block} bytes")));
    }
    let pool = BufferPool::new(64, 65_536).unwrap();
    assert_eq!(pool.max_bytes(), 64 * 65_536);
}

#[test]
fn nothing_is_allocated_before_it_is_needed() {
    let pool = pool(4);
    let mut buffer = pool.buffer();
    assert_eq!(buffer.split(), "");
    buffer.extend_from_slice(b"");
    drop(buffer);
    assert_eq!(pool.stats(), Default::default());
}

#[test]
fn a_block_is_used_again_once_its_last_message_is_dropped() {
    let pool = pool(1);
    let first = message(&pool, 600);
    let start = address(&first);
    let second = message(&pool, 400);
    assert_eq!(address(&second), start + 600);
    drop(first);
    // The second still holds it.
    assert_ne!(address(&message(&pool, 600)), start);
    drop(second);
    assert_eq!(address(&message(&pool, 600)), start);
    let stats = pool.stats();
    assert_eq!((stats.blocks, stats.held, stats.held_bytes), (1, 1, BLOCK));
}

#[test]
fn a_buffer_begins_its_block_anew_when_nothing_of_it_is_left() {
    let pool = pool(1);
    let mut buffer = pool.buffer();
    for _ in 0..10 {
        buffer.extend_from_slice(&[b'x'; 600]);
        assert_eq!(buffer.split().len(), 600);
    }
    assert_eq!(pool.stats().misses, 1);
}

#[test]
fn a_message_without_bytes_holds_no_block() {
    let pool = pool(1);
    let mut buffer = pool.buffer();
    buffer.extend_from_slice(b"sent");
    drop(buffer.split());
    buffer.extend_from_slice(b"taken back");
    buffer.clear();
    let empty = buffer.split();
    drop(buffer);
    assert_eq!(pool.block().map(|block| block.room()), Some(BLOCK));
    assert_eq!(empty, "");
}

#[test]
fn a_message_dropped_on_another_thread_gives_its_block_back() {
    let pool = pool(1);
    let first = message(&pool, BLOCK);
    let start = address(&first);
    thread::spawn(move || drop(first)).join().unwrap();
    assert_eq!(address(&message(&pool, BLOCK)), start);
    assert_eq!(pool.stats().misses, 1);
}

#[test]
fn a_message_that_does_not_fit_into_what_is_left_moves_to_another_block() {
    let pool = pool(2);
    let mut buffer = pool.buffer();
    buffer.extend_from_slice(&[b'a'; 1000]);
    let first = buffer.split();
    for _ in 0..50 {
        write!(buffer, "b").unwrap();
    }
    let second = buffer.split();
    assert_eq!(first, [b'a'; 1000].as_slice());
    assert_eq!(second, [b'b'; 50].as_slice());
    assert_eq!(pool.stats().blocks, 2);
    assert_eq!(pool.stats().oversized, 0);
    // The buffer has one block, the other is back.
    assert_eq!(pool.stats().held, 1);
}

// PITFALLS 30
#[test]
fn a_message_over_a_block_leaves_alone_and_the_block_stays_as_it_was() {
    let pool = pool(1);
    let mut buffer = pool.buffer();
    buffer.extend_from_slice(b"small");
    let start = address(&buffer);
    buffer.extend_from_slice(&[b'x'; 10 * BLOCK]);
    let large = buffer.split();
    assert_eq!(large.len(), 10 * BLOCK + 5);
    assert_eq!(&large[..6], b"smallx");
    buffer.extend_from_slice(b"next");
    assert_eq!(address(&buffer), start);
    drop(buffer);
    let stats = pool.stats();
    assert_eq!((stats.oversized, stats.blocks, stats.held_bytes), (1, 1, BLOCK));
    assert_eq!(pool.take(BLOCK).split(), "");
}

#[test]
fn without_a_free_block_each_message_gets_a_buffer_of_its_own() {
    let pool = pool(2);
    let pinning = [message(&pool, BLOCK), message(&pool, BLOCK)];
    let before = pool.stats();
    let mut buffer = pool.buffer();
    for number in 0..10 {
        write!(buffer, "{number}").unwrap();
        assert_eq!(buffer.split(), number.to_string());
    }
    let after = pool.stats();
    assert_eq!(after.misses - before.misses, 10);
    assert_eq!((after.blocks, after.oversized), (2, 0));
    drop(pinning);
    buffer.extend_from_slice(b"pooled");
    assert_eq!(pool.stats().misses, after.misses);
    assert_eq!(pool.stats().held, 1);
}

/// Only one task writes, and nothing is kept: the block is free, though the message before leaves too little behind it.
#[test]
fn a_block_that_nothing_refers_to_is_begun_anew_after_a_message_that_did_not_fit_behind_another() {
    let pool = pool(1);
    let mut buffer = pool.buffer();
    buffer.extend_from_slice(&[b'x'; 200]);
    drop(buffer.split());
    for _ in 0..10 {
        // Piece by piece, as a serialiser writes.
        for _ in 0..9 {
            buffer.extend_from_slice(&[b'y'; 100]);
        }
        assert_eq!(buffer.split(), [b'y'; 900].as_slice());
    }
    // The block, and the first of them.
    assert_eq!(pool.stats().misses, 2);
}

#[test]
fn room_that_can_not_be_made_costs_neither_the_message_nor_the_block() {
    let pool = pool(1);
    let mut buffer = pool.buffer();
    buffer.extend_from_slice(b"in the making");
    let panicked = catch_unwind(AssertUnwindSafe(|| buffer.reserve(usize::MAX)));
    assert!(panicked.is_err());
    assert_eq!(buffer.split(), "in the making");
    drop(buffer);
    assert_eq!((pool.stats().blocks, pool.stats().held), (1, 1));
}

#[test]
fn what_is_taken_back_is_gone() {
    let pool = pool(1);
    let mut buffer = pool.buffer();
    buffer.extend_from_slice(b"abcdef");
    buffer.truncate(3);
    assert_eq!(*buffer, *b"abc");
    buffer.truncate(30);
    let start = address(&buffer);
    buffer.clear();
    assert!(buffer.is_empty());
    buffer.extend_from_slice(&[b'x'; 2 * BLOCK]);
    buffer.truncate(BLOCK);
    assert_eq!(buffer.len(), BLOCK);
    buffer.clear();
    assert!(buffer.is_empty());
    buffer.extend_from_slice(b"next");
    // What it grew to is gone as well.
    assert_eq!(address(&buffer), start);
    assert_eq!(buffer.split(), "next");
}

#[test]
fn a_buffer_gives_its_block_back_when_it_is_dropped_with_a_message_in_it() {
    let pool = pool(1);
    for len in [10, BLOCK, 3 * BLOCK] {
        let mut buffer = pool.take(1);
        buffer.extend_from_slice(&vec![b'x'; len]);
        assert_eq!(pool.stats().held, 0);
        drop(buffer);
        assert_eq!(pool.stats().held, 1, "{len}");
    }
    assert_eq!(pool.stats().misses, 1);
}

#[test]
fn a_panic_while_serialising_gives_the_block_back() {
    struct Panics;
    impl Serialize for Panics {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            panic!("in a value")
        }
    }
    let pool = pool(1);
    let panicked = catch_unwind(AssertUnwindSafe(|| pool.to_message(&("start", Panics))));
    assert!(panicked.is_err());
    assert_eq!(pool.to_message("next").unwrap(), "\"next\"");
    assert_eq!((pool.stats().misses, pool.stats().held), (1, 1));
}

#[test]
fn an_error_while_serialising_leaves_nothing_behind() {
    struct Fails;
    impl Serialize for Fails {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(S::Error::custom("no"))
        }
    }
    let pool = pool(1);
    assert!(pool.to_message(&("start", Fails)).is_err());
    assert_eq!(pool.to_message("next").unwrap(), "\"next\"");
    assert_eq!((pool.stats().misses, pool.stats().held), (1, 1));
}

// PITFALLS 30
#[test]
fn a_detached_message_holds_no_block() {
    let pool = pool(1);
    let start = {
        let message = message(&pool, BLOCK);
        let kept = detach(&message.slice(10..20));
        assert_eq!(kept, "xxxxxxxxxx");
        address(&message)
    };
    assert_eq!(address(&message(&pool, BLOCK)), start);
}

#[test]
fn clones_are_one_pool() {
    let pool = pool(1);
    let other = pool.clone();
    drop(message(&other, 10));
    drop(message(&pool, 10));
    assert_eq!(pool.stats().misses, 1);
    assert_eq!(pool.stats(), other.stats());
}

#[test]
fn a_block_is_filled_behind_and_taken_off_in_front_and_never_grows() {
    let pool = pool(2);
    let mut block = pool.block().unwrap();
    assert_eq!((block.room(), block.size(), block.is_pooled()), (BLOCK, BLOCK, true));
    block.room_mut().put_slice(&[b'a'; 900]);
    assert_eq!(block.room_mut().remaining_mut(), BLOCK - 900);
    block.extend_from_slice(b"tail");
    let taken = block.split_to(800);
    block.advance(100);
    assert_eq!(*block, *b"tail");
    assert!(!block.reclaim());
    drop(taken);
    assert!(block.reclaim());
    assert_eq!((block.room(), &*block), (BLOCK - 4, b"tail".as_slice()));
    let overflow = catch_unwind(AssertUnwindSafe(|| block.extend_from_slice(&[0; BLOCK - 3])));
    assert!(overflow.is_err());
    drop(block);
    // What was in it is gone, and it is whole.
    assert!(pool.block().unwrap().is_empty());
    assert_eq!((pool.stats().blocks, pool.stats().held), (1, 1));
}

// PITFALLS 30
#[test]
fn a_block_that_grew_or_was_replaced_is_not_kept() {
    let pool = pool(1);
    let spoil: [fn(&mut BytesMut); 5] = [
        |bytes| bytes.reserve(2 * BLOCK),
        |bytes| {
            bytes.put_bytes(0, BLOCK);
            let _part = bytes.split();
            bytes.put_bytes(0, 1);
            bytes.reserve(4 * BLOCK);
        },
        |bytes| *bytes = BytesMut::new(),
        |bytes| *bytes = BytesMut::with_capacity(2 * BLOCK),
        // As one that is shorter and lies where the block was, which is up to the allocator.
        |bytes| drop(bytes.split_off(BLOCK - 1)),
    ];
    for spoil in spoil {
        spoil(pool.block().unwrap().bytes_mut());
        assert_eq!((pool.stats().blocks, pool.stats().held), (0, 0));
    }
    let mut block = pool.block().unwrap();
    block.bytes_mut().put_bytes(0, BLOCK);
    let part = block.split_to(BLOCK);
    drop(block);
    assert_eq!((pool.stats().blocks, pool.stats().held), (1, 1));
    drop(part);
    assert_eq!(pool.block().unwrap().room(), BLOCK);
}

#[test]
fn blocks_are_lent_only_whole_and_only_as_many_as_there_are() {
    let pool = pool(2);
    let kept = message(&pool, 1);
    let block = pool.block().unwrap();
    assert_eq!(block.room(), BLOCK);
    assert!(pool.block().is_none());
    drop(kept);
    assert_eq!(pool.block().unwrap().room(), BLOCK);
    drop(block);
    let own = Block::own(300);
    assert_eq!((own.room(), own.is_pooled()), (300, false));
    drop(own);
    assert_eq!((pool.stats().blocks, pool.stats().held), (2, 2));
}

#[tokio::test]
async fn a_body_of_one_frame_is_passed_on_without_a_copy() {
    let pool = pool(1);
    let body = Bytes::from(vec![b'x'; 100]);
    let start = address(&body);
    let gathered = pool.gather(Full::new(body), 100).await.unwrap();
    assert_eq!((address(&gathered), gathered.len()), (start, 100));
    assert_eq!(pool.stats(), Default::default());
}

fn chunked(chunks: &'static [&'static str]) -> impl Body<Data = Bytes, Error = Infallible> {
    let frames = chunks
        .iter()
        .map(|chunk| Ok(Frame::data(Bytes::from_static(chunk.as_bytes()))));
    StreamBody::new(futures_util::stream::iter(frames))
}

#[tokio::test]
async fn a_body_of_many_frames_is_gathered_into_a_block() {
    let pool = pool(1);
    let trailers = async { Some(Ok(http::HeaderMap::new())) };
    let body = chunked(&["", "one ", "two ", "three"]).with_trailers(trailers);
    assert_eq!(pool.gather(body, 13).await.unwrap(), "one two three");
    assert_eq!((pool.stats().misses, pool.stats().held), (1, 1));
    assert_eq!(pool.gather(chunked(&[]), 0).await.unwrap(), "");
}

/// A body of that length, which must not be read.
struct Unread(u64);

impl Body for Unread {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        panic!("read")
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0)
    }
}

// PITFALLS 31
#[tokio::test]
async fn a_body_over_the_limit_is_cut_while_it_is_read_and_its_announced_length_is_looked_at_first() {
    let pool = pool(1);
    let error = pool.gather(chunked(&["123", "456", "7"]), 5).await.unwrap_err();
    let error = error.downcast_ref::<TooLarge>().unwrap();
    assert_eq!((error.limit(), error.at_least()), (5, 6));
    assert!(error.to_string().contains("6 bytes is over the limit of 5 bytes"));

    let announced = Unread(6);
    let error = pool.gather(announced, 5).await.unwrap_err();
    assert!(is_caused_by::<TooLarge>(&*error));
    assert_eq!(pool.stats().held, pool.stats().blocks);
}

#[test]
fn a_piece_that_does_not_fit_leaves_what_is_gathered_as_it_is() {
    let pool = pool(1);
    let mut gather = Gather::new(&pool, 6);
    assert_eq!(gather.expect(7).unwrap_err(), TooLarge::new(6, 7));
    gather.expect(6).unwrap();
    gather.push(&b"abc"[..]).unwrap();
    assert!(!format!("{gather:?}").contains("abc"), "{gather:?}");
    assert_eq!(gather.push(&b"defg"[..]).unwrap_err(), TooLarge::new(6, 7));
    gather.push(&b"def"[..]).unwrap();
    assert_eq!(gather.len(), 6);
    assert_eq!(gather.finish(), "abcdef");
    assert!(gather.is_empty());
}

#[derive(Default)]
struct Address(http::Extensions);

impl Target for Address {
    fn extensions_mut(&mut self) -> &mut http::Extensions {
        &mut self.0
    }
}

/// A connector that tells the size of the blocks that it was given.
async fn connect(target: Address) -> Result<Option<usize>, Infallible> {
    Ok(target.0.get::<BufferPool>().map(BufferPool::block_size))
}

#[tokio::test]
async fn the_layer_hands_the_pool_down_and_the_inner_one_is_heard() {
    let outer = BufferPool::new(100, 1).unwrap();
    let inner = BufferPool::new(200, 1).unwrap();
    let mut bare = ServiceBuilder::new()
        .layer(BufferPoolLayer::new(outer.clone()))
        .service_fn(connect);
    assert_eq!(
        bare.ready().await.unwrap().call(Address::default()).await,
        Ok(Some(100))
    );

    let mut nested = ServiceBuilder::new()
        .layer(BufferPoolLayer::new(outer.clone()))
        .layer(BufferPoolLayer::new(inner))
        .service_fn(connect);
    assert_eq!(
        nested.ready().await.unwrap().call(Address::default()).await,
        Ok(Some(200))
    );

    let mut brought = Address::default();
    brought.0.insert(BufferPool::new(300, 1).unwrap());
    assert_eq!(bare.ready().await.unwrap().call(brought).await, Ok(Some(100)));
}

// PITFALLS 2
#[tokio::test]
async fn every_service_that_a_layer_makes_hands_down_the_same_pool() {
    let layer = BufferPoolLayer::new(pool(4));
    let connect = |target: Address| async move { Ok::<_, Infallible>(message(target.0.get().unwrap(), 10)) };
    for _ in 0..3 {
        let service = layer.layer(service_fn(connect));
        service.clone().oneshot(Address::default()).await.unwrap();
        service.oneshot(Address::default()).await.unwrap();
    }
    assert_eq!(layer.pool().stats().misses, 1);
}

// PITFALLS 7
#[tokio::test]
async fn the_layer_is_ready_when_the_connector_is() {
    let (mut service, mut handle) = mock::spawn_layer::<Address, (), _>(BufferPoolLayer::new(pool(1)));
    handle.allow(0);
    tokio_test::assert_pending!(service.poll_ready());
    handle.allow(1);
    assert!(service.is_woken());
    tokio_test::assert_ready_ok!(service.poll_ready());
    let call = service.call(Address::default());
    let (request, response) = handle.next_request().await.unwrap();
    assert!(request.0.get::<BufferPool>().is_some());
    response.send_error("refused");
    assert_eq!(call.await.unwrap_err().to_string(), "refused");
}

#[test]
fn what_is_shared_may_go_to_any_thread() {
    fn check<T: Send + Sync + Unpin + 'static>() {}
    check::<BufferPool>();
    check::<Buffer>();
    check::<Block>();
    check::<Gather>();
    check::<BufferPoolLayer>();
    check::<PooledConnections<()>>();
}
