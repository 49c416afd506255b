use super::failure::Failure;
use super::timer::Timer;
use crate::exchange::{Call, Exchange, Item};
use futures_core::Stream;
use pin_project_lite::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// The items of one call, from the making of its exchange on. Dropped, it cancels.
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
    Box::pin(Run::new(exchange, call, ready_within))
}

pin_project! {
    /// The exchange is dropped as soon as it was called, so a call keeps no session's exchange alive.
    #[project = RunProj]
    pub(super) enum Run<X, E, F, R> {
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
        Replying {
            #[pin]
            reply: R,
        },
        Done,
    }
}

impl<X, E> Run<X, E, E::Future, E::Reply>
where
    X: Future<Output = Result<E, Failure>>,
    E: Exchange,
{
    /// Takes the exchange as soon as it is there, readies it within `ready_within`, then calls it.
    pub(super) const fn new(exchange: X, call: Call, ready_within: Duration) -> Self {
        Run::Making {
            exchange,
            call: Some(call),
            ready_within,
        }
    }

    /// Ready once there is a reply, or none is to come any more.
    pub(super) fn poll_begun(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        let failure = loop {
            match self.as_mut().project() {
                RunProj::Making {
                    exchange,
                    call,
                    ready_within,
                } => match ready!(exchange.poll(cx)) {
                    Ok(mut exchange) => match begin(&mut exchange, call, cx) {
                        // Most are ready at once, and need no place of their own.
                        Poll::Ready(Ok(future)) => self.set(Run::Calling { future }),
                        Poll::Ready(Err(failure)) => break failure,
                        Poll::Pending => {
                            let call = call.take();
                            let timer = Timer::new(*ready_within);
                            self.set(Run::Readying { exchange, call, timer });
                        }
                    },
                    Err(failure) => break failure,
                },
                RunProj::Readying { exchange, call, timer } => match begin(exchange, call, cx) {
                    Poll::Ready(Ok(future)) => self.set(Run::Calling { future }),
                    Poll::Ready(Err(failure)) => break failure,
                    Poll::Pending => {
                        let waited = timer.after();
                        ready!(timer.poll(cx));
                        break Failure::NotReady(waited);
                    }
                },
                RunProj::Calling { future } => match ready!(future.poll(cx)) {
                    Ok(reply) => self.set(Run::Replying { reply }),
                    Err(error) => break Failure::Failed(error.into()),
                },
                RunProj::Replying { .. } | RunProj::Done => return Poll::Ready(Ok(())),
            }
        };
        self.set(Run::Done);
        Poll::Ready(Err(failure))
    }
}

/// Makes the call as soon as the exchange is ready.
#[inline(always)]
fn begin<E: Exchange>(
    exchange: &mut E,
    call: &mut Option<Call>,
    cx: &mut Context<'_>,
) -> Poll<Result<E::Future, Failure>> {
    ready!(exchange.poll_ready(cx)).map_err(|error| Failure::Dead(error.into()))?;
    Poll::Ready(Ok(exchange.call(call.take().expect("called once"))))
}

impl<X, E> Stream for Run<X, E, E::Future, E::Reply>
where
    X: Future<Output = Result<E, Failure>>,
    E: Exchange,
{
    type Item = Result<Item, Failure>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Err(failure) = ready!(self.as_mut().poll_begun(cx)) {
            return Poll::Ready(Some(Err(failure)));
        }
        let RunProj::Replying { reply } = self.as_mut().project() else {
            return Poll::Ready(None);
        };
        let next = ready!(reply.poll_next(cx));
        if !matches!(next, Some(Ok(_))) {
            self.set(Run::Done);
        }
        Poll::Ready(next.map(|item| item.map_err(|error| Failure::Failed(error.into()))))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Run::Replying { reply } => reply.size_hint(),
            Run::Done => (0, Some(0)),
            _ => (0, None),
        }
    }
}
