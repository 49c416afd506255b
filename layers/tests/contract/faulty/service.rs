use super::Fault;
use super::future::FaultyFuture;
use super::limit::{Permit, Shared};
use super::reply::FaultyReply;
use futures_core::Stream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use tower::{Layer, Service};
use tower_transport_layers::BoxError;

#[derive(Clone)]
pub(crate) struct FaultyLayer {
    fault: Fault,
    shared: Arc<Shared>,
}

pub(crate) struct Faulty<S: Send + 'static> {
    /// There until the drop.
    inner: Option<S>,
    spares: Vec<S>,
    fault: Fault,
    shared: Arc<Shared>,
    permits: Vec<Permit>,
    ready: bool,
    who: usize,
}

impl FaultyLayer {
    pub(crate) fn new(fault: Fault) -> FaultyLayer {
        FaultyLayer {
            fault,
            shared: Arc::default(),
        }
    }
}

impl<S: Clone + Send + 'static> Layer<S> for FaultyLayer {
    type Service = Faulty<S>;

    fn layer(&self, inner: S) -> Faulty<S> {
        match self.fault {
            Fault::LeavesInnerBehind => {
                let owns_itself = (self.shared.clone(), inner.clone());
                self.shared.attic.lock().unwrap().push(Box::new(owns_itself));
            }
            Fault::LeavesTaskBehind => drop(tokio::spawn(std::future::pending::<()>())),
            _ => {}
        }
        let own = self.fault.is(Fault::LimitsEachService);
        let shared = if own { Arc::default() } else { self.shared.clone() };
        Faulty::new(inner, self.fault, shared)
    }
}

impl<S: Send + 'static> Faulty<S> {
    fn new(inner: S, fault: Fault, shared: Arc<Shared>) -> Faulty<S> {
        static WHO: AtomicUsize = AtomicUsize::new(0);
        Faulty {
            inner: Some(inner),
            spares: Vec::new(),
            fault,
            shared,
            permits: Vec::new(),
            ready: false,
            who: WHO.fetch_add(1, Ordering::Relaxed),
        }
    }

    fn inner(&mut self) -> &mut S {
        self.inner.as_mut().expect("there until the drop")
    }
}

impl<S: Clone + Send + 'static> Clone for Faulty<S> {
    fn clone(&self) -> Self {
        let own = self.fault.is(Fault::LimitsEachClone);
        let shared = if own { Arc::default() } else { self.shared.clone() };
        let inner = self.inner.clone().expect("there until the drop");
        let mut clone = Faulty::new(inner, self.fault, shared);
        clone.ready = self.ready && self.fault.is(Fault::CloneTakesItselfForReady);
        clone
    }
}

impl<S: Send + 'static> Drop for Faulty<S> {
    fn drop(&mut self) {
        match self.fault {
            Fault::LeaksIdle => self.permits.drain(..).for_each(Permit::leak),
            Fault::WakesNobodyWhenIdle => self.permits.iter_mut().for_each(|permit| permit.quiet = true),
            Fault::LeaksIdleInner if self.ready => self.shared.attic.lock().unwrap().push(Box::new(self.inner.take())),
            _ => {}
        }
        self.shared
            .line
            .lock()
            .unwrap()
            .waiting
            .retain(|(who, _)| *who != self.who);
    }
}

impl<S, Request, R, T, E> Service<Request> for Faulty<S>
where
    S: Service<Request, Response = R, Error = E> + Clone,
    S::Future: Send + 'static,
    R: Stream<Item = Result<T, E>> + Send + 'static,
    E: Into<BoxError>,
    Request: Send + 'static,
    S: Send + 'static,
{
    type Response = FaultyReply<R, T>;
    type Error = BoxError;
    type Future = FaultyFuture<S, S::Future, Request>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        if self.fault.is(Fault::WaitsWithoutPolling) {
            return Poll::Pending;
        }
        let enough = match self.fault {
            Fault::ReservesAtEveryPoll => usize::MAX,
            Fault::ReservesOnceMore => 2,
            _ => 1,
        };
        let was_ready = std::mem::take(&mut self.ready);
        if was_ready && self.fault.is(Fault::ForgetsReadiness) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.permits.len() < enough {
            match self.shared.take(self.who, self.fault, cx) {
                Some(permit) => self.permits.push(permit),
                None => return Poll::Pending,
            }
        }
        let inner = match self.fault {
            Fault::NeverPollsInner => return Poll::Ready(Ok(())),
            Fault::CloneTakesItselfForReady if was_ready => return Poll::Ready(Ok(())),
            _ => self.inner().poll_ready(cx),
        };
        self.ready = matches!(inner, Poll::Ready(Ok(())));
        if self.fault.is(Fault::ReservesInnerTwice) {
            let mut spare = self.inner().clone();
            let _reserved = spare.poll_ready(cx);
            self.spares.push(spare);
        }
        match inner {
            Poll::Pending if self.fault.is(Fault::IgnoresInnerPending) => Poll::Ready(Ok(())),
            Poll::Ready(Err(_)) if self.fault.is(Fault::HidesReadyError) => Poll::Pending,
            inner => inner.map_err(Into::into),
        }
    }

    fn call(&mut self, request: Request) -> Self::Future {
        self.ready = false;
        self.spares.clear();
        let permit = Some(self.permits.pop().expect("`poll_ready` comes first"));
        let (mut later, mut future) = (None, None);
        match self.fault {
            Fault::CallsFreshClone => future = Some(Box::pin(self.inner().clone().call(request))),
            Fault::CallsInFuture => {
                let clone = self.inner().clone();
                later = Some((std::mem::replace(self.inner(), clone), request));
            }
            _ => future = Some(Box::pin(self.inner().call(request))),
        }
        if self.fault.is(Fault::ArmsTimer) {
            drop(tokio::time::sleep(std::time::Duration::ZERO));
        }
        FaultyFuture {
            later,
            inner: future,
            permit,
            fault: self.fault,
            shared: self.shared.clone(),
            first: None,
        }
    }
}
