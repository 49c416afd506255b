use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What a connection has counted since it began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Frames read, whatever they were.
    pub frames: u64,
    /// Frames that are no message. Each was logged and skipped; none is answered, as two peers would answer each other for ever.
    pub not_messages: u64,
    /// Frames over the size limit.
    pub too_large: u64,
    /// Responses to no call in flight: late, unknown or duplicate.
    pub late: u64,
    /// Notifications whose token or id names no call in flight.
    pub unknown_tokens: u64,
    /// Notifications that nobody listened to, dropped as the ring was full.
    pub strays_dropped: u64,
    /// Requests of the peer that were refused: too many at once, or nobody to answer.
    pub refused: u64,
    /// Exchanges that failed as their caller left too much unread.
    pub unread: u64,
}

macro_rules! counters {
    ($($name:ident),* $(,)?) => {
        #[derive(Debug, Default)]
        pub(super) struct Counters {
            $(pub(super) $name: AtomicU64,)*
        }

        impl Counters {
            pub(super) fn snapshot(&self) -> Stats {
                Stats { $($name: self.$name.load(Relaxed),)* }
            }
        }
    };
}

counters!(
    frames,
    not_messages,
    too_large,
    late,
    unknown_tokens,
    strays_dropped,
    refused,
    unread
);

/// Only the driver counts, so this need not be one indivisible step, which would cost as much as a lock.
pub(super) fn count(counter: &AtomicU64) {
    counter.store(counter.load(Relaxed) + 1, Relaxed);
}
