//! A peer that is scripted line by line, and short forms of what every test does.

use futures_core::Stream;
use serde_json::Value;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf, duplex, split};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tower::{Service, ServiceExt};
use tower_transport::exchange::{Call, Exchange, Item, Reply};
use tower_transport::message::{Id, Message};
use tower_transport::mux::{Connection, End, Error, Items, Mux};

/// Longer than any bound of a mux, so whatever takes so long hangs.
const HANG: Duration = Duration::from_secs(600);
/// What is written after so long was not going to be written.
const QUIET: Duration = Duration::from_secs(1);
const PIPE: usize = 64 << 10;

/// The other end of a mux, by hand.
pub(crate) struct Wire {
    lines: Lines<BufReader<ReadHalf<DuplexStream>>>,
    write: Option<WriteHalf<DuplexStream>>,
}

impl Wire {
    fn new(io: DuplexStream) -> Wire {
        let (read, write) = split(io);
        Wire {
            lines: BufReader::new(read).lines(),
            write: Some(write),
        }
    }

    /// The next line as JSON; `None` when the mux closed its side.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        let line = within(self.lines.next_line()).await.expect("the wire can be read")?;
        Some(serde_json::from_str(&line).expect("the mux writes JSON"))
    }

    /// The next line as JSON.
    pub(crate) async fn recv(&mut self) -> Value {
        self.next().await.expect("one more line")
    }

    /// The id of the next line, which is a request of that method.
    pub(crate) async fn recv_request(&mut self, method: &str) -> u64 {
        let request = self.recv().await;
        assert_eq!(request["method"], method, "{request}");
        request["id"].as_u64().expect("a request has a number for an id")
    }

    /// Nothing (more) is written.
    pub(crate) async fn stays_quiet(&mut self) {
        if let Ok(line) = timeout(QUIET, self.lines.next_line()).await {
            panic!("nothing was to be written, but there came {line:?}");
        }
    }

    /// Writes text as it is.
    pub(crate) async fn send_raw(&mut self, text: &str) {
        let write = self.write.as_mut().expect("our side is open");
        within(write.write_all(text.as_bytes()))
            .await
            .expect("the wire can be written");
    }

    /// Writes messages, all in one piece.
    pub(crate) async fn send(&mut self, messages: &[Value]) {
        let text: String = messages.iter().map(|message| format!("{message}\n")).collect();
        self.send_raw(&text).await;
    }

    pub(crate) async fn result(&mut self, id: u64, result: Value) {
        self.send(&[response(id, result)]).await;
    }

    /// The side that the mux reads, for a task of its own.
    pub(crate) fn take_write(&mut self) -> WriteHalf<DuplexStream> {
        self.write.take().expect("our side is open")
    }

    /// Closes the side that the mux reads.
    pub(crate) async fn close_write(&mut self) {
        let mut write = self.take_write();
        write.shutdown().await.expect("the wire can be closed");
    }
}

/// A mux that calls a scripted peer.
pub(crate) fn client(mux: Mux) -> (Connection, Wire, JoinHandle<End>) {
    client_over(mux, PIPE)
}

/// The same with a pipe of so many bytes.
pub(crate) fn client_over(mux: Mux, pipe: usize) -> (Connection, Wire, JoinHandle<End>) {
    let (ours, theirs) = duplex(pipe);
    let (read, write) = split(ours);
    let (connection, driver) = mux.connect(read, write);
    (connection, Wire::new(theirs), tokio::spawn(driver))
}

/// A mux that serves a scripted peer.
pub(crate) fn server<H>(mux: Mux, handler: H) -> (Connection, Wire, JoinHandle<End>)
where
    H: Exchange + Send + 'static,
    H::Future: Send,
    H::Reply: Send,
{
    server_over(mux, PIPE, handler)
}

/// The same with a pipe of so many bytes.
pub(crate) fn server_over<H>(mux: Mux, pipe: usize, handler: H) -> (Connection, Wire, JoinHandle<End>)
where
    H: Exchange + Send + 'static,
    H::Future: Send,
    H::Reply: Send,
{
    let (ours, theirs) = duplex(pipe);
    let (read, write) = split(ours);
    let (connection, driver) = mux.serve(read, write, handler);
    (connection, Wire::new(theirs), tokio::spawn(driver))
}

/// Two muxes face to face: the calling side's connection.
pub(crate) fn pair<H>(client: Mux, server: Mux, pipe: usize, handler: H) -> Connection
where
    H: Exchange + Send + 'static,
    H::Future: Send,
    H::Reply: Send,
{
    let (ours, theirs) = duplex(pipe);
    let (read, write) = split(theirs);
    let (_, driver) = server.serve(read, write, handler);
    tokio::spawn(driver);
    let (read, write) = split(ours);
    let (connection, driver) = client.connect(read, write);
    tokio::spawn(driver);
    connection
}

/// Fails instead of hanging.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    timeout(HANG, future).await.expect("this hangs")
}

/// Readies a clone and makes the call, which is queued then.
pub(crate) async fn call(
    connection: &Connection,
    message: Message,
) -> impl Future<Output = Result<Reply<Items>, Error>> + Send + use<> {
    let mut connection = connection.clone();
    within(connection.ready()).await.expect("the connection lives");
    connection.call(Call::new(message))
}

/// The reply to a call that is expected to begin well.
pub(crate) async fn reply(connection: &Connection, message: Message) -> Reply<Items> {
    within(call(connection, message).await).await.expect("a first item")
}

pub(crate) async fn listen(connection: &Connection) -> Reply<Items> {
    let mut connection = connection.clone();
    within(connection.ready()).await.expect("the connection lives");
    within(connection.call(Call::listen()))
        .await
        .expect("listening opens at once")
}

/// The next item of a reply.
pub(crate) async fn next<S: Stream + Unpin>(reply: &mut S) -> Option<S::Item> {
    within(poll_fn(|cx| Pin::new(&mut *reply).poll_next(cx))).await
}

/// All items that are left, as `n`, `q` or `r` with their payload; a responder is dropped.
pub(crate) async fn drain<S, E>(reply: &mut S) -> Vec<String>
where
    S: Stream<Item = Result<Item, E>> + Unpin,
    E: std::fmt::Display,
{
    let mut items = Vec::new();
    while let Some(item) = next(reply).await {
        items.push(match item {
            Ok(item) => label(&item),
            Err(error) => format!("error: {error}"),
        });
    }
    items
}

pub(crate) fn label(item: &Item) -> String {
    let kind = match item {
        Item::Notification(_) => 'n',
        Item::Request(..) => 'q',
        Item::Response(_) => 'r',
    };
    format!("{kind} {}", item.message().payload().unwrap_or_default())
}

pub(crate) fn request(id: &str, method: &str) -> Message {
    Message::request(&Id::string(id), method, &()).expect("serialises")
}

pub(crate) fn request_with(id: &str, method: &str, params: &Value) -> Message {
    Message::request(&Id::string(id), method, params).expect("serialises")
}

pub(crate) fn notification(method: &str, params: &Value) -> Message {
    Message::notification(method, params).expect("serialises")
}

pub(crate) fn result(result: &Value) -> Message {
    Message::response(&Id::null(), result).expect("serialises")
}

pub(crate) fn response(id: u64, result: impl Into<Value>) -> Value {
    let result = result.into();
    serde_json::json!({"jsonrpc": "2.0", "id": id, "result": result})
}

pub(crate) fn progress(token: &Value, progress: u64) -> Value {
    serde_json::json!({
        "jsonrpc": "2.0",
        "method": "notifications/progress",
        "params": {"progressToken": token, "progress": progress},
    })
}

/// Polls a condition until it holds, as other tasks have to run first.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(HANG, wait)
        .await
        .unwrap_or_else(|_| panic!("never came true: {what}"));
}

/// Nothing is in flight any more, on neither side.
pub(crate) async fn settled(connection: &Connection) {
    eventually("nothing is left in the tables", || connection.in_flight() == (0, 0)).await;
}
