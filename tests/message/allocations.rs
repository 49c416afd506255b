use bytes::{Bytes, BytesMut};
use counting::allocations;
use tower_transport::layers::buffer_pool::BufferPool;
use tower_transport::message::{Id, Message};

#[path = "../support/counting.rs"]
mod counting;

#[test]
fn reading_looking_up_and_forwarding_allocate_nothing() {
    // PITFALLS 55
    let text = r#"{"jsonrpc":"2.0","id":"0b5a6a4e-7d0f-4b3a-9b8e-2f1d3c4b5a69","method":"tools/call","params":{"name":"x\n","_meta":{"progressToken":1},"n":[1.5,null]}}"#;
    let block = BytesMut::from(text).freeze();
    let frame: Bytes = block.slice(..);
    let mut out = BytesMut::with_capacity(4096);

    let before = allocations();
    for number in 0..100 {
        let message = Message::parse(frame.clone()).unwrap();
        assert!(message.id().is_some() && message.method().is_some());
        assert!(message.find(&["_meta", "progressToken"]).unwrap().is_some());
        assert!(message.find(&["_meta", "absent"]).unwrap().is_none());
        let message = message.with_id(Id::number(number)).on_one_line();
        assert_eq!(message.segments()[1], message.id_bytes().unwrap());
        assert!(!message.clone().tail().is_empty());
        out.clear();
        message.write_to(&mut out);
        assert_eq!(Message::id_in_prefix(&out[..100]).id, message.id());
    }
    assert_eq!(allocations() - before, 0);
}

#[test]
fn building_into_a_pooled_buffer_allocates_nothing() {
    let mut pool = BytesMut::with_capacity(64 << 10);
    // A first split makes the block a shared one, once.
    drop(Message::notification_in(&mut pool, "warm", &()).unwrap());
    let before = allocations();
    for number in 0..200 {
        let id = Id::number(number);
        drop(Message::request_in(&mut pool, &id, "tools/call", &[("name", "x\n")]).unwrap());
        drop(Message::response_in(&mut pool, &id, &"done").unwrap());
        drop(Message::error_in(&mut pool, &id, -32603, "no"));
    }
    assert_eq!(allocations() - before, 0);
}

#[test]
fn building_into_a_buffer_of_a_pool_allocates_nothing_however_many_messages_it_was_used_for() {
    let pool = BufferPool::new(4096, 2).unwrap();
    let mut out = pool.buffer();
    let mut build = |number| {
        let id = Id::number(number);
        let request = Message::request_in(&mut out, &id, "tools/call", &[("name", "x\n")]).unwrap();
        assert_eq!(request.payload(), Some(r#"[["name","x\n"]]"#));
        drop(Message::notification_in(&mut out, "note", &()).unwrap());
        let response = Message::response_in(&mut out, &id, &"done").unwrap();
        assert_eq!(response.payload(), Some(r#""done""#));
        drop(Message::error_in(&mut out, &id, -32603, "no"));
    };
    (0..100).for_each(&mut build);
    let before = allocations();
    (0..10_000).for_each(build);
    assert_eq!(allocations() - before, 0);
    assert_eq!(pool.stats().oversized, 0);
}
