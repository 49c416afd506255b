use super::{Buffer, BufferPool, TooLarge};
use crate::BoxError;
use bytes::{Buf, Bytes};
use http_body::Body;
use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The room that an announced length makes before its bytes are there.
const BELIEVED: usize = 256 * 1024;

/// Puts the pieces of one message together, within a limit.
///
/// One piece alone is passed on as it is; only more than one are copied, into the pool's memory, so that nothing is taken of the pool for a
/// peer that has sent one piece and is silent.
///
/// However many they are, it holds no more than the limit and one block. Where they have to move to a larger place they are there twice, but
/// only while they are copied, and most allocators let such large places grow as they are.
pub struct Gather {
    buffer: Buffer,
    first: Bytes,
    limit: usize,
    expected: usize,
}

impl Gather {
    /// Gathers at most `limit` bytes.
    pub fn new(pool: &BufferPool, limit: usize) -> Gather {
        Gather {
            buffer: pool.buffer(),
            first: Bytes::new(),
            limit,
            expected: 0,
        }
    }

    /// Tells how many bytes are announced, so that they are given room once. At most 256 KiB are, before they are there.
    ///
    /// # Errors
    ///
    /// If they are over the limit.
    pub fn expect(&mut self, announced: u64) -> Result<(), TooLarge> {
        if announced > self.limit as u64 {
            return Err(TooLarge::new(self.limit, announced));
        }
        self.expected = usize::try_from(announced).map_or(BELIEVED, |announced| announced.min(BELIEVED));
        Ok(())
    }

    /// Appends a piece.
    ///
    /// # Errors
    ///
    /// If it does not fit within the limit. Nothing of it is taken then.
    pub fn push(&mut self, mut piece: impl Buf) -> Result<(), TooLarge> {
        let more = piece.remaining();
        if more > self.limit - self.len() {
            return Err(TooLarge::new(self.limit, self.len() as u64 + more as u64));
        }
        if self.is_empty() {
            self.first = piece.copy_to_bytes(more);
            return Ok(());
        }
        if self.buffer.is_empty() {
            self.buffer.reserve(self.expected.max(self.len() + more));
            self.buffer.extend_from_slice(&std::mem::take(&mut self.first));
        }
        self.buffer.reserve_within(more, self.limit);
        while piece.has_remaining() {
            let chunk = piece.chunk();
            let len = chunk.len();
            self.buffer.extend_from_slice(chunk);
            piece.advance(len);
        }
        Ok(())
    }

    /// All pieces in one.
    pub fn finish(&mut self) -> Bytes {
        if self.buffer.is_empty() {
            std::mem::take(&mut self.first)
        } else {
            self.buffer.split()
        }
    }

    /// The bytes gathered so far.
    pub fn len(&self) -> usize {
        // One of the two is empty.
        self.first.len() + self.buffer.len()
    }

    /// Whether nothing is gathered yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

// By hand: what is gathered may be secret, and large.
impl fmt::Debug for Gather {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gather")
            .field("len", &self.len())
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// Response future of [`BufferPool::gather`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Gathering<B> {
        #[pin]
        body: B,
        gather: Gather,
        announced: bool,
    }
}

impl<B> Gathering<B> {
    pub(super) const fn new(body: B, gather: Gather) -> Gathering<B> {
        Gathering {
            body,
            gather,
            announced: false,
        }
    }
}

impl<B> Future for Gathering<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Output = Result<Bytes, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if !*this.announced {
            *this.announced = true;
            this.gather.expect(this.body.size_hint().lower())?;
        }
        while let Some(frame) = ready!(this.body.as_mut().poll_frame(cx)) {
            // Trailers say nothing to those who gather.
            if let Ok(data) = frame.map_err(Into::into)?.into_data() {
                this.gather.push(data)?;
            }
        }
        Poll::Ready(Ok(this.gather.finish()))
    }
}

// By hand: bodies need have no `Debug`.
impl<B> fmt::Debug for Gathering<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gathering")
            .field("gather", &self.gather)
            .finish_non_exhaustive()
    }
}
