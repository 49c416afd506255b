//! The service itself.

use crate::script::{Script, Step, next};
use crate::support::reply;
use tower_transport_layers::drain::{Drain, DrainHandle, DrainLayer, Drained, Draining};

#[tokio::test(start_paused = true)]
async fn size_hint_is_that_of_the_inner_reply() {
    let (mut reply, _handle) = reply(Script::new([Step::Item(1), Step::Item(2)])).await;
    for left in [2, 1, 0] {
        assert_eq!(futures_core::Stream::size_hint(&*reply), (0, Some(left)));
        let _item = next(&mut reply).await;
    }
}

#[test]
fn auto_traits_follow_those_of_what_is_inside() {
    fn all<T: Send + Sync + Clone + 'static>() {}
    fn send<T: Send + Sync + 'static>() {}
    all::<DrainLayer>();
    all::<DrainHandle>();
    all::<Drain<()>>();
    all::<Draining>();
    send::<Drained<()>>();
}
