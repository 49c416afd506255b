use super::{answer, notification, rest, short};
use futures_core::Stream;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio_test::{assert_pending, assert_ready, task};
use tower_transport::BoxError;
use tower_transport::exchange::{Item, Reply};

/// A stream of these items, which tells how many are left, and pends once before each.
struct Items {
    left: Vec<Result<Item, BoxError>>,
    pends: bool,
}

impl Items {
    fn new(items: impl IntoIterator<Item = Item>) -> Items {
        let mut left: Vec<_> = items.into_iter().map(Ok).collect();
        left.reverse();
        Items { left, pends: true }
    }
}

impl Stream for Items {
    type Item = Result<Item, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.pends = !self.pends;
        if !self.pends {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.left.pop())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left.len(), Some(self.left.len()))
    }
}

fn note(n: usize) -> Item {
    Item::Notification(notification(n))
}

fn response() -> Item {
    Item::Response(answer("done").with_id(tower_transport::message::Id::number(super::ID)))
}

/// What the hint says before each item and after the last.
async fn hints(mut reply: Reply<Items>) -> Vec<(usize, Option<usize>)> {
    let mut hints = vec![reply.size_hint()];
    while super::next(&mut reply).await.is_some() {
        hints.push(reply.size_hint());
    }
    assert!(super::next(&mut reply).await.is_none(), "the end is the end");
    hints
}

const fn exactly(n: usize) -> (usize, Option<usize>) {
    (n, Some(n))
}

#[tokio::test]
async fn empty_has_ended_from_the_start() {
    assert!(Reply::<Items>::empty().first().is_none());
    assert_eq!(hints(Reply::empty()).await, [exactly(0)]);
}

#[tokio::test]
async fn once_has_one_item_left_then_none() {
    let reply = Reply::<Items>::once(response());
    assert_eq!(short(reply.first().unwrap()), r#"response "done" to 7"#);
    assert_eq!(hints(reply).await, [exactly(1), exactly(0)]);
}

#[tokio::test]
async fn stream_tells_what_its_items_tell() {
    let reply = Reply::stream(Items::new([note(1), response()]));
    assert!(reply.first().is_none());
    assert_eq!(hints(reply).await, [exactly(2), exactly(1), exactly(0)]);
}

#[tokio::test]
async fn first_of_adds_the_first_item_to_what_follows() {
    let reply = || Reply::first_of(note(1), Items::new([note(2), response()]));
    assert_eq!(short(reply().first().unwrap()), "notification 1");
    assert_eq!(
        rest(reply()).await,
        ["notification 1", "notification 2", r#"response "done" to 7"#]
    );
    assert_eq!(hints(reply()).await, [exactly(3), exactly(2), exactly(1), exactly(0)]);
}

#[test]
fn first_item_comes_without_a_poll_of_the_rest() {
    let mut reply = task::spawn(Reply::first_of(note(1), Items::new([response()])));
    assert!(assert_ready!(reply.poll_next()).is_some_and(|item| item.is_ok()));
    assert!(!reply.is_woken());
    assert_pending!(reply.poll_next());
    assert!(assert_ready!(reply.poll_next()).is_some_and(|item| item.is_ok()));
}

/// Knows nothing of its end.
struct Boundless;

impl Stream for Boundless {
    type Item = Result<Item, BoxError>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(None)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}

#[test]
fn hint_of_a_stream_without_bounds_neither_overflows_nor_gains_a_bound() {
    let mut reply = task::spawn(Reply::first_of(response(), Boundless));
    assert_eq!(reply.size_hint(), (usize::MAX, None));
    assert!(assert_ready!(reply.poll_next()).is_some());
    assert!(assert_ready!(reply.poll_next()).is_none());
    assert_eq!(reply.size_hint(), exactly(0));
}
