use super::failure::Failure;
use super::session::Session;
use super::timer::Timer;
use crate::BoxError;
use pin_project_lite::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tower_service::Service;

pin_project! {
    /// Gives the exchange for a session, or for a request without one, unless that takes too long.
    pub(super) struct Making<M, F> {
        #[pin]
        state: State<M, F>,
        #[pin]
        timer: Timer,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<M, F> {
        Readying {
            make: M,
            session: Session,
        },
        Calling {
            #[pin]
            future: F,
        },
    }
}

impl<M: Service<Session>> Making<M, M::Future> {
    pub(super) const fn new(make: M, session: Session, within: Duration) -> Self {
        Making {
            state: State::Readying { make, session },
            timer: Timer::new(within),
        }
    }
}

impl<M> Future for Making<M, M::Future>
where
    M: Service<Session, Error: Into<BoxError>>,
{
    type Output = Result<M::Response, Failure>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        match this.state.as_mut().poll(cx) {
            Poll::Ready(made) => Poll::Ready(made.map_err(|error| Failure::NotMade(error.into()))),
            Poll::Pending => {
                let within = this.timer.after();
                this.timer.poll(cx).map(|()| Err(Failure::NotReady(within)))
            }
        }
    }
}

impl<M: Service<Session>> State<M, M::Future> {
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<M::Response, M::Error>> {
        loop {
            let future = match self.as_mut().project() {
                StateProj::Readying { make, session } => {
                    ready!(make.poll_ready(cx))?;
                    make.call(session.clone())
                }
                StateProj::Calling { future } => return future.poll(cx),
            };
            self.set(State::Calling { future });
        }
    }
}
