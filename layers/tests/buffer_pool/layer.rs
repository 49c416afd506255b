//! The pool is handed down to a transport.

use crate::support::{message, pool};
use std::convert::Infallible;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_test::mock;
use tower_transport_layers::Target;
use tower_transport_layers::buffer_pool::{BufferPool, BufferPoolLayer};

#[derive(Default)]
struct Address(http::Extensions);

impl Target for Address {
    fn extensions_mut(&mut self) -> &mut http::Extensions {
        &mut self.0
    }
}

/// A connector that tells the size of the blocks that it was given.
async fn connect(target: Address) -> Result<Option<usize>, Infallible> {
    Ok(target.0.get::<BufferPool>().map(BufferPool::block_size))
}

#[tokio::test]
async fn the_layer_hands_the_pool_down_and_the_inner_one_is_heard() {
    let outer = BufferPool::new(100, 1).unwrap();
    let inner = BufferPool::new(200, 1).unwrap();
    let mut bare = ServiceBuilder::new()
        .layer(BufferPoolLayer::new(outer.clone()))
        .service_fn(connect);
    assert_eq!(
        bare.ready().await.unwrap().call(Address::default()).await,
        Ok(Some(100))
    );

    let mut nested = ServiceBuilder::new()
        .layer(BufferPoolLayer::new(outer.clone()))
        .layer(BufferPoolLayer::new(inner))
        .service_fn(connect);
    assert_eq!(
        nested.ready().await.unwrap().call(Address::default()).await,
        Ok(Some(200))
    );

    let mut brought = Address::default();
    brought.0.insert(BufferPool::new(300, 1).unwrap());
    assert_eq!(bare.ready().await.unwrap().call(brought).await, Ok(Some(100)));
}

// PITFALLS 2
#[tokio::test]
async fn every_service_that_a_layer_makes_hands_down_the_same_pool() {
    let layer = BufferPoolLayer::new(pool(4));
    let connect = |target: Address| async move { Ok::<_, Infallible>(message(target.0.get().unwrap(), 10)) };
    for _ in 0..3 {
        let service = layer.layer(service_fn(connect));
        service.clone().oneshot(Address::default()).await.unwrap();
        service.oneshot(Address::default()).await.unwrap();
    }
    assert_eq!(layer.pool().stats().misses, 1);
}

// PITFALLS 7
#[tokio::test]
async fn the_layer_is_ready_when_the_connector_is() {
    let (mut service, mut handle) = mock::spawn_layer::<Address, (), _>(BufferPoolLayer::new(pool(1)));
    handle.allow(0);
    tokio_test::assert_pending!(service.poll_ready());
    handle.allow(1);
    assert!(service.is_woken());
    tokio_test::assert_ready_ok!(service.poll_ready());
    let call = service.call(Address::default());
    let (request, response) = handle.next_request().await.unwrap();
    assert!(request.0.get::<BufferPool>().is_some());
    response.send_error("refused");
    assert_eq!(call.await.unwrap_err().to_string(), "refused");
}
