use futures_core::Stream;
use std::collections::VecDeque;
use std::io;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio_test::task::{self, Spawn};
use tokio_test::{assert_pending, assert_ready, assert_ready_ok};
use tower::{BoxError, Service};
use tower_test::mock;
use tower_transport_layers::in_flight::{
    Amount, InFlight, InFlightLayer, One, Overloaded, Permit, Policy, ResponseFuture,
};
use tower_transport_layers::reply::{Held, Streams};

pub(crate) const fn some(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).expect("a limit")
}

/// A reply by script. Its `size_hint` tells the end, unless it is endless.
#[derive(Debug, Default)]
pub(crate) struct Items {
    steps: VecDeque<Step>,
    endless: bool,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    Item(u32),
    Fail,
    Panic,
}

impl Items {
    pub(crate) fn new(steps: impl IntoIterator<Item = Step>) -> Items {
        let steps = steps.into_iter().collect();
        Items { steps, endless: false }
    }

    pub(crate) fn one() -> Items {
        Items::new([Step::Item(1)])
    }

    pub(crate) fn endless() -> Items {
        let endless = true;
        Items {
            endless,
            ..Items::default()
        }
    }
}

impl Stream for Items {
    type Item = Result<u32, io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.steps.pop_front() {
            Some(Step::Item(item)) => Poll::Ready(Some(Ok(item))),
            Some(Step::Fail) => Poll::Ready(Some(Err(io::Error::other("inner")))),
            Some(Step::Panic) => panic!("inner stream"),
            None if self.endless => Poll::Pending,
            None => Poll::Ready(None),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.steps.len();
        (left, (!self.endless).then_some(left))
    }
}

pub(crate) type Mock<Request = u32> = mock::Mock<Request, Items>;
pub(crate) type Handle<Request = u32> = mock::Handle<Request, Items>;
pub(crate) type Mocked<P = ()> = mock::Spawn<InFlight<Mock, P>>;
pub(crate) type Reply<A = One> = Spawn<Pin<Box<Held<Items, Permit<A>>>>>;
type Future = ResponseFuture<<Mock as Service<u32>>::Future, Streams>;

pub(crate) fn mocked<P: Clone>(layer: InFlightLayer<P>) -> (Mocked<P>, Handle) {
    mock::spawn_layer(layer)
}

/// Readies a service that must be ready, and calls it. The call is polled once.
pub(crate) fn start<P>(service: &mut Mocked<P>, request: u32) -> Spawn<Future>
where
    P: Policy<u32>,
{
    assert_ready_ok!(service.poll_ready());
    let mut call = task::spawn(service.call(request));
    assert_pending!(call.poll());
    call
}

/// Answers the next call that has reached the inner service.
pub(crate) async fn answer<Request>(handle: &mut Handle<Request>, items: Items) -> Request {
    let (request, respond) = handle.next_request().await.expect("a request");
    respond.send_response(items);
    request
}

pub(crate) fn reply(call: &mut Spawn<Future>) -> Reply {
    task::spawn(Box::pin(assert_ready_ok!(call.poll())))
}

/// A call from its readiness to its reply.
pub(crate) async fn call(service: &mut Mocked, handle: &mut Handle, items: Items) -> Reply {
    let mut call = start(service, 0);
    answer(handle, items).await;
    reply(&mut call)
}

pub(crate) fn next<A>(reply: &mut Reply<A>) -> Option<Result<u32, io::Error>>
where
    A: Amount,
{
    assert_ready!(reply.poll_next())
}

/// Readies a service that must be ready, and has its call refused at once.
pub(crate) fn refused<P>(service: &mut Mocked<P>) -> Overloaded
where
    P: Policy<u32>,
{
    assert_ready_ok!(service.poll_ready());
    let mut call = task::spawn(service.call(99));
    match assert_ready!(call.poll()) {
        Ok(_) => panic!("not refused"),
        Err(error) => overloaded(&error),
    }
}

pub(crate) fn overloaded(error: &BoxError) -> Overloaded {
    *error.downcast_ref().expect("an Overloaded")
}

/// Whether `work` panics.
pub(crate) fn panics(work: impl FnOnce()) -> bool {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err()
}
