use super::catch::{catch, catch_drop};
use super::{CatchPanicLayer, Caught, Panicked, Place, ResponseFuture};
use crate::BoxError;
use crate::reply::{Reply, Streams};
use std::fmt;
use std::marker::PhantomData;
use std::task::{Context, Poll};
use tower_service::Service;

/// Turns panics into errors. See the [module docs](super) for an example.
pub struct CatchPanic<S, K = Streams> {
    /// There until it panics in `poll_ready`, or is dropped.
    inner: Option<S>,
    /// Why it is not there any more.
    died: Option<Panicked>,
    kind: PhantomData<fn() -> K>,
}

impl<S, K> CatchPanic<S, K> {
    /// Turns the panics of `inner` into errors.
    pub const fn new(inner: S) -> CatchPanic<S, K> {
        CatchPanic {
            inner: Some(inner),
            died: None,
            kind: PhantomData,
        }
    }

    /// The layer.
    pub const fn layer() -> CatchPanicLayer<K> {
        CatchPanicLayer::new()
    }

    /// The inner service, unless it is dead.
    pub const fn get_ref(&self) -> Option<&S> {
        self.inner.as_ref()
    }

    /// The inner service, unless it is dead. What is called through it may panic.
    pub const fn get_mut(&mut self) -> Option<&mut S> {
        self.inner.as_mut()
    }

    /// The inner service, unless it is dead.
    pub fn into_inner(mut self) -> Option<S> {
        self.inner.take()
    }

    fn dead(&self) -> Panicked {
        self.died.clone().expect("whatever takes the service out says why")
    }
}

impl<S, K, Request> Service<Request> for CatchPanic<S, K>
where
    S: Service<Request>,
    S::Response: Reply<K>,
    S::Error: Into<BoxError>,
{
    type Response = <S::Response as Reply<K>>::With<Caught<<S::Response as Reply<K>>::Stream>>;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future, K>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        if let Some(inner) = &mut self.inner {
            match catch(Place::Ready, || inner.poll_ready(cx)) {
                Ok(polled) => return polled.map_err(Into::into),
                Err(panicked) => self.died = Some(panicked),
            }
            catch_drop(|| self.inner = None);
        }
        Poll::Ready(Err(self.dead().into()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        ResponseFuture::new(match &mut self.inner {
            Some(inner) => catch(Place::Call, || inner.call(request)),
            None => Err(self.dead()),
        })
    }
}

/// A clone of a service that is dead is dead.
impl<S: Clone, K> Clone for CatchPanic<S, K> {
    fn clone(&self) -> Self {
        CatchPanic {
            inner: self.inner.clone(),
            died: self.died.clone(),
            kind: PhantomData,
        }
    }
}

impl<S, K> Drop for CatchPanic<S, K> {
    fn drop(&mut self) {
        catch_drop(|| self.inner = None);
    }
}

// By hand: the marker need not be `Debug`.
impl<S: fmt::Debug, K> fmt::Debug for CatchPanic<S, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CatchPanic")
            .field("inner", &self.inner)
            .field("died", &self.died)
            .finish()
    }
}
