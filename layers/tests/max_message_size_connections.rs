//! Maximum message size over connectors, and one layer type for all that it stands over.

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{Extensions, Request, Response};
use http_body_util::{BodyExt, Full};
use std::convert::Infallible;
use std::pin::pin;
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
use tower_test::mock;
use tower_transport_layers::max_message_size::{Limited, MaxFrame, MaxMessageSizeLayer};
use tower_transport_layers::{Target, WireSize};

#[derive(Debug, Clone, Default)]
struct Address(Extensions);

impl Target for Address {
    fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.0
    }
}

#[derive(Debug)]
struct Text(&'static str);

impl WireSize for Text {
    fn wire_size(&self) -> usize {
        self.0.len()
    }
}

/// What a transport built under `layer` is asked for.
async fn asked<L>(layer: L, address: Address) -> MaxFrame
where
    L: tower::Layer<mock::Mock<Address, MaxFrame>>,
    L::Service: Service<Address, Response = MaxFrame, Error = tower_transport_layers::BoxError>,
{
    let (inner, mut handle) = mock::pair::<Address, MaxFrame>();
    let built = async {
        let (address, respond) = handle.next_request().await.unwrap();
        respond.send_response(MaxFrame::of(&address.0).expect("a frame cap"));
    };
    tokio::join!(layer.layer(inner).oneshot(address), built).0.unwrap()
}

#[tokio::test]
async fn connector_finds_the_frame_cap_in_the_extensions_of_its_target() {
    let layer = MaxMessageSizeLayer::new(10);
    assert_eq!(
        asked(layer, Address::default()).await,
        MaxFrame::new(Some(10), Some(10))
    );
    let layer = MaxMessageSizeLayer::new(usize::MAX).response(20).max_items(1);
    assert_eq!(asked(layer, Address::default()).await, MaxFrame::new(None, Some(20)));
}

#[tokio::test]
async fn tighter_of_two_caps_wins_whichever_is_above_the_other() {
    let tight = MaxMessageSizeLayer::new(10).request(30);
    let loose = MaxMessageSizeLayer::new(20);
    let stacked = tower::layer::util::Stack::new(tight.clone(), loose.clone());
    assert_eq!(
        asked(stacked, Address::default()).await,
        MaxFrame::new(Some(20), Some(10))
    );
    let stacked = tower::layer::util::Stack::new(loose, tight);
    assert_eq!(
        asked(stacked, Address::default()).await,
        MaxFrame::new(Some(20), Some(10))
    );
}

#[tokio::test]
async fn cap_of_one_connection_is_not_left_for_the_next() {
    let mut address = Address::default();
    address.0.insert("kept");
    assert_eq!(
        asked(MaxMessageSizeLayer::new(10), address.clone()).await.sent(),
        Some(10)
    );
    assert_eq!(
        asked(MaxMessageSizeLayer::new(20), address.clone()).await.sent(),
        Some(20)
    );
    assert_eq!(MaxFrame::of(&address.0), None);
}

#[tokio::test]
async fn connection_passes_as_the_connector_made_it() {
    let mut connector = ServiceBuilder::new()
        .layer(MaxMessageSizeLayer::new(1))
        .service(service_fn(|_: Address| async {
            Ok::<_, Infallible>("a connection of any type")
        }));
    let connection: &str = connector.ready().await.unwrap().call(Address::default()).await.unwrap();
    assert_eq!(connection, "a connection of any type");
}

#[test]
fn readiness_and_errors_of_a_connector_pass() {
    let (mut connector, mut handle) = mock::spawn_layer::<Address, (), _>(MaxMessageSizeLayer::new(10));
    handle.allow(0);
    assert_pending!(connector.poll_ready());
    handle.allow(1);
    assert!(connector.is_woken());
    assert_ready_ok!(connector.poll_ready());
    let mut call = task::spawn(connector.call(Address::default()));
    assert_pending!(call.poll());
    drop(handle);
    assert_ready_err!(call.poll());
}

#[tokio::test]
async fn one_layer_type_stands_over_streams_http_and_connectors_and_nobody_names_which() {
    let mut streams = ServiceBuilder::new()
        .layer(MaxMessageSizeLayer::new(10))
        .concurrency_limit(1)
        .service(service_fn(|text: Text| async {
            Ok::<_, Infallible>(stream::iter([Ok::<_, Infallible>(text)]))
        }));
    let mut reply = pin!(streams.ready().await.unwrap().call(Text("text")).await.unwrap());
    assert_eq!(reply.next().await.unwrap().unwrap().0, "text");

    let mut http = ServiceBuilder::new()
        .layer(MaxMessageSizeLayer::new(10))
        .concurrency_limit(1)
        .service(service_fn(|request: Request<Limited<Full<Bytes>>>| async {
            Ok::<_, Infallible>(Response::new(request.into_body()))
        }));
    let request = Request::new(Full::from("text"));
    let response = http.ready().await.unwrap().call(request).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "text");

    let mut connector = ServiceBuilder::new()
        .layer(MaxMessageSizeLayer::new(10))
        .concurrency_limit(1)
        .service(service_fn(|_: Address| async {
            Ok::<_, Infallible>(service_fn(|_: ()| async { Ok::<_, Infallible>("text") }))
        }));
    let mut connection = connector.ready().await.unwrap().call(Address::default()).await.unwrap();
    assert_eq!(connection.ready().await.unwrap().call(()).await.unwrap(), "text");
}
