use super::reject::Rejection;
use super::timer::Timer;
use crate::BoxError;
use crate::message::code;
use bytes::{Buf, Bytes, BytesMut};
use http::StatusCode;
use http_body::Body;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

/// The room that a body's announced length makes for it before its bytes are there.
const BELIEVED: usize = 256 * 1024;

/// Reads a whole body of at most `max` bytes within `within`.
///
/// What its headers say of its length is looked at first; what comes is counted all the same, as a chunked body says nothing.
pub(super) async fn gather<B>(body: B, max: usize, within: Duration) -> Result<Bytes, Rejection>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let announced = body.size_hint().lower();
    if announced > max as u64 {
        return Err(too_large(format!("the body has {announced} bytes, the limit is {max}")));
    }
    // What was announced is not yet sent: only so much of it is believed at once.
    let expected = usize::try_from(announced).map_or(BELIEVED, |announced| announced.min(BELIEVED));
    let mut body = pin!(body);
    let mut timer = pin!(Timer::new(within));
    let mut gathered = Gathered::Nothing;
    loop {
        let frame = poll_fn(|cx| match body.as_mut().poll_frame(cx) {
            Poll::Ready(frame) => Poll::Ready(Ok(frame)),
            Poll::Pending => timer.as_mut().poll(cx).map(|()| Err(too_slow(within))),
        })
        .await?;
        match frame {
            None => return Ok(gathered.into_bytes()),
            Some(Err(error)) => return Err(Rejection::invalid(format!("the body broke off: {}", error.into()))),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data()
                    && !gathered.take(data, max, expected)
                {
                    return Err(too_large(format!(
                        "the body has more than {max} bytes, which is the limit"
                    )));
                }
            }
        }
    }
}

/// One frame is taken as it is; only more than one are copied together.
enum Gathered {
    Nothing,
    One(Bytes),
    More(BytesMut),
}

impl Gathered {
    /// Says whether it is within the limit.
    fn take(&mut self, mut data: impl Buf, max: usize, expected: usize) -> bool {
        let so_far = match self {
            Gathered::Nothing => 0,
            Gathered::One(bytes) => bytes.len(),
            Gathered::More(bytes) => bytes.len(),
        };
        if data.remaining() > max - so_far {
            return false;
        }
        match self {
            Gathered::Nothing => *self = Gathered::One(data.copy_to_bytes(data.remaining())),
            Gathered::One(first) => {
                let mut bytes = BytesMut::with_capacity(expected.max(first.len() + data.remaining()));
                bytes.extend_from_slice(first);
                append(&mut bytes, data);
                *self = Gathered::More(bytes);
            }
            Gathered::More(bytes) => append(bytes, data),
        }
        true
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Gathered::Nothing => Bytes::new(),
            Gathered::One(bytes) => bytes,
            Gathered::More(bytes) => bytes.freeze(),
        }
    }
}

fn append(bytes: &mut BytesMut, mut data: impl Buf) {
    while data.has_remaining() {
        let chunk = data.chunk();
        let len = chunk.len();
        bytes.extend_from_slice(chunk);
        data.advance(len);
    }
}

fn too_large(text: String) -> Rejection {
    Rejection::new(StatusCode::PAYLOAD_TOO_LARGE, code::INVALID_REQUEST, text)
}

fn too_slow(within: Duration) -> Rejection {
    Rejection::new(
        StatusCode::REQUEST_TIMEOUT,
        code::INVALID_REQUEST,
        format!("the body was not complete within {within:?}"),
    )
}
