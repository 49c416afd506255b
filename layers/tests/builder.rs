//! The verbs for `ServiceBuilder`, over streams, HTTP and a connector.

use bytes::Bytes;
use futures_util::stream::{self, Iter};
use http::{Extensions, Request, Response};
use http_body_util::Full;
use std::borrow::Cow;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::num::NonZeroUsize;
use std::time::Duration;
use std::vec;
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
use tower_transport_layers::buffer_pool::BufferPool;
use tower_transport_layers::in_flight::Overloaded;
use tower_transport_layers::max_message_size::{MaxFrame, TooLarge};
use tower_transport_layers::timeout::{Elapsed, Limits};
use tower_transport_layers::{Describe, ServiceBuilderExt, Target, WireSize, cause_ref};

const ONE: NonZeroUsize = NonZeroUsize::MIN;
const SECOND: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
struct Text(&'static str);

impl WireSize for Text {
    fn wire_size(&self) -> usize {
        self.0.len()
    }
}

impl Describe for Text {
    fn method(&self) -> Cow<'_, str> {
        self.0.into()
    }
}

type Texts = Iter<vec::IntoIter<Result<Text, Infallible>>>;

fn echo(text: Text) -> Ready<Result<Texts, Infallible>> {
    ready(Ok(stream::iter(vec![Ok(text)])))
}

#[tokio::test]
async fn each_verb_adds_its_layer_over_streams() {
    let mut stack = ServiceBuilder::new()
        .trace_calls()
        .measure_calls()
        .catch_panics()
        .limit_in_flight(ONE)
        .limit_message_size(4)
        .service(service_fn(echo));
    let reply = stack.ready().await.unwrap().call(Text("four")).await.unwrap();
    let refused = stack.ready().await.unwrap().call(Text("four")).await.unwrap_err();
    assert_eq!(cause_ref::<Overloaded>(&*refused).unwrap().limit(), 1);
    drop(reply);
    let refused = stack.ready().await.unwrap().call(Text("fives")).await.unwrap_err();
    assert_eq!(cause_ref::<TooLarge>(&*refused).unwrap().size(), 5);
}

#[tokio::test(start_paused = true)]
async fn line_is_bounded_and_time_is_limited() {
    let stack = ServiceBuilder::new()
        .limit_time(Limits::none().with_first_item(Some(SECOND)))
        .line_up_in_flight(ONE, ONE)
        .service(service_fn(|_: Text| {
            std::future::pending::<Result<Texts, Infallible>>()
        }));
    let mut first = stack.clone();
    let slow = tokio::spawn(first.ready().await.unwrap().call(Text("slow")));
    let mut second = stack.clone();
    let waits = tokio::spawn(async move { second.ready().await.unwrap().call(Text("waits")).await });
    tokio::task::yield_now().await;
    let refused = stack.clone().oneshot(Text("over")).await.err().unwrap();
    assert_eq!(cause_ref::<Overloaded>(&*refused).unwrap().line(), Some(1));
    for ended in [slow, waits] {
        let error = ended.await.unwrap().err().unwrap();
        assert_eq!(cause_ref::<Elapsed>(&*error).unwrap().limit(), SECOND);
    }
}

#[tokio::test]
async fn the_same_verbs_fit_http() {
    let mut stack = ServiceBuilder::new()
        .trace_calls()
        .measure_calls()
        .catch_panics()
        .limit_time(Limits::none().with_total(Some(SECOND)))
        .limit_in_flight(ONE)
        .limit_message_size(4)
        .service(service_fn(|request: Request<_>| {
            ready(Ok::<_, Infallible>(Response::new(request.into_body())))
        }));
    let request = |text: &'static str| Request::new(Full::new(Bytes::from_static(text.as_bytes())));
    assert!(stack.ready().await.unwrap().call(request("four")).await.is_ok());
    let refused = stack.ready().await.unwrap().call(request("fives")).await.err().unwrap();
    assert_eq!(cause_ref::<TooLarge>(&*refused).unwrap().size(), 5);
}

#[derive(Default)]
struct Address(Extensions);

impl Target for Address {
    fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.0
    }
}

#[tokio::test]
async fn over_a_connector_they_leave_what_the_transport_reads() {
    let pool = BufferPool::new(4096, 4).unwrap();
    let connector = ServiceBuilder::new()
        .pool_buffers(pool)
        .limit_message_size(4)
        .service(service_fn(|Address(extensions)| ready(Ok::<_, Infallible>(extensions))));
    let left = connector.oneshot(Address::default()).await.unwrap();
    assert_eq!(MaxFrame::of(&left).unwrap().received(), Some(4));
    assert_eq!(left.get::<BufferPool>().unwrap().block_size(), 4096);
}
