//! A reply by script, and what runs it under limits.

use futures_core::Stream;
use std::collections::VecDeque;
use std::future::{Future, poll_fn, ready as at_once};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Sleep, sleep};
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_transport_layers::BoxError;
use tower_transport_layers::timeout::{Clock, Elapsed, Phase, Policy, Timed, TimeoutLayer};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn elapsed(error: &BoxError) -> (Phase, Duration) {
    let elapsed = error.downcast_ref::<Elapsed>().expect("an Elapsed");
    (elapsed.phase(), elapsed.limit())
}

/// A reply by script: waits and items. At its end it ends, or is silent for ever.
pub(crate) struct Script {
    pub(crate) steps: VecDeque<Step>,
    /// What `size_hint` tells of the end, apart from the items that are left.
    pub(crate) endless: bool,
    pub(crate) wait: Option<Pin<Box<Sleep>>>,
    pub(crate) _dropped: SetOnDrop,
}

pub(crate) enum Step {
    Wait(Duration),
    Item(u32),
    Fail,
}

pub(crate) struct SetOnDrop(pub(crate) Arc<AtomicBool>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Script {
    pub(crate) fn new(steps: impl IntoIterator<Item = Step>) -> (Script, Arc<AtomicBool>) {
        let dropped = Arc::new(AtomicBool::new(false));
        let script = Script {
            steps: steps.into_iter().collect(),
            endless: false,
            wait: None,
            _dropped: SetOnDrop(dropped.clone()),
        };
        (script, dropped)
    }

    pub(crate) fn then_silence(mut self) -> Script {
        self.endless = true;
        self
    }
}

impl Stream for Script {
    type Item = Result<u32, io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(wait) = &mut self.wait {
                std::task::ready!(wait.as_mut().poll(cx));
                self.wait = None;
            }
            match self.steps.pop_front() {
                Some(Step::Wait(time)) => self.wait = Some(Box::pin(sleep(time))),
                Some(Step::Item(item)) => return Poll::Ready(Some(Ok(item))),
                Some(Step::Fail) => return Poll::Ready(Some(Err(io::Error::other("inner")))),
                None if self.endless => return Poll::Pending,
                None => return Poll::Ready(None),
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.steps.iter().filter(|step| !matches!(step, Step::Wait(_))).count();
        (left, (!self.endless).then_some(left))
    }
}

pub(crate) async fn next<S: Stream>(reply: &mut Pin<Box<S>>) -> Option<S::Item> {
    poll_fn(|cx| reply.as_mut().poll_next(cx)).await
}

pub(crate) type Reply<P> = Pin<Box<Timed<Script, P, ()>>>;

/// The reply to a call that a script answers at once.
pub(crate) async fn reply<P: Policy<(), u32> + Clone>(layer: TimeoutLayer<P>, script: Script) -> Reply<P> {
    let mut script = Some(script);
    let inner = service_fn(move |()| at_once(Ok::<_, io::Error>(script.take().expect("one call"))));
    Box::pin(layer.layer(inner).ready().await.unwrap().call(()).await.unwrap())
}

/// Stops the idle clock after the items of one value, and takes those of 99 for no progress.
#[derive(Clone, Copy)]
pub(crate) struct StopAfter(pub(crate) u32);

impl Policy<(), u32> for StopAfter {
    fn after(&self, item: &u32) -> Clock {
        match *item {
            99 => Clock::Keep,
            item if item == self.0 => Clock::Stop,
            _ => Clock::Restart,
        }
    }
}
