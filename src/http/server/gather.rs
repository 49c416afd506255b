use super::reject::Rejection;
use super::timer::Timer;
use crate::BoxError;
use crate::message::code;
use bytes::Bytes;
use http::StatusCode;
use http_body::Body;
use std::error::Error;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tower_transport_layers::buffer_pool::{BufferPool, Gather};
use tower_transport_layers::{cause_ref, max_message_size};

/// Reads a whole body of at most `max` bytes within `within`.
///
/// What its headers say of its length is looked at first; what comes is counted all the same, as a chunked body says nothing.
pub(super) async fn gather<B>(body: B, pool: &BufferPool, max: usize, within: Duration) -> Result<Bytes, Rejection>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let mut gather = Gather::new(pool, max);
    gather
        .expect(body.size_hint().lower())
        .map_err(|error| too_large(&error))?;
    let mut body = pin!(body);
    let mut timer = pin!(Timer::new(within));
    loop {
        let frame = poll_fn(|cx| match body.as_mut().poll_frame(cx) {
            Poll::Ready(frame) => Poll::Ready(Ok(frame)),
            Poll::Pending => timer.as_mut().poll(cx).map(|()| Err(too_slow(within))),
        })
        .await?;
        match frame {
            None => return Ok(gather.finish()),
            Some(Err(error)) => return Err(broke_off(&*error.into())),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    gather.push(data).map_err(|error| too_large(&error))?;
                }
            }
        }
    }
}

/// A size limit that stands over the server has its say here, once a body without a length turns out to be too large.
fn broke_off(error: &(dyn Error + 'static)) -> Rejection {
    match cause_ref::<max_message_size::TooLarge>(error) {
        Some(error) => too_large(error),
        None => Rejection::invalid(format!("the body broke off: {error}")),
    }
}

fn too_large(error: &dyn Error) -> Rejection {
    Rejection::new(StatusCode::PAYLOAD_TOO_LARGE, code::INVALID_REQUEST, error.to_string())
}

fn too_slow(within: Duration) -> Rejection {
    Rejection::new(
        StatusCode::REQUEST_TIMEOUT,
        code::INVALID_REQUEST,
        format!("the body was not complete within {within:?}"),
    )
}
