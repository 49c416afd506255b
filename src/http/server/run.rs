use super::failure::Failure;
use super::timer::Timer;
use crate::exchange::{Call, Exchange, Item};
use futures_core::Stream;
use pin_project_lite::pin_project;
use std::future::{Future, Ready};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// The items of one call, from its readying on. Dropped, it cancels.
pub(super) type Running = Pin<Box<dyn Stream<Item = Result<Item, Failure>> + Send>>;

/// A call whose exchange is made and readied first, all behind the one allocation that a call costs at this edge: a stack of layers is large,
/// and so is moved no further than into it.
pub(super) fn run<E, X>(exchange: X, call: Call, ready_within: Duration) -> Running
where
    X: Future<Output = Result<E, Failure>> + Send + 'static,
    E: Exchange + Send + 'static,
    E::Future: Send + 'static,
    E::Reply: Send + 'static,
{
    Box::pin(Run::<_, _, _, E::Reply>::Begin {
        begin: begin(exchange, call, ready_within),
    })
}

/// Takes the exchange as soon as it is there, readies it within `ready_within`, then calls it.
pub(super) const fn begin<E, X>(exchange: X, call: Call, ready_within: Duration) -> Begin<X, E, E::Future>
where
    X: Future<Output = Result<E, Failure>>,
    E: Exchange,
{
    Begin::Making {
        exchange,
        call: Some(call),
        ready_within,
    }
}

/// The reply of a call that was begun already.
pub(super) fn rest<E>(reply: E::Reply) -> Running
where
    E: Exchange + Send + 'static,
    E::Future: Send + 'static,
    E::Reply: Send + 'static,
{
    Box::pin(Run::<Ready<Result<E, Failure>>, E, E::Future, E::Reply>::Replying { reply })
}

pin_project! {
    /// Gives the reply. The exchange is dropped as soon as it was called, so a call keeps no session's exchange alive.
    #[project = BeginProj]
    pub(super) enum Begin<X, E, F> {
        Making {
            #[pin]
            exchange: X,
            call: Option<Call>,
            ready_within: Duration,
        },
        Readying {
            exchange: E,
            call: Option<Call>,
            #[pin]
            timer: Timer,
        },
        Calling {
            #[pin]
            future: F,
        },
    }
}

impl<X, E> Future for Begin<X, E, E::Future>
where
    X: Future<Output = Result<E, Failure>>,
    E: Exchange,
{
    type Output = Result<E::Reply, Failure>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match self.as_mut().project() {
                BeginProj::Making {
                    exchange,
                    call,
                    ready_within,
                } => {
                    let exchange = ready!(exchange.poll(cx))?;
                    let call = call.take();
                    let timer = Timer::new(*ready_within);
                    self.set(Begin::Readying { exchange, call, timer });
                }
                BeginProj::Readying { exchange, call, timer } => {
                    match exchange.poll_ready(cx) {
                        Poll::Ready(Ok(())) => {}
                        Poll::Ready(Err(error)) => return Poll::Ready(Err(Failure::Dead(error.into()))),
                        Poll::Pending => {
                            let waited = timer.after();
                            ready!(timer.poll(cx));
                            return Poll::Ready(Err(Failure::NotReady(waited)));
                        }
                    }
                    let future = exchange.call(call.take().expect("called once"));
                    self.set(Begin::Calling { future });
                }
                BeginProj::Calling { future } => {
                    return future.poll(cx).map_err(|error| Failure::Failed(error.into()));
                }
            }
        }
    }
}

pin_project! {
    #[project = RunProj]
    enum Run<X, E, F, R> {
        Begin {
            #[pin]
            begin: Begin<X, E, F>,
        },
        Replying {
            #[pin]
            reply: R,
        },
        Done,
    }
}

impl<X, E> Stream for Run<X, E, E::Future, E::Reply>
where
    X: Future<Output = Result<E, Failure>>,
    E: Exchange,
{
    type Item = Result<Item, Failure>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match self.as_mut().project() {
                RunProj::Begin { begin } => match ready!(begin.poll(cx)) {
                    Ok(reply) => self.set(Run::Replying { reply }),
                    Err(failure) => {
                        self.set(Run::Done);
                        return Poll::Ready(Some(Err(failure)));
                    }
                },
                RunProj::Replying { reply } => {
                    let next = ready!(reply.poll_next(cx));
                    if !matches!(next, Some(Ok(_))) {
                        self.set(Run::Done);
                    }
                    return Poll::Ready(next.map(|item| item.map_err(|error| Failure::Failed(error.into()))));
                }
                RunProj::Done => return Poll::Ready(None),
            }
        }
    }
}
