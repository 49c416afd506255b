//! A layer that is right, and can be made wrong in one point.
//!
//! It lets through two calls at once until their replies are over, and makes whoever comes after them wait.

use futures_core::Stream;
use std::any::Any;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use tower::{Layer, Service};
use tower_transport_layers::BoxError;
use tower_transport_layers::contract::ProbeError;

pub(crate) const LIMIT: usize = 2;

/// The point in which the layer is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    // Readiness
    CallsFreshClone,
    IgnoresInnerPending,
    NeverPollsInner,
    WaitsWithoutPolling,
    ReservesAtEveryPoll,
    ReservesOnceMore,
    ReservesInnerTwice,
    ForgetsReadiness,
    CloneTakesItselfForReady,
    HidesReadyError,
    // Wakers
    ForgetsWakerWhenFull,
    ForgetsWakerOfFuture,
    ForgetsWakerOfReply,
    KeepsFirstWakerWhenFull,
    KeepsFirstWakerOfFuture,
    SpinsWhenFull,
    SpinsInReply,
    // Cancellation
    LetsPolledCallLive,
    LetsUnpolledCallLive,
    LetsReplyLive,
    // Release
    HoldsUntilReplyIsDropped,
    HoldsAfterEmptyReply,
    HoldsAfterError,
    LeaksOnDrop,
    GivesBackTwiceOnDrop,
    LeaksOnPanic,
    LeaksIdle,
    LeaksIdleInner,
    WakesNobodyWhenIdle,
    WakesOnlyOne,
    // The limit
    ReleasesAtHead,
    LimitsEachClone,
    LimitsEachService,
    LetsInOneMore,
    // Replies
    LosesItems,
    SwapsItems,
    EndsWhilePending,
    CallsInFuture,
    HidesSizeHint,
    HidesCause,
    HidesCauseOfCall,
    GivesErrorOfAnotherCall,
    // The rest
    ArmsTimer,
    LeavesInnerBehind,
    LeavesTaskBehind,
}

impl Fault {
    fn is(self, other: Fault) -> bool {
        self == other
    }
}

// === the limit ===

#[derive(Default)]
struct Shared {
    line: Mutex<Line>,
    /// What should have been dropped.
    attic: Mutex<Vec<Box<dyn Any + Send>>>,
}

#[derive(Default)]
struct Line {
    taken: isize,
    waiting: VecDeque<(usize, Waker)>,
}

struct Permit {
    shared: Arc<Shared>,
    fault: Fault,
    quiet: bool,
}

impl Shared {
    fn take(self: &Arc<Self>, who: usize, fault: Fault, cx: &mut Context<'_>) -> Option<Permit> {
        let mut line = self.line.lock().unwrap();
        let limit = LIMIT as isize + isize::from(fault.is(Fault::LetsInOneMore));
        if line.taken < limit {
            line.taken += 1;
            return Some(Permit {
                shared: self.clone(),
                fault,
                quiet: false,
            });
        }
        if fault.is(Fault::ForgetsWakerWhenFull) {
            return None;
        }
        if fault.is(Fault::SpinsWhenFull) {
            cx.waker().wake_by_ref();
            return None;
        }
        match line.waiting.iter_mut().find(|(waiting, _)| *waiting == who) {
            Some(_) if fault.is(Fault::KeepsFirstWakerWhenFull) => {}
            Some((_, waker)) => waker.clone_from(cx.waker()),
            None => line.waiting.push_back((who, cx.waker().clone())),
        }
        None
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.fault.is(Fault::LeaksOnPanic) && std::thread::panicking() {
            return;
        }
        let mut line = self.shared.line.lock().unwrap();
        line.taken -= 1;
        if self.quiet {
            return;
        }
        if self.fault.is(Fault::WakesOnlyOne) {
            line.waiting.pop_front().into_iter().for_each(|(_, waker)| waker.wake());
        } else {
            line.waiting.drain(..).for_each(|(_, waker)| waker.wake());
        }
    }
}

impl Permit {
    /// Never gives it back.
    fn leak(self) {
        let shared = self.shared.clone();
        shared.attic.lock().unwrap().push(Box::new(self));
    }
}

// === the layer and its service ===

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

// === its future ===

pub(crate) struct FaultyFuture<S, F: Send + 'static, Request> {
    later: Option<(S, Request)>,
    inner: Option<Pin<Box<F>>>,
    permit: Option<Permit>,
    fault: Fault,
    shared: Arc<Shared>,
    first: Option<Waker>,
}

impl<S, F: Send + 'static, Request> Unpin for FaultyFuture<S, F, Request> {}

impl<S, R, T, E, Request> Future for FaultyFuture<S, S::Future, Request>
where
    S: Service<Request, Response = R, Error = E>,
    S::Future: Send + 'static,
    R: Stream<Item = Result<T, E>> + Send + 'static,
    E: Into<BoxError>,
{
    type Output = Result<FaultyReply<R, T>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Some((mut inner, request)) = this.later.take() {
            this.inner = Some(Box::pin(inner.call(request)));
        }
        let first = this.first.get_or_insert_with(|| cx.waker().clone()).clone();
        let mut cx = match this.fault {
            Fault::ForgetsWakerOfFuture => Context::from_waker(Waker::noop()),
            Fault::KeepsFirstWakerOfFuture => Context::from_waker(&first),
            _ => Context::from_waker(cx.waker()),
        };
        let inner = this.inner.as_mut().expect("polled after completion");
        let outcome = std::task::ready!(inner.as_mut().poll(&mut cx));
        this.inner = None;
        let permit = this.permit.take().filter(|_| !this.fault.is(Fault::ReleasesAtHead));
        let reply = match outcome {
            Ok(reply) => reply,
            Err(_) if this.fault.is(Fault::HidesCauseOfCall) => return Poll::Ready(Err("failed".into())),
            Err(_) if this.fault.is(Fault::GivesErrorOfAnotherCall) => {
                return Poll::Ready(Err(ProbeError::new(u32::MAX).into()));
            }
            Err(error) => return Poll::Ready(Err(error.into())),
        };
        let over = reply.size_hint().1 == Some(0) && !this.fault.is(Fault::HoldsAfterEmptyReply);
        Poll::Ready(Ok(FaultyReply {
            inner: Some(Box::pin(reply)),
            permit: permit.filter(|_| !over),
            fault: this.fault,
            shared: this.shared.clone(),
            kept: VecDeque::new(),
        }))
    }
}

impl<S, F: Send + 'static, Request> Drop for FaultyFuture<S, F, Request> {
    fn drop(&mut self) {
        if self.fault.is(Fault::LeaksOnDrop) {
            self.permit.take().into_iter().for_each(Permit::leak);
        }
        // Whoever has been polled has a waker.
        let lives = match self.fault {
            Fault::LetsPolledCallLive => self.first.is_some(),
            Fault::LetsUnpolledCallLive => self.first.is_none(),
            _ => false,
        };
        if lives && let Some(inner) = self.inner.take() {
            self.shared.attic.lock().unwrap().push(Box::new(inner));
        }
    }
}

// === its reply ===

pub(crate) struct FaultyReply<R: Send + 'static, T> {
    inner: Option<Pin<Box<R>>>,
    permit: Option<Permit>,
    fault: Fault,
    shared: Arc<Shared>,
    kept: VecDeque<T>,
}

impl<R: Send + 'static, T> Unpin for FaultyReply<R, T> {}

impl<R, T, E> Stream for FaultyReply<R, T>
where
    R: Stream<Item = Result<T, E>> + Send + 'static,
    E: Into<BoxError>,
{
    type Item = Result<T, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let fault = this.fault;
        if let Some(item) = this.kept.pop_front() {
            return Poll::Ready(Some(Ok(item)));
        }
        let inner = this.inner.as_mut().expect("there until the drop");
        let mut inner_cx = match fault {
            Fault::ForgetsWakerOfReply => Context::from_waker(Waker::noop()),
            _ => Context::from_waker(cx.waker()),
        };
        let mut next = inner.as_mut().poll_next(&mut inner_cx);
        match (&next, fault) {
            (Poll::Pending, Fault::SpinsInReply) => cx.waker().wake_by_ref(),
            (Poll::Pending, Fault::EndsWhilePending) => next = Poll::Ready(None),
            (Poll::Ready(Some(Ok(_))), Fault::LosesItems) if inner.size_hint().1 == Some(3) => {
                next = inner.as_mut().poll_next(cx);
            }
            _ => {}
        }
        if fault.is(Fault::SwapsItems)
            && inner.size_hint().0 == 2
            && let Poll::Ready(Some(Ok(item))) = next
        {
            // The last two change places.
            let second = inner.as_mut().poll_next(cx);
            this.kept.push_back(item);
            return second.map_err(Into::into);
        }
        let over = match &next {
            Poll::Pending => false,
            Poll::Ready(Some(Ok(_))) => inner.size_hint().1 == Some(0),
            Poll::Ready(Some(Err(_))) => !fault.is(Fault::HoldsAfterError),
            Poll::Ready(None) => true,
        };
        if over && !fault.is(Fault::HoldsUntilReplyIsDropped) {
            this.permit = None;
        }
        next.map(|next| {
            next.map(|item| match item {
                Err(_) if fault.is(Fault::HidesCause) => Err("failed".into()),
                item => item.map_err(Into::into),
            })
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.inner {
            Some(inner) if !self.fault.is(Fault::HidesSizeHint) => {
                let (lower, upper) = inner.size_hint();
                (lower + self.kept.len(), upper.map(|upper| upper + self.kept.len()))
            }
            _ => (0, None),
        }
    }
}

impl<R: Send + 'static, T> Drop for FaultyReply<R, T> {
    fn drop(&mut self) {
        if self.fault.is(Fault::LeaksOnDrop) {
            self.permit.take().into_iter().for_each(Permit::leak);
        }
        if self.fault.is(Fault::GivesBackTwiceOnDrop) && self.permit.is_some() {
            self.shared.line.lock().unwrap().taken -= 1;
        }
        if self.fault.is(Fault::LetsReplyLive) {
            self.shared.attic.lock().unwrap().push(Box::new(self.inner.take()));
        }
    }
}
