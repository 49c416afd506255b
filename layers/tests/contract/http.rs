//! Layers over HTTP that hide what a body tells of its end.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};
use tower::util::MapResponseLayer;
use tower_transport_layers::contract::{Breach, Http, ProbeError, ProbeReply, Rule, Suite};

/// Forwards the frames, and of what the body tells only what it shows.
struct Hiding {
    inner: Pin<Box<ProbeReply<Http>>>,
    shows_end: bool,
    shows_length: bool,
}

impl Body for Hiding {
    type Data = Bytes;
    type Error = ProbeError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ProbeError>>> {
        self.inner.as_mut().poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.shows_end && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match self.shows_length {
            true => self.inner.size_hint(),
            false => SizeHint::default(),
        }
    }
}

fn breaches(shows_end: bool, shows_length: bool) -> Vec<Breach> {
    let hide = move |response: http::Response<ProbeReply<Http>>| {
        response.map(|body| Hiding {
            inner: Box::pin(body),
            shows_end,
            shows_length,
        })
    };
    Suite::http(move || MapResponseLayer::new(hide)).breaches()
}

#[test]
fn body_that_hides_its_end_or_its_length_is_caught() {
    assert_eq!(breaches(true, true), []);
    for (shows_end, shows_length) in [(false, true), (true, false)] {
        let breaches = breaches(shows_end, shows_length);
        assert_eq!(breaches.len(), 1, "{breaches:?}");
        assert_eq!(breaches[0].rule(), Rule::SizeHint);
    }
}
