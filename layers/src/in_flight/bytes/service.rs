use super::{BytesOverloaded, InFlightBytesLayer, NeverFits, Refuse, Wait, WaitFuture, Weigh};
use crate::BoxError;
use crate::in_flight::counting::Counting;
use crate::in_flight::limiter::{Asked, Limiter};
use crate::in_flight::{Class, Handle, Permit, Policy, ResponseFuture};
use crate::reply::{Held, Reply, Streams};
use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::num::NonZeroUsize;
use std::task::{Context, Poll};
use tower_service::Service;

/// Limits the bytes in flight. See the [module docs](super) for an example.
pub struct InFlightBytes<S, M = Refuse, P = (), K = Streams, W = ()> {
    inner: S,
    counting: Counting<P>,
    mode: M,
    weigh: W,
    kind: PhantomData<fn() -> K>,
}

impl<S, K> InFlightBytes<S, Refuse, (), K> {
    /// At most `limit` bytes of this service's requests and of its clones' in flight; a call over it is refused at once.
    ///
    /// A service that is made for each connection or request limits nothing this way: use a layer, whose limit is shared by all that it
    /// makes.
    pub fn new(inner: S, limit: NonZeroUsize) -> InFlightBytes<S, Refuse, (), K> {
        InFlightBytes::with_parts(inner, Counting::new(limit), Refuse, ())
    }

    /// A layer that refuses what is over `limit`.
    pub fn layer(limit: NonZeroUsize) -> InFlightBytesLayer<Refuse, (), K> {
        InFlightBytesLayer::new(limit)
    }
}

impl<S, M, P, K, W> InFlightBytes<S, M, P, K, W> {
    pub(super) const fn with_parts(inner: S, counting: Counting<P>, mode: M, weigh: W) -> Self {
        InFlightBytes {
            inner,
            counting,
            mode,
            weigh,
            kind: PhantomData,
        }
    }

    /// Shows how many bytes are in flight, and how many calls wait.
    pub fn handle(&self) -> Handle {
        self.counting.handle()
    }

    inner_accessors!("is not counted");

    /// What a request takes of which limit: nothing, if it is exempt or empty.
    fn load<Request>(&self, request: &Request) -> Result<Option<Load<'_>>, BoxError>
    where
        W: Weigh<Request>,
        P: Policy<Request>,
    {
        let class = self.counting.policy.class(request);
        let Some(limiter) = self.counting.limiter_of(class) else {
            return Ok(None);
        };
        let size = self.weigh.weigh(request);
        let limit = limiter.limit().get();
        match size {
            0 => Ok(None),
            size if size > limit => Err(NeverFits::new(limit, size).into()),
            size => Ok(Some(Load { limiter, size, class })),
        }
    }
}

/// What a request takes of a limit.
struct Load<'a> {
    limiter: &'a Limiter,
    size: usize,
    class: Class,
}

impl Load<'_> {
    fn try_acquire(&self) -> Result<Permit<usize>, BoxError> {
        let permit = self.limiter.try_acquire(self.size);
        permit.map_err(|taken| self.refusal(taken, None))
    }

    fn acquire(&self, line: NonZeroUsize) -> Result<Asked<usize>, BoxError> {
        if self.class == Class::Apart {
            return self.try_acquire().map(Asked::Acquired);
        }
        match self.limiter.acquire(self.size, line, None) {
            Asked::Full(taken) => Err(self.refusal(taken, Some(line.get()))),
            asked => Ok(asked),
        }
    }

    fn refusal(&self, taken: usize, line: Option<usize>) -> BoxError {
        let limit = self.limiter.limit().get();
        BytesOverloaded::new(limit, taken, self.size, line).into()
    }
}

impl<S, P, K, W, Request> Service<Request> for InFlightBytes<S, Refuse, P, K, W>
where
    S: Service<Request>,
    S::Response: Reply<K>,
    S::Error: Into<BoxError>,
    P: Policy<Request>,
    W: Weigh<Request>,
{
    type Response = <S::Response as Reply<K>>::With<Held<<S::Response as Reply<K>>::Stream, Permit<usize>>>;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future, K, usize>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let permit = match self.load(&request) {
            Ok(Some(load)) => load.try_acquire(),
            Ok(None) => Ok(Permit::exempt()),
            Err(refusal) => Err(refusal),
        };
        match permit {
            Ok(permit) => ResponseFuture::calls(self.inner.call(request), permit),
            Err(refusal) => ResponseFuture::refused(refusal),
        }
    }
}

impl<S, P, K, W, Request> Service<Request> for InFlightBytes<S, Wait, P, K, W>
where
    S: Service<Request> + Clone,
    S::Response: Reply<K>,
    S::Error: Into<BoxError>,
    P: Policy<Request>,
    W: Weigh<Request>,
{
    type Response = <S::Response as Reply<K>>::With<Held<<S::Response as Reply<K>>::Stream, Permit<usize>>>;
    type Error = BoxError;
    type Future = WaitFuture<S, Request, K>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let asked = match self.load(&request) {
            Ok(Some(load)) => load.acquire(self.mode.line),
            Ok(None) => Ok(Asked::Acquired(Permit::exempt())),
            Err(refusal) => Err(refusal),
        };
        WaitFuture::called(match asked {
            Ok(Asked::Acquired(permit)) => ResponseFuture::calls(self.inner.call(request), permit),
            Ok(Asked::Waits(place)) => {
                // The one that is ready goes with the call; a clone is not.
                let clone = self.inner.clone();
                let ready = mem::replace(&mut self.inner, clone);
                return WaitFuture::waits(place, ready, request);
            }
            Ok(Asked::Full(_)) => unreachable!("is a refusal by now"),
            Err(refusal) => ResponseFuture::refused(refusal),
        })
    }
}

impl<S: Clone, M: Clone, P: Clone, K, W: Clone> Clone for InFlightBytes<S, M, P, K, W> {
    fn clone(&self) -> Self {
        InFlightBytes::with_parts(
            self.inner.clone(),
            self.counting.clone(),
            self.mode.clone(),
            self.weigh.clone(),
        )
    }
}

// By hand, as `Clone`: the marker is no value, and need be neither; policies may be closures.
impl<S: fmt::Debug, M: fmt::Debug, P, K, W> fmt::Debug for InFlightBytes<S, M, P, K, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InFlightBytes")
            .field("inner", &self.inner)
            .field("limiter", &self.counting.limiter)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}
