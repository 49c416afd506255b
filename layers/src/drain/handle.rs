use super::Left;
use super::gate::Gate;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Ends the work of all services of one [`DrainLayer`](super::DrainLayer). See the [module docs](super) for an example.
///
/// Clones do the same. Dropped, it changes nothing.
#[derive(Debug, Clone)]
pub struct DrainHandle {
    gate: Arc<Gate>,
}

impl DrainHandle {
    pub(super) const fn new(gate: Arc<Gate>) -> DrainHandle {
        DrainHandle { gate }
    }

    /// Lets no more calls in, and waits until those that run are over: to the last item of each reply, or until it is dropped.
    ///
    /// No call is let in from now on, whether the future is polled or not, and for good. The time counts from its first poll. Any number of
    /// drains may wait, one after the other or at once.
    ///
    /// # Errors
    ///
    /// [`Left`] if some were still running when `within` had passed. They go on, unless they are [interrupted](DrainHandle::interrupt), and
    /// another drain may wait for them.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it only stops waiting.
    pub fn drain(&self, within: Duration) -> impl Future<Output = Result<(), Left>> + Send + use<> {
        self.stop();
        let gate = self.gate.clone();
        async move {
            match timeout(within, gate.over()).await {
                Ok(()) => Ok(()),
                Err(_) => Err(Left::new(gate.in_flight(), within)),
            }
        }
    }

    /// Lets no more calls in, for good.
    pub fn stop(&self) {
        self.gate.close();
    }

    /// Fails what runs with [`Interrupted`](super::Interrupted), and lets no more calls in.
    ///
    /// Each call is woken, and ends when it is polled: what is inside is dropped, which cancels it. One that nobody polls goes on being
    /// counted, until it is dropped.
    pub fn interrupt(&self) {
        self.gate.interrupt();
    }

    /// How many calls run: from `call` to the last item of the reply.
    pub fn in_flight(&self) -> usize {
        self.gate.in_flight()
    }

    /// Whether calls are refused.
    pub fn is_draining(&self) -> bool {
        self.gate.is_draining()
    }
}
