use std::fmt;

macro_rules! rules {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $why:literal;)+) => {
        /// One thing that every layer owes those above and below it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Rule {
            $($(#[$doc])* $variant,)+
        }

        impl Rule {
            /// All rules, in the order in which they are checked.
            pub const ALL: &[Rule] = &[$(Rule::$variant),+];

            /// Its name: that of the test which [`contract_suite!`](crate::contract_suite) makes of it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Rule::$variant => $name,)+
                }
            }

            /// What goes wrong without it.
            pub const fn why(self) -> &'static str {
                match self {
                    $(Rule::$variant => $why,)+
                }
            }
        }
    };
}

rules! {
    /// `poll_ready` may be called again after `Ready`, and reserves no more by it.
    ReadyRepeats = "poll_ready_may_be_repeated",
        "callers poll again whenever something else wakes them: each poll that reserves anew takes a slot that nobody gives back";
    /// `call` comes only after the inner service was ready, for this service and not for another clone of it.
    InnerReady = "inner_is_ready_before_it_is_called",
        "a call on a clone that was never readied panics under a concurrency limit, and an inner service that is never polled never gets ready";
    /// Items come out as the inner reply gave them, none lost, none added, and then the end.
    ItemsPass = "items_pass_unchanged_and_in_order",
        "a response that overtakes what was sent before it, or an item that is lost, cannot be mended by anybody above";
    /// Calls reach the inner service in the order in which they were made.
    CallOrder = "calls_reach_the_inner_service_in_order",
        "a notification must not overtake the request that it is about; a layer that delays calls in its future gives this up and says so, by `delays_calls`";
    /// A clone of a service that is ready is not ready itself.
    CloneUnready = "clone_starts_unready",
        "a clone that takes itself for ready calls an inner clone that is not, or uses one reservation twice";
    /// An error of the inner `poll_ready` comes out of the layer.
    ReadyError = "readiness_error_is_passed_on",
        "an error of `poll_ready` means dead for good: a layer that hides it leaves its callers waiting, or calling a corpse";
    /// Whoever got `Pending` is woken once there is something for it.
    Woken = "whoever_waits_is_woken",
        "a `Pending` without a waker hangs for ever, and only under load";
    /// Of several tasks that polled, the last one is woken.
    NewestWoken = "newest_waker_is_woken",
        "a future that is moved to another task, or polled in a `select!`, waits for ever if only its first task is woken";
    /// Whoever waits is not woken for nothing, again and again.
    NoSpin = "whoever_waits_does_not_spin",
        "a service that wakes its own task while it is full burns a core for as long as it is full";
    /// Dropping the call future drops the inner one at once.
    CallDropped = "dropped_call_drops_the_inner_call",
        "a drop is a cancel: what only stops waiting leaves the peer at work for nobody";
    /// Dropping the reply drops the inner one at once.
    ReplyDropped = "dropped_reply_drops_the_inner_reply",
        "a drop is a cancel: what only stops reading leaves the peer sending to nobody";
    /// After the last item is out the layer lets in as many calls as at first, also while the drained reply is held.
    ReleasedAtEnd = "released_once_the_reply_is_over",
        "a slot that outlives its reply is lost for as long as somebody keeps what is drained, and a reply without items is over when it begins";
    /// After an error the layer lets in as many calls as at first.
    ReleasedOnError = "released_after_an_error",
        "errors come in bursts: each that keeps a slot brings the service nearer to a full stop";
    /// After a call or a reply was dropped the layer lets in as many calls as at first.
    ReleasedOnDrop = "released_after_a_drop",
        "callers that give up are everyday: each that keeps a slot brings the service nearer to a full stop";
    /// A service that was readied and then dropped gives back what it reserved, its own slot and the inner one.
    IdleReleased = "idle_ready_service_gives_back_on_drop",
        "a caller that readied a clone and went away would hold its slot for ever";
    /// After a panic of the inner service the layer lets in as many calls as at first.
    ReleasedOnPanic = "released_after_a_panic",
        "a panic unwinds past every line that gives something back by hand: only guards that give back on drop hold";
    /// A waiter that is dropped leaves its turn to the next one.
    TurnPassedOn = "dropped_waiter_passes_its_turn_on",
        "a wake-up that reached a waiter which is then dropped is lost, and the slot stays free while others wait for it";
    /// A limit holds for exactly as long as it says, and for exactly so many calls.
    LimitHolds = "limit_holds_for_as_long_as_it_says",
        "a permit given back at the head of a reply, while its body still streams, limits nothing that lasts";
    /// All clones of a service share its limit.
    SharedByClones = "limit_is_shared_by_clones",
        "servers clone the service for every request: a limit for each clone is none";
    /// All services that one layer makes share its limit.
    SharedByLayer = "limit_is_shared_by_all_services_of_the_layer",
        "`axum::serve` rebuilds handler stacks for every connection: a limit that is made in `layer()` limits nothing";
    /// The reply tells of its end what the inner one tells.
    SizeHint = "size_hint_is_forwarded",
        "guards and servers go by it to know the last item: without it permits are held too long and bodies get no length";
    /// The inner error is in the chain of causes of what the layer fails with.
    ErrorCause = "errors_keep_their_cause",
        "whoever turns errors into answers, or decides on a retry, looks for the cause and finds none";
    /// The layer works without a runtime.
    NoRuntime = "works_without_a_runtime",
        "a layer that spawns or arms a timer panics where there is no runtime, often only in a `Drop` while one shuts down; \
         a layer that can't do without says so, by `needs_runtime`";
    /// When all is dropped, nothing is left: no task, no inner service, no call, no reply.
    NothingLeft = "nothing_outlives_its_owner",
        "one task or one map entry left for each connection is a leak that only a long run shows";
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
