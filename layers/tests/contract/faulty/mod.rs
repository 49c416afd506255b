//! A layer that is right, and can be made wrong in one point.
//!
//! It lets through two calls at once until their replies are over, and makes whoever comes after them wait.

mod future;
mod limit;
mod reply;
mod service;

pub(crate) use service::FaultyLayer;

pub(crate) const LIMIT: usize = 2;

/// The point in which the layer is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    // Readiness
    CallsFreshClone,
    IgnoresInnerPending,
    NeverPollsInner,
    WaitsWithoutPolling,
    ReservesAtEveryPoll,
    ReservesOnceMore,
    ReservesInnerTwice,
    ForgetsReadiness,
    CloneTakesItselfForReady,
    HidesReadyError,
    // Wakers
    ForgetsWakerWhenFull,
    ForgetsWakerOfFuture,
    ForgetsWakerOfReply,
    KeepsFirstWakerWhenFull,
    KeepsFirstWakerOfFuture,
    SpinsWhenFull,
    SpinsInReply,
    // Cancellation
    LetsPolledCallLive,
    LetsUnpolledCallLive,
    LetsReplyLive,
    // Release
    HoldsUntilReplyIsDropped,
    HoldsAfterEmptyReply,
    HoldsAfterError,
    LeaksOnDrop,
    GivesBackTwiceOnDrop,
    LeaksOnPanic,
    LeaksIdle,
    LeaksIdleInner,
    WakesNobodyWhenIdle,
    WakesOnlyOne,
    // The limit
    ReleasesAtHead,
    LimitsEachClone,
    LimitsEachService,
    LetsInOneMore,
    // Replies
    LosesItems,
    SwapsItems,
    EndsWhilePending,
    CallsInFuture,
    HidesSizeHint,
    HidesCause,
    HidesCauseOfCall,
    GivesErrorOfAnotherCall,
    // The rest
    ArmsTimer,
    LeavesInnerBehind,
    LeavesTaskBehind,
}

impl Fault {
    pub(crate) fn is(self, other: Fault) -> bool {
        self == other
    }
}
