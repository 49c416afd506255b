//! What a call through each layer allocates once it has warmed up: nothing, whether the inner service answers at once or waits.

use bytes::Bytes;
use futures_core::Stream;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use std::borrow::Cow;
use std::convert::Infallible;
use std::future::poll_fn;
use std::num::NonZeroUsize;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_transport_layers::catch_panic::CatchPanicLayer;
use tower_transport_layers::drain::DrainLayer;
use tower_transport_layers::in_flight::InFlightLayer;
use tower_transport_layers::in_flight::bytes::InFlightBytesLayer;
use tower_transport_layers::max_message_size::MaxMessageSizeLayer;
use tower_transport_layers::metrics::MetricsLayer;
use tower_transport_layers::timeout::TimeoutLayer;
use tower_transport_layers::trace::TraceLayer;
use tower_transport_layers::{Describe, WireSize};

use self::counting::allocations;

#[path = "../../tests/support/counting.rs"]
mod counting;

const CALLS: u64 = 1_000;
const FAR: Duration = Duration::from_secs(3600);
const LIMIT: NonZeroUsize = NonZeroUsize::new(1 << 20).expect("not zero");

#[derive(Clone)]
struct Text(&'static str);

impl WireSize for Text {
    fn wire_size(&self) -> usize {
        self.0.len()
    }
}

impl Describe for Text {
    fn method(&self) -> Cow<'_, str> {
        self.0.into()
    }
}

/// A reply of so many items, before each of which it waits once.
struct Items(u8, bool);

impl Stream for Items {
    type Item = Result<Text, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.0 > 0 && !std::mem::replace(&mut self.1, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.1 = false;
        Poll::Ready(self.0.checked_sub(1).map(|left| {
            self.0 = left;
            Ok(Text("item"))
        }))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.0.into(), Some(self.0.into()))
    }
}

/// Answers with three items; it waits once before each step.
fn streams() -> impl Service<Text, Response = Items, Error = Infallible, Future: Send> + Clone {
    service_fn(|_: Text| async {
        tokio::task::yield_now().await;
        Ok::<_, Infallible>(Items(3, false))
    })
}

async fn calls<S, R, T, E>(service: &mut S) -> u64
where
    S: Service<Text, Response = R, Error: std::fmt::Debug>,
    R: Stream<Item = Result<T, E>>,
{
    let before = allocations();
    for _ in 0..CALLS {
        let reply = service.ready().await.unwrap().call(Text("work")).await.unwrap();
        let mut reply = pin!(reply);
        let mut items = 0;
        while poll_fn(|cx| reply.as_mut().poll_next(cx)).await.is_some() {
            items += 1;
        }
        assert_eq!(items, 3);
    }
    allocations() - before
}

/// What 1,000 calls allocate after as many to warm up.
macro_rules! count {
    ($layer:expr, $inner:expr, $calls:ident) => {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
            .block_on(async {
                let mut service = Layer::layer(&$layer, $inner);
                $calls(&mut service).await;
                $calls(&mut service).await
            })
    };
}

#[test]
fn bare_service_allocates_nothing_so_that_all_else_is_of_the_layers() {
    assert_eq!(count!(tower::layer::util::Identity::new(), streams(), calls), 0);
}

#[test]
fn no_layer_allocates_for_a_call_that_streams() {
    let timeout = TimeoutLayer::new().first_item(FAR).idle(FAR).total(FAR);
    assert_eq!(count!(timeout, streams(), calls), 0, "timeout");
    assert_eq!(count!(InFlightLayer::new(LIMIT), streams(), calls), 0, "refuses");
    assert_eq!(
        count!(InFlightLayer::new(LIMIT).wait(LIMIT), streams(), calls),
        0,
        "waits"
    );
    assert_eq!(
        count!(InFlightBytesLayer::new(LIMIT), streams(), calls),
        0,
        "bytes, refuses"
    );
    assert_eq!(
        count!(InFlightBytesLayer::new(LIMIT).wait(LIMIT), streams(), calls),
        0,
        "bytes, waits"
    );
    assert_eq!(
        count!(MaxMessageSizeLayer::new(99), streams(), calls),
        0,
        "message size"
    );
    assert_eq!(
        count!(TraceLayer::new(), streams(), calls),
        0,
        "trace that nobody hears"
    );
    assert_eq!(count!(MetricsLayer::new(), streams(), calls), 0, "metrics");
    assert_eq!(count!(CatchPanicLayer::new(), streams(), calls), 0, "catch panic");
    assert_eq!(count!(DrainLayer::pair().0, streams(), calls), 0, "drain");
}

#[test]
fn whole_stack_allocates_nothing() {
    let stack = ServiceBuilder::new()
        .layer(TraceLayer::new())
        .layer(MetricsLayer::new())
        .layer(CatchPanicLayer::new())
        .layer(DrainLayer::pair().0)
        .layer(TimeoutLayer::new().first_item(FAR).idle(FAR).total(FAR))
        .layer(InFlightLayer::new(LIMIT))
        .layer(MaxMessageSizeLayer::new(99));
    assert_eq!(count!(stack, streams(), calls), 0);
}

async fn requests<S, B>(service: &mut S) -> u64
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error: std::fmt::Debug>,
    B: http_body::Body<Error: std::fmt::Debug>,
{
    let before = allocations();
    for _ in 0..CALLS {
        let request = Request::new(Full::new(Bytes::from_static(b"work")));
        let response = service.ready().await.unwrap().call(request).await.unwrap();
        let mut body = pin!(response.into_body());
        while let Some(frame) = body.frame().await {
            frame.unwrap();
        }
    }
    allocations() - before
}

async fn echo<B>(request: Request<B>) -> Result<Response<B>, Infallible> {
    tokio::task::yield_now().await;
    Ok(Response::new(request.into_body()))
}

#[test]
fn whole_stack_allocates_nothing_over_http() {
    assert_eq!(
        count!(tower::layer::util::Identity::new(), service_fn(echo), requests),
        0
    );
    let stack = ServiceBuilder::new()
        .layer(TraceLayer::new())
        .layer(MetricsLayer::new())
        .layer(CatchPanicLayer::new())
        .layer(DrainLayer::pair().0)
        .layer(TimeoutLayer::new().first_item(FAR).idle(FAR).total(FAR))
        .layer(InFlightLayer::new(LIMIT))
        .layer(MaxMessageSizeLayer::new(99));
    assert_eq!(count!(stack, service_fn(echo), requests), 0);
}
