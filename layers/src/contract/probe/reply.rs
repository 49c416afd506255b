use super::{Control, ProbeError};
use crate::contract::dialect::{Dialect, Http};
use bytes::Bytes;
use futures_core::Stream;
use http_body::{Body, Frame, SizeHint};
use std::cell::Cell;
use std::fmt;
use std::marker::{PhantomData, PhantomPinned};
use std::pin::Pin;
use std::task::{Context, Poll};

/// What [`Probe`](super::Probe) answers with: a stream, and over HTTP a body.
pub struct ProbeReply<D: Dialect> {
    control: Control,
    call: usize,
    dialect: PhantomData<fn() -> D>,
    // What layers may not ask of a reply.
    _not_unpin: PhantomPinned,
    _not_sync: PhantomData<Cell<()>>,
}

impl<D: Dialect> ProbeReply<D> {
    pub(super) const fn new(control: Control, call: usize) -> Self {
        ProbeReply {
            control,
            call,
            dialect: PhantomData,
            _not_unpin: PhantomPinned,
            _not_sync: PhantomData,
        }
    }

    fn poll_step(&self, cx: &mut Context<'_>) -> Poll<Option<Result<D::Item, ProbeError>>> {
        let turn = self.control.poll_step(self.call, cx);
        let outcome = turn.play(|| ProbeError(self.control.number(self.call)));
        outcome.map(|step| step.map(|item| item.map(Self::item)).transpose())
    }

    fn item((number, is_last): (u32, bool)) -> D::Item {
        if is_last { D::last_item(number) } else { D::item(number) }
    }
}

impl<D: Dialect> Stream for ProbeReply<D> {
    type Item = Result<D::Item, ProbeError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_step(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.control.hint(self.call).items()
    }
}

impl Body for ProbeReply<Http> {
    type Data = Bytes;
    type Error = ProbeError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ProbeError>>> {
        self.poll_step(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.control.hint(self.call).is_over()
    }

    fn size_hint(&self) -> SizeHint {
        self.control.hint(self.call).bytes()
    }
}

impl<D: Dialect> Drop for ProbeReply<D> {
    fn drop(&mut self) {
        self.control.remove_reply(self.call);
    }
}

impl<D: Dialect> fmt::Debug for ProbeReply<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProbeReply")
            .field("call", &self.call)
            .finish_non_exhaustive()
    }
}
