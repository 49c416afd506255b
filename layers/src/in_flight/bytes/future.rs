use crate::BoxError;
use crate::in_flight::Permit;
use crate::in_flight::ResponseFuture;
use crate::in_flight::limiter::Place;
use crate::reply::{Held, Reply};
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tower_service::Service;

pin_project! {
    /// The future of [`InFlightBytes`](super::InFlightBytes) where calls wait: first in the line, then as [`ResponseFuture`].
    ///
    /// Dropped, it leaves the line, or drops the inner future and gives its bytes back.
    pub struct WaitFuture<S, Request, K>
    where
        S: Service<Request>,
    {
        #[pin]
        state: State<S, Request, K>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, Request, K>
    where
        S: Service<Request>,
    {
        Waits {
            service: S,
            request: Option<Request>,
            place: Place<usize>,
        },
        Called {
            #[pin]
            future: ResponseFuture<S::Future, K, usize>,
        },
    }
}

impl<S, Request, K> WaitFuture<S, Request, K>
where
    S: Service<Request>,
{
    pub(super) const fn called(future: ResponseFuture<S::Future, K, usize>) -> Self {
        WaitFuture {
            state: State::Called { future },
        }
    }

    /// `service` is ready.
    pub(super) const fn waits(place: Place<usize>, service: S, request: Request) -> Self {
        let request = Some(request);
        WaitFuture {
            state: State::Waits {
                service,
                request,
                place,
            },
        }
    }
}

impl<S, Request, K> Future for WaitFuture<S, Request, K>
where
    S: Service<Request>,
    S::Response: Reply<K>,
    S::Error: Into<BoxError>,
{
    type Output =
        Result<<S::Response as Reply<K>>::With<Held<<S::Response as Reply<K>>::Stream, Permit<usize>>>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let future = match state.as_mut().project() {
                StateProjection::Called { future } => return future.poll(cx),
                StateProjection::Waits {
                    service,
                    request,
                    place,
                } => {
                    let permit = ready!(place.poll(cx));
                    let request = request.take().expect("polled after a panic");
                    ResponseFuture::calls(service.call(request), permit)
                }
            };
            state.set(State::Called { future });
        }
    }
}

// By hand: services, requests and futures need have no `Debug`.
impl<S, Request, K> fmt::Debug for WaitFuture<S, Request, K>
where
    S: Service<Request>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.state {
            State::Waits { place, .. } => f
                .debug_struct("WaitFuture")
                .field("place", place)
                .finish_non_exhaustive(),
            State::Called { future } => f.debug_struct("WaitFuture").field("called", future).finish(),
        }
    }
}
