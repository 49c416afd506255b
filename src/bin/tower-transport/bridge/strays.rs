use futures_core::Stream;
use std::future::poll_fn;
use std::pin::pin;
use tokio::task::JoinSet;
use tower_transport::exchange::{ExchangeExt, Item, Responder};
use tower_transport::message::{Message, code};
use tower_transport::mux::{Connection, Items};

/// Hands what a server says outside of its answers to the client, and the client's answers back, until the server has no more to say.
///
/// The client's edge bounds the requests that wait for it; one more is refused.
pub(super) async fn forward(strays: Items, mut client: Connection) {
    let mut strays = pin!(strays);
    let mut asked = JoinSet::new();
    loop {
        let item = tokio::select! {
            item = poll_fn(|cx| strays.as_mut().poll_next(cx)) => item,
            Some(_) = asked.join_next() => continue,
        };
        match item {
            None | Some(Err(_)) => break,
            Some(Ok(Item::Notification(message))) => {
                if let Err(error) = client.notify(message).await {
                    tracing::warn!("a notification of the child was not handed on: {error}");
                }
            }
            Some(Ok(Item::Request(request, responder))) => {
                asked.spawn(ask(client.clone(), request, responder));
            }
            Some(Ok(Item::Response(_))) => {}
        }
    }
    // What has been asked is still answered, although nothing more is.
    while asked.join_next().await.is_some() {}
}

async fn ask(mut client: Connection, request: Message, mut responder: Responder) {
    let answer = tokio::select! {
        answer = client.request(request) => answer,
        // Dropping the request tells the client that its answer is not wanted any more.
        () = responder.closed() => return,
    };
    // The child may have gone meanwhile, and then nobody is left to be told.
    let _gone = match answer {
        Ok(answer) => responder.respond(answer),
        Err(error) => responder.refuse(code::INTERNAL_ERROR, &error.to_string()),
    };
}
