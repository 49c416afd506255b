//! A reply by script, and what drains it.

use crate::script::{Script, ask, once};
use std::pin::Pin;
use std::time::Duration;
use tower::{Layer, Service, ServiceExt};
use tower_test::mock;
use tower_transport_layers::drain::{Drain, DrainHandle, DrainLayer, Drained};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// A reply by script, and what drains it.
pub(crate) async fn reply(script: Script) -> (Pin<Box<Drained<Script>>>, DrainHandle) {
    let (layer, handle) = DrainLayer::pair();
    let mut service = layer.layer(once(script));
    let reply = service.ready().await.unwrap().call(ask("a")).await.unwrap();
    (Box::pin(reply), handle)
}

pub(crate) trait HandleOf {
    fn get_ref_handle(&self) -> DrainHandle;
}

impl<S> HandleOf for mock::Spawn<Drain<S>> {
    fn get_ref_handle(&self) -> DrainHandle {
        self.get_ref().handle()
    }
}
