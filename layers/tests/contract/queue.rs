//! A queue that makes the calls of those who have gone away, which tower's `Buffer` does not.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::{mpsc, oneshot};
use tower::{Layer, Service};
use tower_transport_layers::BoxError;
use tower_transport_layers::contract::{Request, Rule, Suite};

#[derive(Clone)]
struct CarelessQueueLayer;

struct CarelessQueue<S: Service<Request>>(mpsc::Sender<Queued<S>>);

type Queued<S> = (Request, oneshot::Sender<Called<S>>);
type Called<S> = Result<<S as Service<Request>>::Future, BoxError>;

impl<S> Layer<S> for CarelessQueueLayer
where
    S: Service<Request, Future: Send, Error: Into<BoxError>> + Send + 'static,
{
    type Service = CarelessQueue<S>;

    fn layer(&self, mut inner: S) -> CarelessQueue<S> {
        let (queue, mut queued) = mpsc::channel::<Queued<S>>(8);
        let _worker = tokio::spawn(async move {
            while let Some((request, caller)) = queued.recv().await {
                let ready = poll_fn(|cx| inner.poll_ready(cx)).await;
                let call = ready.map(|()| inner.call(request)).map_err(Into::into);
                // The caller may have gone away, and the call is dropped: but it was made.
                let _gone = caller.send(call);
            }
        });
        CarelessQueue(queue)
    }
}

impl<S> Service<Request> for CarelessQueue<S>
where
    S: Service<Request, Future: Send, Error: Into<BoxError>> + Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let (caller, called) = oneshot::channel();
        let queued = self.0.try_send((request, caller));
        Box::pin(async move {
            queued?;
            called.await??.await.map_err(Into::into)
        })
    }
}

impl<S: Service<Request>> Clone for CarelessQueue<S> {
    fn clone(&self) -> Self {
        CarelessQueue(self.0.clone())
    }
}

// PITFALLS 25
#[test]
fn call_that_is_made_after_its_caller_went_away_is_caught() {
    let breaches = Suite::new(|| CarelessQueueLayer).queues().needs_runtime().breaches();
    let rules: Vec<_> = breaches.iter().map(|breach| breach.rule()).collect();
    assert_eq!(rules, [Rule::CallDropped], "{breaches:?}");
    assert_eq!(
        breaches[0].seen(),
        "a call future was dropped while its call was queued, and the call was made nevertheless"
    );
}
