//! What a dialect of one's own is told.

use futures_core::Stream;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tower::util::MapResponseLayer;
use tower_transport_layers::contract::{Accepts, Dialect, Item, Plain, ProbeError, ProbeReply, Request, Suite};
use tower_transport_layers::reply::Streams;

/// Items that know whether they are the last.
struct Marking;

struct Marked {
    item: Item,
    is_last: bool,
}

impl Dialect for Marking {
    type Kind = Streams;
    type Request = Request;
    type Item = Marked;
    type Response = ProbeReply<Marking>;

    fn request(number: u32) -> Request {
        Plain::request(number)
    }

    fn item(number: u32) -> Marked {
        let item = Plain::item(number);
        Marked { item, is_last: false }
    }

    fn last_item(number: u32) -> Marked {
        let item = Plain::item(number);
        Marked { item, is_last: true }
    }

    fn item_number(marked: &Marked) -> u32 {
        marked.item.number()
    }

    fn respond(reply: ProbeReply<Marking>) -> ProbeReply<Marking> {
        reply
    }
}

impl Accepts<Request> for Marking {
    fn number(request: &Request) -> u32 {
        request.number()
    }
}

/// A reply of which the marks are compared with its end.
struct Checked {
    inner: Pin<Box<ProbeReply<Marking>>>,
    /// The mark of the item before.
    is_last: Option<bool>,
}

impl Stream for Checked {
    type Item = Result<Marked, ProbeError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = ready!(self.inner.as_mut().poll_next(cx));
        match &next {
            Some(Ok(marked)) => {
                assert_ne!(self.is_last, Some(true), "an item after the last");
                self.is_last = Some(marked.is_last);
                let is_told = self.inner.size_hint().1 == Some(0);
                assert!(marked.is_last || !is_told, "an item that is the last, and not marked");
            }
            Some(Err(_)) => self.is_last = None,
            None => {}
        }
        Poll::Ready(next)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}

#[test]
fn last_item_of_a_reply_is_made_as_such_and_no_other_is() {
    let check = |reply| Checked {
        inner: Box::pin(reply),
        is_last: None,
    };
    Suite::over(Marking, move || MapResponseLayer::new(check)).run();
}
