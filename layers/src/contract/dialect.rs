use super::probe::ProbeReply;
use crate::reply::{Bodies, Reply, Streams};
use crate::{Describe, WireSize};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::borrow::Cow;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What the probe is asked, and what it answers with.
///
/// There are two, [`Plain`] and [`Http`]. A layer that works with one kind of message only gets a dialect of its own, through
/// [`Suite::over`](super::Suite::over). Requests and items carry a number, by which the suite knows them again.
///
/// # Example
///
/// A layer that takes strings alone:
///
/// ```
/// use tower::util::MapRequestLayer;
/// use tower_transport_layers::contract::{Accepts, Dialect, ProbeReply, Suite};
/// use tower_transport_layers::reply::Streams;
///
/// struct Text;
///
/// impl Dialect for Text {
///     type Kind = Streams;
///     type Request = String;
///     type Item = String;
///     type Response = ProbeReply<Text>;
///
///     fn request(number: u32) -> String {
///         number.to_string()
///     }
///
///     fn item(number: u32) -> String {
///         number.to_string()
///     }
///
///     fn item_number(item: &String) -> u32 {
///         item.parse().unwrap_or(0)
///     }
///
///     fn respond(reply: ProbeReply<Text>) -> ProbeReply<Text> {
///         reply
///     }
/// }
///
/// impl Accepts<String> for Text {
///     fn number(request: &String) -> u32 {
///         request.parse().unwrap_or(0)
///     }
/// }
///
/// Suite::over(Text, || MapRequestLayer::new(|text: String| text.trim().to_owned())).run();
/// ```
pub trait Dialect: Sized + 'static {
    /// [`Streams`] or [`Bodies`].
    type Kind: 'static;
    /// What the layer is asked.
    type Request: 'static;
    /// What comes piece by piece, from the probe and out of the layer.
    type Item: 'static;
    /// What carries the pieces.
    type Response: Reply<Self::Kind> + Send + 'static;

    /// The request of this number.
    fn request(number: u32) -> Self::Request;

    /// The item of this number.
    fn item(number: u32) -> Self::Item;

    /// The item of this number, after which the reply ends. For layers that tell the last item from others.
    fn last_item(number: u32) -> Self::Item {
        Self::item(number)
    }

    /// The number of an item, or 0 if it is none of the probe's.
    fn item_number(item: &Self::Item) -> u32;

    /// The response that carries a reply.
    fn respond(reply: ProbeReply<Self>) -> Self::Response;
}

/// A request that the probe takes: that of the dialect, or what a layer makes of it.
pub trait Accepts<Request>: Dialect {
    /// The number of a request.
    fn number(request: &Request) -> u32;
}

// === Plain ===

/// Plain requests, answered with a stream.
#[derive(Debug, Clone, Copy)]
pub struct Plain;

/// A request of the suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request(u32);

/// An item of the suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item(u32);

impl Request {
    /// What every request weighs, by its [`WireSize`].
    pub const BYTES: usize = 100;

    /// Which one it is.
    pub const fn number(&self) -> u32 {
        self.0
    }
}

impl Item {
    /// What every item weighs, by its [`WireSize`].
    pub const BYTES: usize = 10;

    /// Which one it is.
    pub const fn number(&self) -> u32 {
        self.0
    }
}

impl WireSize for Request {
    fn wire_size(&self) -> usize {
        Request::BYTES
    }
}

impl WireSize for Item {
    fn wire_size(&self) -> usize {
        Item::BYTES
    }
}

impl Describe for Request {
    fn method(&self) -> Cow<'_, str> {
        Cow::Borrowed("probe")
    }

    fn id(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Owned(self.0.to_string()))
    }
}

impl Dialect for Plain {
    type Kind = Streams;
    type Request = Request;
    type Item = Item;
    type Response = ProbeReply<Plain>;

    fn request(number: u32) -> Request {
        Request(number)
    }

    fn item(number: u32) -> Item {
        Item(number)
    }

    fn item_number(item: &Item) -> u32 {
        item.0
    }

    fn respond(reply: ProbeReply<Plain>) -> ProbeReply<Plain> {
        reply
    }
}

impl Accepts<Request> for Plain {
    fn number(request: &Request) -> u32 {
        request.0
    }
}

// === Http ===

/// Requests of HTTP, answered with a body.
#[derive(Debug, Clone, Copy)]
pub struct Http;

/// The body of the suite's requests over HTTP: [`RequestBody::BYTES`] zeros in one frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestBody(Bytes);

impl RequestBody {
    /// How long it is.
    pub const BYTES: usize = 100;
}

impl Http {
    /// How long each frame of a reply is.
    pub const ITEM_BYTES: u64 = 10;

    const NUMBER: &str = "probe-number";
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = std::mem::take(&mut self.0);
        Poll::Ready((!data.is_empty()).then(|| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}

impl Dialect for Http {
    type Kind = Bodies;
    type Request = http::Request<RequestBody>;
    type Item = Frame<Bytes>;
    type Response = http::Response<ProbeReply<Http>>;

    fn request(number: u32) -> http::Request<RequestBody> {
        let body = RequestBody(Bytes::from_static(&[0; RequestBody::BYTES]));
        let mut request = http::Request::new(body);
        request.headers_mut().insert(Http::NUMBER, number.into());
        request
    }

    fn item(number: u32) -> Frame<Bytes> {
        Frame::data(Bytes::from(format!("{number:010}")))
    }

    fn item_number(item: &Frame<Bytes>) -> u32 {
        let number = item.data_ref().and_then(|data| std::str::from_utf8(data).ok());
        number.and_then(|number| number.parse().ok()).unwrap_or(0)
    }

    fn respond(reply: ProbeReply<Http>) -> http::Response<ProbeReply<Http>> {
        http::Response::new(reply)
    }
}

// Any body: layers wrap that of the request.
impl<B> Accepts<http::Request<B>> for Http {
    fn number(request: &http::Request<B>) -> u32 {
        let number = request
            .headers()
            .get(Http::NUMBER)
            .and_then(|number| number.to_str().ok());
        number.and_then(|number| number.parse().ok()).unwrap_or(0)
    }
}
