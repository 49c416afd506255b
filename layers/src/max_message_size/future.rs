use super::{Deliver, Limits, TooLarge};
use crate::BoxError;
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// The future of [`MaxMessageSize`](super::MaxMessageSize). Dropped, it drops the inner future.
    pub struct ResponseFuture<F, K> {
        #[pin]
        state: State<F>,
        limits: Limits,
        kind: PhantomData<fn() -> K>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F> {
        Called {
            #[pin]
            inner: F,
        },
        Refused {
            error: TooLarge,
        },
    }
}

impl<F, K> ResponseFuture<F, K> {
    pub(super) const fn called(inner: F, limits: Limits) -> Self {
        ResponseFuture {
            state: State::Called { inner },
            limits,
            kind: PhantomData,
        }
    }

    pub(super) const fn refused(error: TooLarge, limits: Limits) -> Self {
        ResponseFuture {
            state: State::Refused { error },
            limits,
            kind: PhantomData,
        }
    }
}

impl<F, K, R, E> Future for ResponseFuture<F, K>
where
    F: Future<Output = Result<R, E>>,
    R: Deliver<K>,
    E: Into<BoxError>,
{
    type Output = Result<R::Capped, BoxError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match this.state.project() {
            StateProj::Called { inner } => {
                let response = ready!(inner.poll(cx)).map_err(Into::into)?;
                Poll::Ready(response.deliver(*this.limits).map_err(Into::into))
            }
            StateProj::Refused { error } => Poll::Ready(Err((*error).into())),
        }
    }
}

// By hand: futures have no `Debug`.
impl<F, K> fmt::Debug for ResponseFuture<F, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
