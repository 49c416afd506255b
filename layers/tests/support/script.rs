//! Requests and replies by script, for the layers that follow an exchange to its end.
#![allow(dead_code, reason = "each binary uses what it needs")]

use bytes::Bytes;
use futures_core::Stream;
use http_body::{Body, Frame};
use std::borrow::Cow;
use std::collections::VecDeque;
use std::future::{Ready, poll_fn, ready};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use tower::{Service, service_fn};
use tower_transport_layers::{Describe, WireSize};

/// A request with a name, an id, a size, and something that must not be shown.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) method: String,
    pub(crate) id: Option<String>,
    pub(crate) secret: String,
    pub(crate) size: usize,
}

pub(crate) fn ask(method: &str) -> Ask {
    Ask {
        method: method.to_owned(),
        id: Some("7".to_owned()),
        secret: "hunter2".to_owned(),
        size: 100,
    }
}

impl Describe for Ask {
    fn method(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.method)
    }

    fn id(&self) -> Option<Cow<'_, str>> {
        self.id.as_deref().map(Cow::Borrowed)
    }
}

impl WireSize for Ask {
    fn wire_size(&self) -> usize {
        self.size
    }
}

/// An item of so many bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece(pub(crate) usize);

impl WireSize for Piece {
    fn wire_size(&self) -> usize {
        self.0
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    Item(usize),
    Fail,
    Panic,
    /// Is silent for ever, and keeps the waker.
    Wait,
}

/// A reply by script, as a stream and as a body. It counts its drop.
#[derive(Debug)]
pub(crate) struct Script {
    steps: VecDeque<Step>,
    /// Whether it tells of its end before it is polled for it.
    pub(crate) tells: bool,
    pub(crate) panics_when_dropped: bool,
    pub(crate) waker: Option<Waker>,
    drops: Drops,
}

/// How many of something were dropped.
#[derive(Debug, Clone, Default)]
pub(crate) struct Drops(Arc<AtomicUsize>);

impl Drops {
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    pub(crate) fn guard(&self) -> DropGuard {
        DropGuard(self.clone())
    }
}

#[derive(Debug)]
pub(crate) struct DropGuard(Drops);

impl Drop for DropGuard {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Script {
    pub(crate) fn new(steps: impl IntoIterator<Item = Step>) -> Script {
        Script {
            steps: steps.into_iter().collect(),
            tells: true,
            panics_when_dropped: false,
            waker: None,
            drops: Drops::default(),
        }
    }

    pub(crate) fn drops(&self) -> Drops {
        self.drops.clone()
    }

    fn poll(&mut self, cx: &Context<'_>) -> Poll<Option<io::Result<usize>>> {
        match self.steps.front() {
            Some(Step::Wait) => {
                self.waker = Some(cx.waker().clone());
                Poll::Pending
            }
            Some(Step::Item(size)) => {
                let size = *size;
                self.steps.pop_front();
                Poll::Ready(Some(Ok(size)))
            }
            Some(Step::Fail) => {
                self.steps.pop_front();
                Poll::Ready(Some(Err(io::Error::other("inner: hunter2"))))
            }
            Some(Step::Panic) => panic!("reply panicked"),
            None => Poll::Ready(None),
        }
    }

    fn left(&self) -> (usize, Option<usize>) {
        let left = self.steps.len();
        let waits = self.steps.iter().any(|step| matches!(step, Step::Wait));
        (0, (self.tells && !waits).then_some(left))
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.drops.0.fetch_add(1, Ordering::SeqCst);
        if self.panics_when_dropped {
            panic!("drop panicked");
        }
    }
}

impl Stream for Script {
    type Item = io::Result<Piece>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(cx).map(|next| next.map(|size| size.map(Piece)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.left()
    }
}

impl Body for Script {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let frame = |size| Frame::data(Bytes::from(vec![0; size]));
        self.poll(cx).map(|next| next.map(|size| size.map(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.left().1 == Some(0)
    }
}

/// A service that answers its one call at once.
pub(crate) fn once(
    script: Script,
) -> impl Service<Ask, Response = Script, Error = io::Error, Future = Ready<io::Result<Script>>> {
    let mut script = Some(script);
    service_fn(move |_: Ask| ready(Ok(script.take().expect("one call"))))
}

/// The same over HTTP.
pub(crate) fn once_http<B>(
    script: Script,
) -> impl Service<http::Request<B>, Response = http::Response<Script>, Error = io::Error> {
    let mut script = Some(script);
    service_fn(move |_| ready(Ok(http::Response::new(script.take().expect("one call")))))
}

pub(crate) async fn next<S: Stream + ?Sized>(reply: &mut Pin<Box<S>>) -> Option<S::Item> {
    poll_fn(|cx| reply.as_mut().poll_next(cx)).await
}

pub(crate) async fn frame<B: Body + ?Sized>(body: &mut Pin<Box<B>>) -> Option<Result<Frame<B::Data>, B::Error>> {
    poll_fn(|cx| body.as_mut().poll_frame(cx)).await
}
