//! Verbs for tower's [`ServiceBuilder`].

#[cfg(feature = "buffer-pool")]
use crate::buffer_pool::{BufferPool, BufferPoolLayer};
#[cfg(feature = "catch-panic")]
use crate::catch_panic::CatchPanicLayer;
#[cfg(feature = "in-flight")]
use crate::in_flight::InFlightLayer;
#[cfg(feature = "max-message-size")]
use crate::max_message_size::MaxMessageSizeLayer;
#[cfg(feature = "metrics")]
use crate::metrics::MetricsLayer;
#[cfg(feature = "timeout")]
use crate::timeout::{Limits, TimeoutLayer};
#[cfg(feature = "trace")]
use crate::trace::TraceLayer;
#[cfg(feature = "in-flight")]
use std::num::NonZeroUsize;
use tower::ServiceBuilder;
#[cfg(any(
    feature = "buffer-pool",
    feature = "catch-panic",
    feature = "in-flight",
    feature = "max-message-size",
    feature = "metrics",
    feature = "timeout",
    feature = "trace",
))]
use tower::layer::util::Stack;

/// Adds the layers of this crate to a [`ServiceBuilder`], each with its defaults, by verbs that tower does not have.
///
/// What has options beyond these is added with [`ServiceBuilder::layer`]. What `K` stands for is inferred, see [`reply`](crate::reply).
///
/// ```
/// # use std::{convert::Infallible, future::ready, num::NonZeroUsize, time::Duration};
/// # use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
/// # use tower_transport_layers::{ServiceBuilderExt, WireSize, timeout::Limits};
/// # struct Text(&'static str);
/// # impl WireSize for Text { fn wire_size(&self) -> usize { self.0.len() } }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let mut service = ServiceBuilder::new()
///     .catch_panics()
///     .limit_time(Limits::none().with_first_item(Some(Duration::from_secs(10))))
///     .limit_in_flight(NonZeroUsize::new(64).unwrap())
///     .limit_message_size(4 << 20)
///     .service(service_fn(|_: Text| ready(Ok::<_, Infallible>(futures_util::stream::iter([Ok::<_, Infallible>(Text("hello"))])))));
/// assert!(service.ready().await.unwrap().call(Text("hi")).await.is_ok());
/// # }
/// ```
pub trait ServiceBuilderExt<L>: sealed::Sealed<L> + Sized {
    /// Ends calls that take too long, phase by phase. See [`timeout`](crate::timeout).
    #[cfg(feature = "timeout")]
    fn limit_time<K>(self, limits: Limits) -> ServiceBuilder<Stack<TimeoutLayer<(), K>, L>>;

    /// Refuses calls over a limit at once. See [`in_flight`](crate::in_flight).
    #[cfg(feature = "in-flight")]
    fn limit_in_flight<K>(self, limit: NonZeroUsize) -> ServiceBuilder<Stack<InFlightLayer<(), K>, L>>;

    /// Has callers over a limit wait in a line that has an end. See [`in_flight`](crate::in_flight).
    #[cfg(feature = "in-flight")]
    fn line_up_in_flight<K>(
        self,
        limit: NonZeroUsize,
        line: NonZeroUsize,
    ) -> ServiceBuilder<Stack<InFlightLayer<(), K>, L>>;

    /// Fails calls whose messages are too large, either way. See [`max_message_size`](crate::max_message_size).
    #[cfg(feature = "max-message-size")]
    fn limit_message_size<K>(self, max: usize) -> ServiceBuilder<Stack<MaxMessageSizeLayer<(), K>, L>>;

    /// Has the transport below a connector take its buffers from a pool. See [`buffer_pool`](crate::buffer_pool).
    #[cfg(feature = "buffer-pool")]
    fn pool_buffers(self, pool: BufferPool) -> ServiceBuilder<Stack<BufferPoolLayer, L>>;

    /// Puts a span around each call. See [`trace`](crate::trace).
    #[cfg(feature = "trace")]
    fn trace_calls<K>(self) -> ServiceBuilder<Stack<TraceLayer<(), (), K>, L>>;

    /// Counts and times calls. See [`metrics`](crate::metrics).
    #[cfg(feature = "metrics")]
    fn measure_calls<K>(self) -> ServiceBuilder<Stack<MetricsLayer<(), (), K>, L>>;

    /// Turns a panic into the error of its call. See [`catch_panic`](crate::catch_panic).
    #[cfg(feature = "catch-panic")]
    fn catch_panics<K>(self) -> ServiceBuilder<Stack<CatchPanicLayer<K>, L>>;
}

impl<L> ServiceBuilderExt<L> for ServiceBuilder<L> {
    #[cfg(feature = "timeout")]
    fn limit_time<K>(self, limits: Limits) -> ServiceBuilder<Stack<TimeoutLayer<(), K>, L>> {
        self.layer(TimeoutLayer::new().with_limits(limits))
    }

    #[cfg(feature = "in-flight")]
    fn limit_in_flight<K>(self, limit: NonZeroUsize) -> ServiceBuilder<Stack<InFlightLayer<(), K>, L>> {
        self.layer(InFlightLayer::new(limit))
    }

    #[cfg(feature = "in-flight")]
    fn line_up_in_flight<K>(
        self,
        limit: NonZeroUsize,
        line: NonZeroUsize,
    ) -> ServiceBuilder<Stack<InFlightLayer<(), K>, L>> {
        self.layer(InFlightLayer::new(limit).wait(line))
    }

    #[cfg(feature = "max-message-size")]
    fn limit_message_size<K>(self, max: usize) -> ServiceBuilder<Stack<MaxMessageSizeLayer<(), K>, L>> {
        self.layer(MaxMessageSizeLayer::new(max))
    }

    #[cfg(feature = "buffer-pool")]
    fn pool_buffers(self, pool: BufferPool) -> ServiceBuilder<Stack<BufferPoolLayer, L>> {
        self.layer(BufferPoolLayer::new(pool))
    }

    #[cfg(feature = "trace")]
    fn trace_calls<K>(self) -> ServiceBuilder<Stack<TraceLayer<(), (), K>, L>> {
        self.layer(TraceLayer::new())
    }

    #[cfg(feature = "metrics")]
    fn measure_calls<K>(self) -> ServiceBuilder<Stack<MetricsLayer<(), (), K>, L>> {
        self.layer(MetricsLayer::new())
    }

    #[cfg(feature = "catch-panic")]
    fn catch_panics<K>(self) -> ServiceBuilder<Stack<CatchPanicLayer<K>, L>> {
        self.layer(CatchPanicLayer::new())
    }
}

mod sealed {
    use tower::ServiceBuilder;

    pub trait Sealed<L> {}

    impl<L> Sealed<L> for ServiceBuilder<L> {}
}
