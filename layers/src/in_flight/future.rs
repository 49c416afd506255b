use super::permit::{Amount, One, Permit};
use crate::BoxError;
use crate::reply::{Held, Reply};
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// The future of [`InFlight`](super::InFlight), and of [`InFlightBytes`](super::bytes::InFlightBytes) where it refuses: the call with
    /// its permit, or its refusal.
    ///
    /// Its permit goes on into the reply, and is given back at once if there is an error instead. Dropped, it drops the inner future, and
    /// then gives the permit back.
    pub struct ResponseFuture<F, K, A: Amount = One> {
        #[pin]
        state: State<F, A>,
        kind: PhantomData<fn() -> K>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F, A: Amount> {
        Calls {
            #[pin]
            inner: F,
            permit: Option<Permit<A>>,
        },
        Refused {
            error: Option<BoxError>,
        },
    }
}

impl<F, K, A: Amount> ResponseFuture<F, K, A> {
    pub(super) const fn calls(inner: F, permit: Permit<A>) -> Self {
        let permit = Some(permit);
        ResponseFuture {
            state: State::Calls { inner, permit },
            kind: PhantomData,
        }
    }

    pub(super) const fn refused(error: BoxError) -> Self {
        let error = Some(error);
        ResponseFuture {
            state: State::Refused { error },
            kind: PhantomData,
        }
    }
}

impl<F, K, A, R, E> Future for ResponseFuture<F, K, A>
where
    A: Amount,
    F: Future<Output = Result<R, E>>,
    R: Reply<K>,
    E: Into<BoxError>,
{
    type Output = Result<R::With<Held<R::Stream, Permit<A>>>, BoxError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match self.project().state.project() {
            StateProjection::Calls { inner, permit } => {
                let outcome = ready!(inner.poll(cx));
                let permit = permit.take().expect("polled after completion");
                match outcome {
                    Ok(reply) => Ok(reply.map_stream(|stream| Held::until_over(stream, permit))),
                    Err(error) => Err(error.into()),
                }
            }
            StateProjection::Refused { error } => Err(error.take().expect("polled after completion")),
        })
    }
}

// By hand: futures have no `Debug`.
impl<F, K, A: Amount> fmt::Debug for ResponseFuture<F, K, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("ResponseFuture");
        match &self.state {
            State::Calls { permit, .. } => debug.field("permit", permit),
            State::Refused { error } => debug.field("refused", error),
        };
        debug.finish_non_exhaustive()
    }
}
