use super::Overloaded;
use super::counting::Counting;
use super::limiter::{Asked, Limiter, Place};
use super::permit::{One, Permit};
use super::{Class, Handle, InFlightLayer, Policy, ResponseFuture};
use crate::BoxError;
use crate::reply::{Held, Reply, Streams};
use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::num::NonZeroUsize;
use std::task::{Context, Poll, ready};
use tower_service::Service;

/// Limits the calls in flight. See the [module docs](super) for an example.
pub struct InFlight<S, P = (), K = Streams> {
    // Dropped first: what it reserved is free again before another call is let in.
    inner: S,
    permit: Option<Permit>,
    without: Without,
    counting: Counting<P>,
    line: Option<NonZeroUsize>,
    kind: PhantomData<fn() -> K>,
}

/// Why `poll_ready` has got no permit for the next call.
#[derive(Debug)]
enum Without {
    /// It has not asked, or calls don't wait.
    Asking,
    Waits(Place),
    /// The line is full: the next call is refused, unless it is let in after all.
    Full {
        inner_is_ready: bool,
    },
}

impl<S, K> InFlight<S, (), K> {
    /// At most `limit` calls of this service and its clones in flight; a call over it is refused at once.
    ///
    /// A service that is made for each connection or request limits nothing this way: use a layer, whose limit is shared by all that it
    /// makes.
    pub fn new(inner: S, limit: NonZeroUsize) -> InFlight<S, (), K> {
        InFlight::with_counting(inner, Counting::new(limit), None)
    }

    /// A layer that refuses what is over `limit`.
    pub fn layer(limit: NonZeroUsize) -> InFlightLayer<(), K> {
        InFlightLayer::new(limit)
    }
}

impl<S, P, K> InFlight<S, P, K> {
    pub(super) const fn with_counting(inner: S, counting: Counting<P>, line: Option<NonZeroUsize>) -> Self {
        InFlight {
            inner,
            permit: None,
            without: Without::Asking,
            counting,
            line,
            kind: PhantomData,
        }
    }

    /// Shows how many calls are in flight, and how many wait.
    pub fn handle(&self) -> Handle {
        self.counting.handle()
    }

    /// The inner service.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service. What is called through it is not counted.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The inner service. What was reserved of the limit is given back.
    pub fn into_inner(self) -> S {
        self.inner
    }

    /// The permit for a call of this class. What was reserved and is not needed is given back at once.
    #[inline]
    fn admit(&mut self, class: Class) -> Result<Permit, Overloaded> {
        let reserved = self.permit.take();
        match class {
            Class::Counted => match reserved {
                Some(permit) => Ok(permit),
                None => self.admit_without(class),
            },
            Class::Exempt | Class::Apart => {
                let is_ready = reserved.is_some();
                drop(reserved);
                match is_ready {
                    true => self.admit_ready(class),
                    false => self.admit_without(class),
                }
            }
        }
    }

    /// The permit for a call that has none reserved.
    #[inline]
    fn admit_without(&mut self, class: Class) -> Result<Permit, Overloaded> {
        if self.line.is_some() {
            match mem::replace(&mut self.without, Without::Asking) {
                Without::Full { inner_is_ready: true } => {}
                Without::Full { inner_is_ready: false } => {
                    let counted = &self.counting.limiter;
                    return Err(self.overloaded(Class::Counted, counted, counted.taken()));
                }
                Without::Asking | Without::Waits(_) => panic!("poll_ready must be ready before call"),
            }
        }
        self.admit_ready(class)
    }

    #[inline]
    fn admit_ready(&self, class: Class) -> Result<Permit, Overloaded> {
        match self.counting.limiter_of(class) {
            None => Ok(Permit::exempt()),
            Some(limiter) => limiter
                .try_acquire(One)
                .map_err(|taken| self.overloaded(class, limiter, taken)),
        }
    }

    #[cold]
    fn overloaded(&self, class: Class, limiter: &Limiter, taken: usize) -> Overloaded {
        let line = self.line.filter(|_| class == Class::Counted);
        Overloaded::new(limiter.limit().get(), taken, line.map(NonZeroUsize::get))
    }

    /// Ready with a permit, or to refuse.
    #[inline]
    fn poll_reserve(&mut self, line: NonZeroUsize, cx: &Context<'_>) -> Poll<()> {
        if self.permit.is_none() {
            match &mut self.without {
                Without::Full { .. } => {}
                Without::Waits(place) => {
                    self.permit = Some(ready!(place.poll(cx)));
                    self.without = Without::Asking;
                }
                Without::Asking => match self.counting.limiter.acquire(One, line, Some(cx)) {
                    Asked::Acquired(permit) => self.permit = Some(permit),
                    Asked::Full(_) => self.without = Without::Full { inner_is_ready: false },
                    Asked::Waits(place) => {
                        self.without = Without::Waits(place);
                        return Poll::Pending;
                    }
                },
            }
        }
        Poll::Ready(())
    }
}

impl<S, P, K, Request> Service<Request> for InFlight<S, P, K>
where
    S: Service<Request>,
    S::Response: Reply<K>,
    S::Error: Into<BoxError>,
    P: Policy<Request>,
{
    type Response = <S::Response as Reply<K>>::With<Held<<S::Response as Reply<K>>::Stream, Permit>>;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future, K>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        let Some(line) = self.line else {
            return self.inner.poll_ready(cx).map_err(Into::into);
        };
        ready!(self.poll_reserve(line, cx));
        match self.inner.poll_ready(cx) {
            Poll::Ready(Err(error)) => {
                self.permit = None;
                Poll::Ready(Err(error.into()))
            }
            inner => match &mut self.without {
                // A refusal needs no inner service, so nobody waits for one.
                Without::Full { inner_is_ready } => {
                    *inner_is_ready = inner.is_ready();
                    Poll::Ready(Ok(()))
                }
                Without::Asking | Without::Waits(_) => inner.map_err(Into::into),
            },
        }
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let class = self.counting.policy.class(&request);
        match self.admit(class) {
            Ok(permit) => ResponseFuture::calls(self.inner.call(request), permit),
            Err(overloaded) => ResponseFuture::refused(overloaded.into()),
        }
    }
}

// By hand: a clone has reserved nothing. The marker is no value, and need be neither `Clone` nor `Debug`; policies may be closures.
impl<S: Clone, P: Clone, K> Clone for InFlight<S, P, K> {
    fn clone(&self) -> Self {
        InFlight::with_counting(self.inner.clone(), self.counting.clone(), self.line)
    }
}

impl<S: fmt::Debug, P, K> fmt::Debug for InFlight<S, P, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InFlight")
            .field("inner", &self.inner)
            .field("permit", &self.permit)
            .field("without", &self.without)
            .field("limiter", &self.counting.limiter)
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}
