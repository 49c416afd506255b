//! The service below the layers: ready at once, one item.

use futures_core::Stream;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tower::Service;
use tower_transport_layers::{Describe, WireSize};

/// A message of 200 bytes, in and out.
#[derive(Clone, Copy)]
pub(crate) struct Message(pub(crate) &'static [u8]);

impl Message {
    pub(crate) fn new() -> Message {
        Message(&[b'x'; 200])
    }
}

impl WireSize for Message {
    fn wire_size(&self) -> usize {
        self.0.len()
    }
}

impl Describe for Message {
    fn method(&self) -> std::borrow::Cow<'_, str> {
        "tools/call".into()
    }
}

/// Echoes. With `waits`, each future is pending once.
#[derive(Clone, Copy)]
pub(crate) struct Echo {
    pub(crate) waits: bool,
}

impl Service<Message> for Echo {
    type Response = Once;
    type Error = Infallible;
    type Future = EchoFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, message: Message) -> EchoFuture {
        EchoFuture {
            message: Some(message),
            waits: self.waits,
        }
    }
}

pub(crate) struct EchoFuture {
    message: Option<Message>,
    waits: bool,
}

impl Future for EchoFuture {
    type Output = Result<Once, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if std::mem::take(&mut self.waits) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(Once(self.message.take())))
    }
}

/// A reply of one item, which tells its end.
pub(crate) struct Once(Option<Message>);

impl Stream for Once {
    type Item = Result<Message, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Ok))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::from(self.0.is_some());
        (left, Some(left))
    }
}
