//! Calls, by hand.

use crate::service::Message;
use futures_core::Stream;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use std::future::Future;
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use tower::Service;

/// Makes `calls` calls, one after the other, each read to its end.
pub(crate) fn streams<S, T, E>(service: &mut S, calls: u64)
where
    S: Service<Message>,
    S::Response: Stream<Item = Result<T, E>>,
{
    let message = Message::new();
    for _ in 0..calls {
        let reply = answer(service, black_box(message));
        let mut reply = pin!(reply);
        until_end(|cx| reply.as_mut().poll_next(cx).map(|item| item.map(|item| item.is_ok())));
    }
}

/// As [`streams`], over HTTP.
pub(crate) fn bodies<S, B>(service: &mut S, calls: u64)
where
    S: Service<Request<Full<bytes::Bytes>>, Response = Response<B>>,
    B: Body,
{
    let message = Message::new();
    for _ in 0..calls {
        let request = Request::new(Full::new(bytes::Bytes::from_static(message.0)));
        let mut body = pin!(answer(service, black_box(request)).into_body());
        until_end(|cx| {
            body.as_mut()
                .poll_frame(cx)
                .map(|frame| frame.map(|frame| frame.is_ok()))
        });
    }
}

fn answer<S: Service<Request>, Request>(service: &mut S, request: Request) -> S::Response {
    let mut cx = Context::from_waker(Waker::noop());
    while service.poll_ready(&mut cx).is_pending() {}
    let mut future = pin!(service.call(request));
    loop {
        if let Poll::Ready(outcome) = Pin::new(&mut future).poll(&mut cx) {
            return outcome.ok().expect("no layer refuses");
        }
    }
}

fn until_end(mut next: impl FnMut(&mut Context<'_>) -> Poll<Option<bool>>) {
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        match next(&mut cx) {
            Poll::Ready(None) => return,
            Poll::Ready(Some(ok)) => assert!(black_box(ok), "no layer fails the reply"),
            Poll::Pending => {}
        }
    }
}
