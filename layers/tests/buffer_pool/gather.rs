//! Bodies in pieces.

use crate::support::{address, pool};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full, StreamBody};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use tower_transport_layers::buffer_pool::{Gather, TooLarge};
use tower_transport_layers::is_caused_by;

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
