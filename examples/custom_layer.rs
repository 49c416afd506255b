//! A layer of one's own: counts the messages of each exchange, on its way through to any transport.
//!
//! ```text
//! cargo run --example custom_layer
//! ```
//!
//! It shows the four rules: `poll_ready` asks the inner service, the reply is wrapped and not collected, `size_hint` is forwarded
//! (it tells the end of a reply), and what is shared lives in the layer.

use futures_core::Stream;
use pin_project_lite::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use tower::{Layer, Service, ServiceBuilder};
use tower_transport::BoxError;
use tower_transport::exchange::{Call, ExchangeExt, Peer, handler_fn};
use tower_transport::message::{Id, Message};

/// Counts items. Clones share the count, as do all services that the layer makes.
#[derive(Clone, Default)]
struct CountLayer {
    items: Arc<AtomicU64>,
}

#[derive(Clone)]
struct Count<S> {
    inner: S,
    items: Arc<AtomicU64>,
}

impl<S> Layer<S> for CountLayer {
    type Service = Count<S>;

    fn layer(&self, inner: S) -> Count<S> {
        Count {
            inner,
            items: self.items.clone(),
        }
    }
}

impl<S, R> Service<R> for Count<S>
where
    S: Service<R>,
    S::Response: Stream,
{
    type Response = Counted<S::Response>;
    type Error = S::Error;
    type Future = CountFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        CountFuture {
            inner: self.inner.call(request),
            items: Some(self.items.clone()),
        }
    }
}

pin_project! {
    struct CountFuture<F> {
        #[pin]
        inner: F,
        items: Option<Arc<AtomicU64>>,
    }
}

impl<F, S, E> Future for CountFuture<F>
where
    F: Future<Output = Result<S, E>>,
{
    type Output = Result<Counted<S>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let inner = ready!(this.inner.poll(cx))?;
        let items = this.items.take().expect("polled after completion");
        Poll::Ready(Ok(Counted { inner, items }))
    }
}

pin_project! {
    struct Counted<S> {
        #[pin]
        inner: S,
        items: Arc<AtomicU64>,
    }
}

impl<S: Stream> Stream for Counted<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let next = ready!(this.inner.poll_next(cx));
        this.items.fetch_add(u64::from(next.is_some()), Relaxed);
        Poll::Ready(next)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let handler = handler_fn(|_: Call, peer: Peer| async move {
        for step in 1..=3 {
            peer.notify(Message::notification(
                "notifications/progress",
                &serde_json::json!({"progress": step}),
            )?)
            .await?;
        }
        Ok::<_, BoxError>(Message::response(&Id::null(), &"done")?)
    });

    let count = CountLayer::default();
    // What comes out is an exchange again, so everything that exchanges can do is still there.
    let mut stack = ServiceBuilder::new().layer(count.clone()).service(handler);
    let answer = stack.request(Message::request(&Id::number(1), "work", &())?).await?;

    println!(
        "{} after {} items",
        answer.payload().unwrap_or_default(),
        count.items.load(Relaxed)
    );
    assert_eq!(count.items.load(Relaxed), 4);
    Ok(())
}
