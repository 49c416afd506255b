//! Every way in which a call ends, and its permit with it. PITFALLS 3.

use super::support::{Handle, Items, Mocked, Step, answer, call, mocked, next, panics, refused, reply, some, start};
use bytes::Bytes;
use futures_core::Stream;
use futures_util::FutureExt;
use http_body::{Body, Frame, SizeHint};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{pending, ready};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok, task};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_transport_layers::in_flight::InFlightLayer;

/// A service with a limit of one.
fn one() -> (Mocked, Handle, tower_transport_layers::in_flight::Handle) {
    let layer = InFlightLayer::new(some(1));
    let limit = layer.handle();
    let (service, handle) = mocked(layer);
    (service, handle, limit)
}

// PITFALLS 3
#[tokio::test]
async fn permit_is_held_until_the_last_item_is_out_and_not_while_the_drained_reply_is_kept() {
    let (mut service, mut handle, limit) = one();
    let items = Items::new([1, 2, 3].map(Step::Item));
    let mut reply = call(&mut service, &mut handle, items).await;
    for item in [1, 2] {
        assert_eq!(next(&mut reply).unwrap().unwrap(), item);
        refused(&mut service);
    }
    assert_eq!(next(&mut reply).unwrap().unwrap(), 3);
    assert_eq!(
        limit.in_flight(),
        0,
        "the last item is out, although the reply is still here"
    );
    assert!(next(&mut reply).is_none());
}

#[tokio::test]
async fn reply_without_items_gives_the_permit_back_at_once() {
    let (mut service, mut handle, limit) = one();
    let _reply = call(&mut service, &mut handle, Items::default()).await;
    assert_eq!(limit.in_flight(), 0);
}

// PITFALLS 3
#[tokio::test]
async fn reply_dropped_midway_gives_the_permit_back() {
    let (mut service, mut handle, limit) = one();
    let mut reply = call(&mut service, &mut handle, Items::endless()).await;
    assert_pending!(reply.poll_next());
    assert_eq!(limit.in_flight(), 1);
    drop(reply);
    assert_eq!(limit.in_flight(), 0);
}

// PITFALLS 3
#[tokio::test]
async fn error_in_the_reply_gives_the_permit_back_while_the_reply_is_kept() {
    let (mut service, mut handle, limit) = one();
    let items = Items::new([Step::Fail, Step::Item(1)]);
    let mut reply = call(&mut service, &mut handle, items).await;
    assert!(next(&mut reply).unwrap().is_err());
    assert_eq!(limit.in_flight(), 0);
}

#[tokio::test]
async fn error_of_the_call_gives_the_permit_back_while_the_future_is_kept() {
    let (mut service, mut handle, limit) = one();
    let mut call = start(&mut service, 1);
    handle.next_request().await.unwrap().1.send_error("inner");
    assert_eq!(limit.in_flight(), 1);
    assert_eq!(assert_ready_err!(call.poll()).to_string(), "inner");
    assert_eq!(limit.in_flight(), 0);
}

#[tokio::test]
async fn future_dropped_before_its_reply_gives_the_permit_back() {
    let (mut service, _handle, limit) = one();
    let call = start(&mut service, 1);
    assert_eq!(limit.in_flight(), 1);
    drop(call);
    assert_eq!(limit.in_flight(), 0);
}

#[tokio::test]
async fn future_dropped_with_its_reply_inside_gives_the_permit_back() {
    let (mut service, mut handle, limit) = one();
    let call = start(&mut service, 1);
    answer(&mut handle, Items::endless()).await;
    drop(call);
    assert_eq!(limit.in_flight(), 0);
}

#[tokio::test]
async fn service_dropped_while_its_call_runs_leaves_the_permit_with_the_call() {
    let (mut service, mut handle, limit) = one();
    let mut call = start(&mut service, 1);
    drop(service);
    assert_eq!(limit.in_flight(), 1);
    answer(&mut handle, Items::endless()).await;
    let reply = reply(&mut call);
    assert_eq!(limit.in_flight(), 1);
    drop((reply, call));
    assert_eq!(limit.in_flight(), 0);
}

#[test]
fn panic_of_the_inner_call_gives_the_permit_back() {
    let inner = service_fn(|panics: bool| {
        assert!(!panics, "inner call");
        ready(Ok::<_, Infallible>(Items::endless()))
    });
    for layer in [InFlightLayer::new(some(1)), InFlightLayer::new(some(1)).wait(some(1))] {
        let mut service = tower_test::mock::Spawn::new(layer.layer(inner));
        assert_ready_ok!(service.poll_ready());
        assert!(panics(|| drop(service.call(true))));
        assert_eq!(layer.handle().in_flight(), 0);
        assert_ready_ok!(service.poll_ready());
        assert_ready_ok!(task::spawn(service.call(false)).poll());
    }
}

#[test]
fn panic_of_the_inner_future_gives_the_permit_back_when_it_unwinds() {
    let inner = service_fn(|()| async { panic!("inner future") as Result<Items, Infallible> });
    let layer = InFlightLayer::new(some(1));
    let mut service = layer.layer(inner);
    let mut call = task::spawn(service.call(()));
    assert!(panics(move || drop(call.poll())));
    assert_eq!(layer.handle().in_flight(), 0);
}

#[tokio::test]
async fn panic_of_the_inner_stream_gives_the_permit_back_when_it_unwinds() {
    let (mut service, mut handle, limit) = one();
    let mut reply = call(&mut service, &mut handle, Items::new([Step::Panic, Step::Item(1)])).await;
    assert!(panics(move || drop(reply.poll_next())));
    assert_eq!(limit.in_flight(), 0);
}

/// Notes, when it is dropped, how many calls are in flight.
struct Note(tower_transport_layers::in_flight::Handle, Arc<Mutex<Vec<usize>>>);

impl Drop for Note {
    fn drop(&mut self) {
        self.1.lock().unwrap().push(self.0.in_flight());
    }
}

#[tokio::test]
async fn what_is_inside_is_dropped_before_the_permit_is_given_back() {
    let layer = InFlightLayer::new(some(1)).wait(some(1));
    let (limit, notes) = (layer.handle(), Arc::default());
    let in_service = Note(limit.clone(), Arc::clone(&notes));
    let mut service = Box::new(layer.layer(service_fn(move |()| {
        let in_future = Note(in_service.0.clone(), in_service.1.clone());
        async move {
            let _in_future = in_future;
            pending::<Result<Items, Infallible>>().await
        }
    })));
    service.ready().await.unwrap();
    let mut call = Box::pin(service.call(()));
    assert!(call.as_mut().now_or_never().is_none());
    drop(call);
    service.ready().await.unwrap();
    drop(service);
    assert_eq!(*notes.lock().unwrap(), [1, 1]);
    assert_eq!(limit.in_flight(), 0);
}

#[tokio::test]
async fn size_hint_of_the_reply_is_that_of_the_inner_one() {
    let (mut service, mut handle, _) = one();
    let mut reply = call(&mut service, &mut handle, Items::new([1, 2].map(Step::Item))).await;
    for left in [2, 1, 0] {
        assert_eq!(reply.size_hint(), (left, Some(left)));
        let _item = next(&mut reply);
    }
}

/// A body that knows its end.
struct Frames(VecDeque<&'static str>);

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = self.0.pop_front().map(|data| Frame::data(Bytes::from(data)));
        Poll::Ready(data.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.iter().map(|data| data.len() as u64).sum())
    }
}

// PITFALLS 3: the head of a response is not its end. The marker is inferred.
#[test]
fn http_permit_is_held_until_the_last_frame_of_the_body_is_out() {
    let inner = service_fn(|_: http::Request<()>| {
        ready(Ok::<_, Infallible>(http::Response::new(Frames(
            ["head", "tail"].into(),
        ))))
    });
    let layer = InFlightLayer::new(some(1));
    let limit = layer.handle();
    let mut service = tower::ServiceBuilder::new().layer(layer).service(inner);
    let response = assert_ready_ok!(task::spawn(service.call(http::Request::new(()))).poll());
    assert_eq!(limit.in_flight(), 1);
    assert_ready_err!(task::spawn(service.call(http::Request::new(()))).poll());

    let mut body = task::spawn(response.into_body());
    for (left, in_flight) in [(4, 1), (0, 0)] {
        let frame = assert_ready!(body.enter(|cx, body| body.poll_frame(cx)));
        assert!(frame.unwrap().unwrap().is_data());
        assert_eq!(body.size_hint().exact(), Some(left));
        assert_eq!(body.is_end_stream(), left == 0);
        assert_eq!(limit.in_flight(), in_flight);
    }
}
