use super::watch::Watch;
use super::{End, ObserveError, ObserveItem, Observed, Observer};
use crate::reply::{Asks, Reply, Series};
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tower_service::Service;

/// Calls a service that is ready, and lets `observer` follow what comes of it.
///
/// Nothing is observed if that is `None`.
pub fn call<S, Request, O, K>(inner: &mut S, request: Request, observer: Option<O>) -> ResponseFuture<S::Future, O, K>
where
    S: Service<Request>,
    Request: Asks<K>,
    O: Observer,
{
    let wants_items = request.wants_items();
    let mut watch = Watch::new(observer);
    let future = watch.during(|| inner.call(request));
    ResponseFuture {
        inner: Some(future),
        wants_items,
        watch,
        kind: PhantomData,
    }
}

pin_project! {
    /// A call that is observed. Dropped, it drops the inner future, and then the observer hears that the call was cancelled.
    pub struct ResponseFuture<F, O, K>
    where
        O: Observer, // as its drop tells the observer
    {
        #[pin]
        inner: Option<F>,
        wants_items: bool,
        watch: Watch<O>,
        kind: PhantomData<fn() -> K>,
    }

    impl<F, O, K> PinnedDrop for ResponseFuture<F, O, K>
    where
        O: Observer,
    {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            this.watch.during(|| this.inner.set(None));
        }
    }
}

impl<F, O, K, R, E> Future for ResponseFuture<F, O, K>
where
    F: Future<Output = Result<R, E>>,
    R: Reply<K>,
    O: ObserveItem<<R::Stream as Series<K>>::Item, K> + ObserveError<E>,
{
    type Output = Result<R::With<Observed<R::Stream, O>>, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let inner = this.inner.as_mut().as_pin_mut().expect("polled after completion");
        let outcome = ready!(this.watch.during(|| inner.poll(cx)));
        this.watch.during(|| this.inner.set(None));
        let announced = match &outcome {
            Ok(_) if !*this.wants_items => Some(0),
            Ok(reply) if this.watch.observes() => reply.announced(),
            _ => None,
        };
        match &outcome {
            Ok(reply) if this.watch.during(|| reply.stream().is_over()) => {
                this.watch.ended(End::Ok);
            }
            Ok(_) => {}
            Err(error) => this.watch.failed(error),
        }
        Poll::Ready(
            outcome.map(|reply| reply.map_stream(|stream| Observed::new(stream, announced, this.watch.hand_over()))),
        )
    }
}

// By hand: futures and observers have no `Debug`.
impl<F, O: Observer, K> fmt::Debug for ResponseFuture<F, O, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
