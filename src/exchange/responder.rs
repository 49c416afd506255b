use crate::message::{Id, Kind, Message, code};
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The way to answer one request of the peer.
///
/// Room for the one answer was reserved with the request, so [`respond`](Responder::respond) neither waits nor fails for want of it.
/// A responder works after the exchange that yielded it has ended, as long as the wire lives. Dropped unanswered, it sends a
/// JSON-RPC error, so that nobody hangs.
pub struct Responder {
    asker: Option<Arc<dyn Asker>>,
    key: u64,
    limit: usize,
}

/// What stands behind a [`Responder`]: the wire edge that read the request, or whoever asked in this process.
///
/// Each key has one responder. The asker puts its own id on the answer, whatever id the answer has.
pub trait Asker: Send + Sync {
    /// Takes the one answer, a result or an error.
    ///
    /// # Errors
    ///
    /// [`Gone`] when nobody waits for it any more.
    fn respond(&self, key: u64, answer: Message) -> Result<(), Gone>;

    /// Takes a notification that belongs to the request, when there is room for it. It is taken out of the option on `Ready(Ok)`.
    ///
    /// # Errors
    ///
    /// [`Gone`] when nobody waits for it any more.
    fn poll_notify(&self, key: u64, cx: &mut Context<'_>, notification: &mut Option<Message>)
    -> Poll<Result<(), Gone>>;

    /// Ready when the asker gave up on the request.
    fn poll_closed(&self, key: u64, cx: &mut Context<'_>) -> Poll<()>;
}

/// Nobody waits for the answer any more: the asker gave up, or the wire has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone(());

/// Why an answer was not taken.
#[derive(Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// Nobody waits for the answer any more.
    Gone,
    /// The message is a request or a notification.
    NotAnAnswer,
    /// The answer is over the limit of a layer. The asker got an error instead.
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
        /// The size of the answer, in bytes.
        size: usize,
    },
}

impl Responder {
    /// A responder for the request that `asker` knows by `key`.
    pub fn new(asker: Arc<dyn Asker>, key: u64) -> Responder {
        Responder {
            asker: Some(asker),
            key,
            limit: usize::MAX,
        }
    }

    /// Answers with a result or an error. The answer's id is set to the one that the asker used.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when nobody waits any more, when the message is not an answer, or when it is over the limit. In the last two
    /// cases the asker gets a JSON-RPC error.
    pub fn respond(mut self, answer: Message) -> Result<(), Refusal> {
        if !matches!(answer.kind(), Kind::Response | Kind::Error) {
            return Err(Refusal::NotAnAnswer);
        }
        let size = answer.wire_len();
        if size > self.limit {
            let limit = self.limit;
            self.fail(&format!("the answer has {size} bytes, the limit is {limit}"));
            return Err(Refusal::TooLarge { limit, size });
        }
        match self.asker.take() {
            Some(asker) => asker.respond(self.key, answer).map_err(|Gone(())| Refusal::Gone),
            None => Err(Refusal::Gone),
        }
    }

    /// Answers with a JSON-RPC error.
    ///
    /// # Errors
    ///
    /// [`Refusal::Gone`] when nobody waits any more.
    pub fn refuse(self, code: i64, message: &str) -> Result<(), Refusal> {
        self.respond(Message::error(&Id::null(), code, message))
    }

    /// Sends a notification that belongs to the request (progress, say), and waits until there is room for it.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when nobody waits any more, or when the message is not a notification.
    ///
    /// # Cancel safety
    ///
    /// A notification whose future is dropped before it resolves is not sent. The responder may still answer.
    pub async fn notify(&mut self, notification: Message) -> Result<(), Refusal> {
        if notification.kind() != Kind::Notification {
            return Err(Refusal::NotAnAnswer);
        }
        let mut notification = Some(notification);
        std::future::poll_fn(|cx| self.poll_notify(cx, &mut notification)).await
    }

    /// The polled form of [`notify`](Responder::notify): the notification is taken out of the option when there was room for it.
    ///
    /// # Errors
    ///
    /// [`Refusal::Gone`] when nobody waits any more.
    pub fn poll_notify(
        &mut self,
        cx: &mut Context<'_>,
        notification: &mut Option<Message>,
    ) -> Poll<Result<(), Refusal>> {
        match &self.asker {
            Some(asker) => asker
                .poll_notify(self.key, cx, notification)
                .map(|sent| sent.map_err(|Gone(())| Refusal::Gone)),
            None => Poll::Ready(Err(Refusal::Gone)),
        }
    }

    /// Waits until the asker gives up on the request. Then nobody reads the answer.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is lost, and the next call waits on.
    pub async fn closed(&mut self) {
        std::future::poll_fn(|cx| self.poll_closed(cx)).await;
    }

    /// The polled form of [`closed`](Responder::closed).
    pub fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &self.asker {
            Some(asker) => asker.poll_closed(self.key, cx),
            None => Poll::Ready(()),
        }
    }

    /// Refuses answers over `max` bytes from now on. The tightest limit holds.
    pub(super) fn limit(&mut self, max: usize) {
        self.limit = self.limit.min(max);
    }

    fn fail(&mut self, why: &str) {
        if let Some(asker) = self.asker.take() {
            // The asker may have gone; then there is nobody to tell.
            let _gone = asker.respond(self.key, Message::error(&Id::null(), code::INTERNAL_ERROR, why));
        }
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        self.fail("the request was dropped unanswered");
    }
}

impl fmt::Debug for Responder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Responder")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl Gone {
    /// For the implementations of [`Asker`].
    #[allow(clippy::new_without_default)]
    pub fn new() -> Gone {
        Gone(())
    }
}

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody waits for the answer any more")
    }
}

impl std::error::Error for Gone {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Gone => Gone(()).fmt(f),
            Refusal::NotAnAnswer => f.write_str("only a result or an error answers a request"),
            Refusal::TooLarge { limit, size } => write!(f, "the answer has {size} bytes, the limit is {limit}"),
        }
    }
}

impl std::error::Error for Refusal {}
