//! A connection whose peer is scripted line by line.

use super::within;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf, duplex, split};
use tokio::task::JoinHandle;
use tower_transport::mux::{Connection, End, Mux};

pub(crate) struct Peer {
    pub(crate) connection: Connection,
    lines: Lines<BufReader<ReadHalf<DuplexStream>>>,
    write: WriteHalf<DuplexStream>,
    driver: JoinHandle<End>,
}

pub(crate) fn peer() -> Peer {
    let (ours, theirs) = duplex(64 << 10);
    let (read, write) = split(ours);
    let (connection, driver) = Mux::new().max_message_size(Peer::LIMIT).connect(read, write);
    let (read, their_write) = split(theirs);
    Peer {
        connection,
        lines: BufReader::new(read).lines(),
        write: their_write,
        driver: tokio::spawn(driver),
    }
}

impl Peer {
    /// The most bytes that a message may have.
    pub(crate) const LIMIT: usize = 4096;

    pub(crate) async fn read_line(&mut self) -> Value {
        let line = within(self.lines.next_line()).await.unwrap().expect("a line");
        serde_json::from_str(&line).unwrap()
    }

    pub(crate) async fn write_line(&mut self, message: &Value) {
        self.write.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }

    /// Closes the peer's side, and waits until that was noticed.
    pub(crate) async fn hang_up(&mut self) {
        self.write.shutdown().await.unwrap();
        within(&mut self.driver).await.unwrap();
    }
}
