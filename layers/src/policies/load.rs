use crate::reply::{Held, Reply, Streams};
use std::fmt;
use std::marker::PhantomData;
use tower::load::TrackCompletion;

/// Counts a call as load until its last item is out, not only until its first.
///
/// For [`tower::load::PendingRequests`] and [`tower::load::PeakEwma`], below tower's `balance`. Without it a call that streams counts for
/// nothing once the stream has begun, so the balancer piles calls onto whoever streams most. For
/// [`PeakEwma`](tower::load::PeakEwma), the latency of a call is then the time to its last item.
///
/// See the [module docs](super) for an example.
pub struct CompleteOnLastItem<K = Streams> {
    kind: PhantomData<fn() -> K>,
}

impl<K> CompleteOnLastItem<K> {
    /// Over services that answer with a stream, or with an HTTP response: `K` is inferred.
    pub const fn new() -> CompleteOnLastItem<K> {
        CompleteOnLastItem { kind: PhantomData }
    }
}

impl<H, R, K> TrackCompletion<H, R> for CompleteOnLastItem<K>
where
    R: Reply<K>,
{
    type Output = R::With<Held<R::Stream, H>>;

    fn track_completion(&self, handle: H, reply: R) -> Self::Output {
        reply.map_stream(|stream| Held::until_over::<K>(stream, handle))
    }
}

// By hand, all: the marker is no value, and need be none of these.
impl<K> Clone for CompleteOnLastItem<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for CompleteOnLastItem<K> {}

impl<K> Default for CompleteOnLastItem<K> {
    fn default() -> Self {
        CompleteOnLastItem::new()
    }
}

impl<K> fmt::Debug for CompleteOnLastItem<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CompleteOnLastItem")
    }
}
