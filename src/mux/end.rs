//! How a connection ends, and what may still come through before it does.

use super::Disconnected;
use super::driver::Driver;
use super::error::WriteStalled;
use super::slots::Server;
use crate::BoxError;
use crate::codec::Framing;
use crate::exchange::Exchange;
use crate::exchange::respond::{Fault, chain};
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::Context;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Sleep;

/// How a connection has ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum End {
    /// The peer closed its side, and all that it had asked for is answered.
    Eof,
    /// The peer closed its side, and some of its requests were still unanswered so long after.
    Unanswered(Duration),
    /// The last connection and the last reply were dropped.
    Dropped,
    /// Reading failed.
    Read(io::Error),
    /// Writing failed.
    Write(io::Error),
    /// The peer did not read for so long.
    WriteStalled(Duration),
    /// The handler is dead for good.
    Handler(BoxError),
}

/// The connection ends by itself: at the latest at the deadline.
pub(super) struct Ending {
    pub(super) end: End,
    pub(super) deadline: Pin<Box<Sleep>>,
    /// What the peer has already said may still be read.
    pub(super) reads: bool,
}

impl<R, W, H, F> Driver<R, W, H, F>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
    H: Exchange,
    F: Framing,
{
    /// What runs, or what the peer has already said, may still come through within the limit.
    pub(super) fn end_soon(&mut self, end: End, reads: bool) {
        let deadline = Box::pin(tokio::time::sleep(self.shared.bounds.drain));
        self.ending = Some(Ending { end, deadline, reads });
    }

    /// Whether the connection has ended by now, with nothing left to do.
    pub(super) fn ended(&mut self, cx: &mut Context<'_>) -> Option<End> {
        if let Some(server) = &mut self.server
            && let Some(error) = server.failed.take()
        {
            let fault = Fault::with_causes(&*error).may_have_run(false);
            for message in std::mem::take(&mut server.inbox) {
                if let Some(id) = message.id() {
                    server.requests -= 1;
                    let refusal = fault.message(&id);
                    self.refusal_bytes += refusal.wire_len();
                    self.refusals.push_back(refusal);
                }
            }
            if self.ending.is_none() {
                let end = End::Handler(error);
                self.shared.close(end.reason());
                self.asks.clear();
                self.end_soon(end, false);
            }
        }
        let quiet = self.refusals.is_empty() && self.writer.is_empty();
        if let Some(ending) = &mut self.ending {
            let idle = quiet && !ending.reads && self.server.as_ref().is_none_or(Server::is_idle);
            let late = ending.deadline.as_mut().poll(cx).is_ready();
            if !idle && !late {
                return None;
            }
            return self.ending.take().map(|ending| match ending.end {
                End::Eof if !idle => End::Unanswered(self.shared.bounds.drain),
                end => end,
            });
        }
        // What is queued from now on wakes the driver.
        if !quiet || !self.emptied {
            return None;
        }
        if self.closing && !self.writer.is_closed() {
            self.writer.close();
        }
        (self.unwanted && self.server.is_none()).then_some(End::Dropped)
    }
}

impl End {
    /// The reason that calls in flight fail with.
    pub fn reason(&self) -> Disconnected {
        match self {
            End::WriteStalled(limit) => Disconnected::new(WriteStalled(*limit)),
            other => Disconnected::new(Ended(other.to_string())),
        }
    }
}

#[derive(Debug)]
struct Ended(String);

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Ended {}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Eof => f.write_str("the peer closed the connection"),
            End::Unanswered(limit) => write!(
                f,
                "the peer closed the connection, and some of its requests were not answered within {limit:?} after that"
            ),
            End::Dropped => f.write_str("the connection was dropped on our side"),
            End::Read(error) => write!(f, "reading from the peer failed: {error}"),
            End::Write(error) => write!(f, "writing to the peer failed: {error}"),
            End::WriteStalled(limit) => WriteStalled(*limit).fmt(f),
            End::Handler(error) => write!(f, "the handler has failed for good: {}", chain(&**error)),
        }
    }
}
