//! temporary
#![allow(missing_docs)]
use tower_transport::BoxError;
use tower_transport::exchange::{Call, Exchange, ExchangeExt, Item, Peer, handler_fn, unary};
use tower_transport::message::{Id, Message};
use tower_transport::mux::Mux;

#[tokio::test]
async fn echo() {
    let (ours, theirs) = tokio::io::duplex(4096);
    let echo = unary(|request: Message| async move {
        Message::response(&Id::null(), &request.payload().map(str::len)).map_err(BoxError::from)
    });
    let (r, w) = tokio::io::split(theirs);
    let (_c, driver) = Mux::new().serve(r, w, echo);
    tokio::spawn(driver);
    let (r, w) = tokio::io::split(ours);
    let (peer, driver) = Mux::new().connect(r, w);
    tokio::spawn(driver);
    let mut tasks = Vec::new();
    for i in 0..500u64 {
        let mut peer = peer.clone();
        tasks.push(tokio::spawn(async move {
            let a = peer
                .request(Message::request(&Id::number(i), "tools/list", &"x".repeat(i as usize)).unwrap())
                .await
                .unwrap();
            assert_eq!(a.id(), Some(Id::number(i)));
            assert_eq!(a.payload(), Some(&*(i + 2).to_string()));
        }));
    }
    for t in tasks {
        t.await.unwrap();
    }
    assert_eq!(peer.in_flight(), (0, 0));
}
#[tokio::test]
async fn peer_requests() {
    let (ours, theirs) = tokio::io::duplex(4096);
    let h = handler_fn(|call: Call, peer: Peer| async move {
        let m = call.message().unwrap().clone();
        peer.notify(
            Message::notification(
                "notifications/progress",
                &serde_json::json!({"progressToken": 77, "progress": 1}),
            )
            .unwrap(),
        )
        .await?;
        let a = peer
            .request(Message::request(&Id::number(1), "sampling/createMessage", &()).unwrap())
            .await?;
        Ok::<_, BoxError>(Some(
            Message::response(&m.id().unwrap(), &serde_json::json!({"got": a.payload()})).unwrap(),
        ))
    });
    let (r, w) = tokio::io::split(theirs);
    let (_c, driver) = Mux::new().serve(r, w, h);
    tokio::spawn(driver);
    let (r, w) = tokio::io::split(ours);
    let (mut peer, driver) = Mux::new().connect(r, w);
    tokio::spawn(driver);
    use tower::{Service, ServiceExt};
    let reply = peer
        .ready()
        .await
        .unwrap()
        .call(Call::new(
            Message::request(&Id::string("a"), "x", &serde_json::json!({})).unwrap(),
        ))
        .await
        .unwrap();
    let mut reply = std::pin::pin!(reply);
    let mut n = 0;
    while let Some(item) = std::future::poll_fn(|cx| futures_core::Stream::poll_next(reply.as_mut(), cx)).await {
        match item.unwrap() {
            Item::Notification(m) => println!("N {:?}", m.payload()),
            Item::Request(m, r) => {
                println!("Q {:?} {:?}", m.method(), m.id());
                r.respond(Message::response(&Id::null(), &"yes").unwrap()).unwrap();
            }
            Item::Response(m) => println!("R {:?} {:?}", m.id(), m.payload()),
        }
        n += 1;
    }
    println!("{:?}", peer.stats());
    assert_eq!(n, 2);
}
