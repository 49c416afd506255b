use super::{Elapsed, Phase};
use crate::BoxError;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tower_service::Service;

/// Waits until `service` is ready, but no longer than `within`.
///
/// For callers and edges: no layer can time its own `poll_ready`. The service is polled before the timer.
///
/// # Errors
///
/// [`Elapsed`] with [`Phase::Ready`], or what the service fails with, which is then dead for good.
///
/// # Cancel safety
///
/// What the service reserved stays reserved in it.
pub async fn ready<S, Request>(service: &mut S, within: Duration) -> Result<(), BoxError>
where
    S: Service<Request>,
    S::Error: Into<BoxError>,
{
    let mut elapsed = pin!(tokio::time::sleep(within));
    poll_fn(|cx| match service.poll_ready(cx) {
        Poll::Ready(outcome) => Poll::Ready(outcome.map_err(Into::into)),
        Poll::Pending => {
            let elapsed = elapsed.as_mut().poll(cx);
            elapsed.map(|()| Err(Elapsed::new(Phase::Ready, within).into()))
        }
    })
    .await
}
