use super::failure::Failure;
use super::timer::Timer;
use crate::exchange::{Call, Exchange, Item};
use futures_core::Stream;
use pin_project_lite::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// The items of one call, from its readying on. Dropped, it cancels.
pub(super) type Running = Pin<Box<dyn Stream<Item = Result<Item, Failure>> + Send>>;

/// A call whose exchange is readied first, all behind the one allocation that a call costs at this edge.
pub(super) fn run<E>(exchange: E, call: Call, ready_within: Duration) -> Running
where
    E: Exchange + Send + 'static,
    E::Future: Send + 'static,
    E::Reply: Send + 'static,
{
    Box::pin(Run::<E, E::Future, E::Reply>::Begin {
        begin: begin(exchange, call, ready_within),
    })
}

/// Readies the exchange within `ready_within`, then calls it.
pub(super) const fn begin<E: Exchange>(exchange: E, call: Call, ready_within: Duration) -> Begin<E, E::Future> {
    Begin::Readying {
        pair: Some((exchange, call)),
        ready_within,
        timer: Timer::new(ready_within),
    }
}

/// The reply of a call that was begun already.
pub(super) fn rest<E>(reply: E::Reply) -> Running
where
    E: Exchange + Send + 'static,
    E::Future: Send + 'static,
    E::Reply: Send + 'static,
{
    Box::pin(Run::<E, E::Future, E::Reply>::Replying { reply })
}

pin_project! {
    /// Gives the reply. The exchange is dropped as soon as it was called, so a call keeps no session's exchange alive.
    #[project = BeginProj]
    pub(super) enum Begin<E, F> {
        Readying {
            pair: Option<(E, Call)>,
            ready_within: Duration,
            #[pin]
            timer: Timer,
        },
        Calling {
            #[pin]
            future: F,
        },
    }
}

impl<E: Exchange> Future for Begin<E, E::Future> {
    type Output = Result<E::Reply, Failure>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let future = match self.as_mut().project() {
                BeginProj::Readying {
                    pair,
                    ready_within,
                    timer,
                } => {
                    let (exchange, _) = pair.as_mut().expect("polled after completion");
                    match exchange.poll_ready(cx) {
                        Poll::Ready(Ok(())) => {}
                        Poll::Ready(Err(error)) => return Poll::Ready(Err(Failure::Dead(error.into()))),
                        Poll::Pending => {
                            ready!(timer.poll(cx));
                            return Poll::Ready(Err(Failure::NotReady(*ready_within)));
                        }
                    }
                    let (mut exchange, call) = pair.take().expect("was there a moment ago");
                    exchange.call(call)
                }
                BeginProj::Calling { future } => {
                    return future.poll(cx).map_err(|error| Failure::Failed(error.into()));
                }
            };
            self.set(Begin::Calling { future });
        }
    }
}

pin_project! {
    #[project = RunProj]
    enum Run<E, F, R> {
        Begin {
            #[pin]
            begin: Begin<E, F>,
        },
        Replying {
            #[pin]
            reply: R,
        },
        Done,
    }
}

impl<E> Stream for Run<E, E::Future, E::Reply>
where
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
