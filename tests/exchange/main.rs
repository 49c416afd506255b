//! The exchange room by its public behaviour: adapters, peers, responders, replies and erased types, all in this process.

mod boxed;
mod causes;
mod causes_in_stacks;
mod ext;
mod handler;
#[cfg(feature = "policies")]
mod load;
mod peer;
#[cfg(feature = "policies")]
mod policies;
mod reply;
mod respond;
mod responder;
mod traits;
mod unary;
#[cfg(feature = "mux")]
mod wire;

use futures_core::Stream;
use serde::Serialize;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tower::{Service, ServiceExt};
use tower_transport::BoxError;
use tower_transport::exchange::{Call, Item};
use tower_transport::message::{ErrorObject, Id, Message, code};

/// The id of every request here, and of no answer before an adapter has put it there.
const ID: u64 = 7;

fn request(method: &str) -> Message {
    Message::request(&Id::number(ID), method, &()).unwrap()
}

fn notification(params: impl Serialize) -> Message {
    Message::notification("notifications/message", &params).unwrap()
}

fn answer(result: impl Serialize) -> Message {
    Message::response(&Id::string("a handler's own"), &result).unwrap()
}

async fn call<S: Service<Call>>(service: &mut S, message: Message) -> Result<S::Response, S::Error> {
    service.ready().await?.call(Call::new(message)).await
}

async fn next<S: Stream + Unpin>(reply: &mut S) -> Option<S::Item> {
    within(poll_fn(|cx| Pin::new(&mut *reply).poll_next(cx))).await
}

/// A hang guard: it is there for a test that fails, not for one that passes.
async fn within<F: Future>(future: F) -> F::Output {
    let limit = std::time::Duration::from_secs(20);
    tokio::time::timeout(limit, future).await.expect("it hangs")
}

/// The rest of a reply, in short; an error ends the list, unless something follows it.
async fn rest<E: Into<BoxError>>(mut reply: impl Stream<Item = Result<Item, E>> + Unpin) -> Vec<String> {
    let mut items = Vec::new();
    while let Some(item) = next(&mut reply).await {
        items.push(item.map_or_else(|error| format!("failed: {}", error.into()), |item| short(&item)));
    }
    items
}

fn short(item: &Item) -> String {
    let payload = item.message().payload().unwrap_or_default();
    match item {
        Item::Notification(_) => format!("notification {payload}"),
        Item::Request(message, _) => format!("request {}", message.method().unwrap()),
        Item::Response(message) => format!("response {} to {}", payload, message.id().unwrap().as_str()),
    }
}

fn error_of(message: &Message) -> ErrorObject {
    message.decode().unwrap_or_else(|_| panic!("no error: {message:?}"))
}

#[track_caller]
fn assert_internal_error(message: &Message, says: &str) {
    let error = error_of(message);
    assert_eq!(error.code, code::INTERNAL_ERROR);
    assert!(error.message.contains(says), "{}", error.message);
}

/// Counts drops: a clone in a future tells when the future has gone.
#[derive(Debug, Clone, Default)]
struct Drops(Arc<AtomicUsize>);

struct Watch(Drops);

impl Drops {
    fn watch(&self) -> Watch {
        Watch(self.clone())
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::SeqCst);
    }
}
