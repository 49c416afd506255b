//! How what is queued is written.

use super::driver::{CHUNK, Driver};
use super::end::End;
use super::state::Outgoing;
use crate::codec::Framing;
use crate::exchange::Exchange;
use crate::message::Id;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite};

/// Above so many bytes that wait to be written, calls and handlers wait.
pub(super) const WRITE_HIGH: usize = 128 << 10;
/// Refusals and cancels that may wait to be written, in bytes; over it the reader pauses.
const REFUSALS: usize = 1 << 20;
/// What a cancel takes on the wire, about.
const CANCEL: usize = 128;

impl<R, W, H, F> Driver<R, W, H, F>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
    H: Exchange,
    F: Framing,
{
    /// Moves what is queued to the write buffer, as far as it has room.
    pub(super) fn fill(&mut self) {
        while self.writer.pending() < WRITE_HIGH {
            if let Some(refusal) = self.refusals.pop_front() {
                self.refusal_bytes -= refusal.wire_len();
                self.writer.push(self.reader.framing(), &refusal);
                continue;
            }
            if !self.queued.rings() {
                self.emptied = true;
                return;
            }
            let room = WRITE_HIGH - self.writer.pending();
            let mut state = self.shared.lock();
            if self.writer.is_closed() {
                self.unwanted = state.orphaned && state.asked.in_use() == 0;
                self.emptied = true;
                state.alarm.silence();
                return;
            }
            state.take_outgoing(CHUNK, room, &mut self.outgoing, &mut self.after);
            self.closing |= state.close_asked;
            self.unwanted = state.orphaned && state.asked.in_use() == 0;
            let emptied = state.queue.is_empty() && state.control.is_empty();
            if emptied {
                state.alarm.silence();
            }
            drop(state);
            self.after.run();
            for outgoing in self.outgoing.drain(..) {
                let message = match outgoing {
                    Outgoing::Message(message) => message,
                    Outgoing::WithToken(message, at, wire) => message.splice(at, Id::number(wire.into()).as_bytes()),
                    Outgoing::Cancel(wire) => self.shared.protocol.cancel(wire),
                };
                self.writer.push(self.reader.framing(), &message);
            }
            if emptied {
                self.emptied = true;
                return;
            }
        }
        self.emptied = false;
    }

    /// Writes; `Err` when the connection has ended with it.
    pub(super) fn write(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        if self.writer.is_empty() {
            return Ok(());
        }
        let before = self.writer.pending();
        match self.writer.poll_write(cx) {
            Poll::Ready(Ok(())) => {
                self.stall.is_over();
                return Ok(());
            }
            Poll::Ready(Err(error)) => {
                self.writer.close();
                let end = End::Write(error);
                if self.server.is_some() || self.ending.is_some() {
                    return Err(end);
                }
                // The peer may have answered before it went, so what it said is read first. What is queued meanwhile is never sent, and fails
                // with the rest, for the reason that is known by then.
                self.end_soon(end, true);
                return Ok(());
            }
            Poll::Pending => {}
        }
        match self.stall.poll(cx, self.writer.pending() < before) {
            Poll::Ready(()) => Err(End::WriteStalled(self.stall.limit())),
            Poll::Pending => Ok(()),
        }
    }

    pub(super) fn refusal_room(&self) -> usize {
        if self.writer.pending() < WRITE_HIGH {
            // The cancels have all gone into the buffer.
            return REFUSALS.saturating_sub(self.refusal_bytes);
        }
        let cancels = self.shared.lock().control.len() * CANCEL;
        REFUSALS.saturating_sub(self.refusal_bytes + cancels)
    }
}
