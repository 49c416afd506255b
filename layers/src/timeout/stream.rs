use super::clocks::Clocks;
use super::nanos::Nanos;
use super::timer::Timer;
use super::{Clock, Elapsed, Policy};
use crate::BoxError;
use crate::reply::{Bodies, Series, Streams};
use futures_core::Stream;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::time::Instant;

pin_project! {
    /// The reply of [`Timeout`](super::Timeout): the inner stream or body, until it ends or a limit is passed.
    ///
    /// Its `size_hint` is that of the inner one. Dropped, it drops the inner one.
    pub struct Timed<R, P, Request> {
        #[pin]
        inner: Option<R>,
        timer: Timer,
        clocks: Clocks,
        idle: Idle,
        policy: P,
        request: PhantomData<fn(Request)>,
    }
}

/// The idle clock.
#[derive(Debug, Clone, Copy)]
enum Idle {
    /// Starts at the next poll that finds nothing.
    Unarmed,
    Since(Instant),
    /// Has run for so long, and goes on at the next poll that finds nothing.
    Paused(Nanos),
    /// Stands until the next item.
    Stopped,
}

impl<R, P, Request> Timed<R, P, Request> {
    pub(super) const fn new(inner: R, clocks: Clocks, policy: P) -> Self {
        Timed {
            inner: Some(inner),
            timer: Timer::new(),
            clocks,
            idle: Idle::Unarmed,
            policy,
            request: PhantomData,
        }
    }
}

impl Idle {
    /// Starts a clock that is not running.
    fn start(&mut self) {
        match *self {
            Idle::Unarmed => *self = Idle::Since(Instant::now()),
            Idle::Paused(spent) => *self = Idle::Since(Instant::now() - spent.duration()),
            Idle::Since(_) | Idle::Stopped => {}
        }
    }

    #[inline]
    fn after(&mut self, clock: Clock) {
        match clock {
            Clock::Restart => *self = Idle::Unarmed,
            Clock::Stop => *self = Idle::Stopped,
            Clock::Keep => match *self {
                // Until the next poll it is the reader who is slow, and not the peer.
                Idle::Since(since) => *self = Idle::Paused(Nanos::of(since.elapsed())),
                Idle::Stopped => *self = Idle::Unarmed,
                Idle::Unarmed | Idle::Paused(_) => {}
            },
        }
    }

    const fn since(self) -> Option<Instant> {
        match self {
            Idle::Since(since) => Some(since),
            Idle::Unarmed | Idle::Paused(_) | Idle::Stopped => None,
        }
    }
}

impl<R, P, Request> Timed<R, P, Request> {
    #[inline]
    fn poll_series<K>(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<R::Item, BoxError>>>
    where
        R: Series<K>,
        R::Error: Into<BoxError>,
        P: Policy<Request, R::Item>,
    {
        let mut this = self.as_mut().project();
        let Some(mut inner) = this.inner.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        let next = inner.as_mut().poll_item(cx);
        match next {
            Poll::Ready(Some(Ok(item))) => {
                this.idle.after(this.policy.after(&item));
                // Without this, a peer that always has one more item would never see its limit.
                let late = if inner.is_over() { None } else { self.late() };
                Poll::Ready(Some(late.map_or(Ok(item), |elapsed| Err(elapsed.into()))))
            }
            Poll::Ready(Some(Err(error))) => {
                // Should more come after it, the peer has not been silent.
                *this.idle = Idle::Unarmed;
                Poll::Ready(Some(Err(error.into())))
            }
            Poll::Ready(None) => {
                self.end();
                Poll::Ready(None)
            }
            Poll::Pending => self.poll_late(cx).map(|elapsed| Some(Err(elapsed.into()))),
        }
    }

    /// Whether the limit in total has passed although there is an item. Apart from `poll_series`, as is [`poll_late`](Timed::poll_late), which
    /// so stays small enough that a reply which is there costs next to nothing.
    #[inline(never)]
    fn late(self: Pin<&mut Self>) -> Option<Elapsed> {
        let expiry = self.clocks.total()?;
        if expiry.at > Instant::now() {
            return None;
        }
        self.end();
        Some(expiry.into())
    }

    /// Waits for a limit to pass, as there is no item.
    #[inline(never)]
    fn poll_late(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Elapsed> {
        let this = self.as_mut().project();
        if this.clocks.limit_idle() {
            this.idle.start();
        }
        let Some(expiry) = this.clocks.next_item(this.idle.since()) else {
            return Poll::Pending;
        };
        ready!(this.timer.poll(expiry.at, cx));
        self.end();
        Poll::Ready(expiry.into())
    }

    fn end(self: Pin<&mut Self>) {
        let mut this = self.project();
        this.inner.set(None);
        this.timer.disarm();
    }
}

impl<R, P, Request, T, E> Stream for Timed<R, P, Request>
where
    R: Stream<Item = Result<T, E>>,
    E: Into<BoxError>,
    P: Policy<Request, T>,
{
    type Item = Result<T, BoxError>;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_series::<Streams>(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.as_ref().map_or((0, Some(0)), Stream::size_hint)
    }
}

impl<R, P, Request> Body for Timed<R, P, Request>
where
    R: Body,
    R::Error: Into<BoxError>,
    P: Policy<Request, Frame<R::Data>>,
{
    type Data = R::Data;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<R::Data>, BoxError>>> {
        self.poll_series::<Bodies>(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

// By hand: streams and requests have no `Debug`.
impl<R, P, Request> fmt::Debug for Timed<R, P, Request> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timed")
            .field("clocks", &self.clocks)
            .field("idle", &self.idle)
            .finish_non_exhaustive()
    }
}
