//! Over HTTP.

use crate::script::{Script, Step, frame, once_http};
use crate::support::recorded;
use http::HeaderMap;
use http_body_util::{BodyExt, Full};
use std::future::ready;
use std::io;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_transport_layers::metrics::MetricsLayer;
use tower_transport_layers::reply::Bodies;

// As hyper does: it asks for no more than the length that it has told of.
#[test]
fn body_of_an_announced_length_is_over_with_its_last_byte() {
    let recorded = recorded(async {
        for (length, asked) in [("15", 2), ("0", 0), ("16", 2)] {
            let mut service = ServiceBuilder::new()
                .layer(MetricsLayer::new())
                .map_response(move |mut response: http::Response<Script>| {
                    response.headers_mut().insert("content-length", length.parse().unwrap());
                    response
                })
                .service(once_http::<Full<&[u8]>>(Script::new([
                    Step::Item(10),
                    Step::Item(5),
                    Step::Wait,
                ])));
            let request = http::Request::new(Full::default());
            let response = service.ready().await.unwrap().call(request).await.unwrap();
            let mut body = Box::pin(response.into_body());
            for _ in 0..asked {
                frame(&mut body).await.unwrap().unwrap();
            }
        }
    });
    assert_eq!((recorded.outcomes(), recorded.in_flight()), ([2, 0, 1, 0], 0.0));
}

// Over HTTP/2 they are sent, and the body tells of its length all the same.
#[test]
fn trailers_behind_the_announced_length_count_and_may_fail() {
    for (data, fails, outcomes) in [
        ("12345678", false, [1, 0, 0, 0]),
        ("12345678", true, [0, 1, 0, 0]),
        ("", false, [1, 0, 0, 0]),
        ("", true, [0, 1, 0, 0]),
    ] {
        let recorded = recorded(async {
            let mut service = MetricsLayer::new().layer(service_fn(|_: http::Request<Full<&[u8]>>| {
                let trailers = match fails {
                    true => Err(io::Error::other("no trailers")),
                    false => Ok(HeaderMap::new()),
                };
                let body = Full::new(data.as_bytes()).map_err(|never| match never {});
                ready(Ok::<_, io::Error>(http::Response::new(
                    body.with_trailers(ready(Some(trailers))),
                )))
            }));
            let request = http::Request::new(Full::default());
            let response = service.ready().await.unwrap().call(request).await.unwrap();
            let mut body = Box::pin(response.into_body());
            if !data.is_empty() {
                frame(&mut body).await.unwrap().unwrap();
            }
            assert_eq!(frame(&mut body).await.unwrap().is_err(), fails);
        });
        assert_eq!(recorded.outcomes(), outcomes);
        let items = u64::from(!data.is_empty()) + u64::from(!fails);
        assert_eq!(recorded.counter("exchange_items_total{}"), items);
    }
}

#[test]
fn bodies_are_counted_as_streams_are_and_errors_by_kind() {
    let recorded = recorded(async {
        let script = Script::new([Step::Item(10), Step::Item(5), Step::Fail]);
        let mut service = ServiceBuilder::new()
            .layer(MetricsLayer::new())
            .service(once_http::<Full<&[u8]>>(script));
        let request = http::Request::new(Full::new(&b"12345678"[..]));
        let response = service.ready().await.unwrap().call(request).await.unwrap();
        let mut body = Box::pin(response.into_body());
        while let Some(Ok(_)) = frame(&mut body).await {}
    });
    assert_eq!((recorded.outcomes(), recorded.in_flight()), ([0, 1, 0, 0], 0.0));
    assert_eq!(recorded.counter("exchange_request_bytes_total{}"), 8);
    assert_eq!(recorded.counter("exchange_reply_bytes_total{}"), 15);
    assert_eq!(recorded.counter("exchange_items_total{}"), 2);
    assert_eq!(recorded.counter("exchange_errors_total{kind=io}"), 1);
}

#[test]
fn request_adds_no_more_than_the_cap_whatever_it_claims() {
    let recorded = |layer: MetricsLayer<(), (), Bodies>, claims: &'static [u64]| {
        recorded(async move {
            let mut service = layer.layer(service_fn(|_: http::Request<Script>| {
                ready(Ok::<_, io::Error>(http::Response::new(Script::new([]))))
            }));
            for claim in claims {
                let mut request = http::Request::new(Script::new([Step::Wait]));
                request.headers_mut().insert("content-length", (*claim).into());
                service.ready().await.unwrap().call(request).await.unwrap();
            }
        })
        .counter("exchange_request_bytes_total{}")
    };
    // Two of them would set the counter back to nothing.
    assert_eq!(recorded(MetricsLayer::new(), &[1 << 63, 1 << 63]), 2 << 32);
    assert_eq!(
        recorded(MetricsLayer::new().request_bytes_cap(100), &[7, 100, 101, u64::MAX]),
        307
    );
}
