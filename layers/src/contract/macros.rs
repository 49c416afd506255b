/// Makes a module of tests of a [`Suite`](crate::contract::Suite), one for each [`Rule`](crate::contract::Rule), so that a failure is named in
/// the list of tests.
///
/// The suite is an expression in the scope of the module around, and is evaluated anew for each test.
///
/// ```
/// use std::time::Duration;
/// use tower::timeout::TimeoutLayer;
/// use tower_transport_layers::contract::Suite;
/// use tower_transport_layers::contract_suite;
///
/// contract_suite!(timeout, Suite::new(|| TimeoutLayer::new(Duration::from_secs(1))).needs_runtime());
/// // Makes `timeout::inner_is_ready_before_it_is_called`, and so on.
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! contract_suite {
    ($(#[$attribute:meta])* $name:ident, $suite:expr $(,)?) => {
        $crate::contract_suite! {
            @tests $(#[$attribute])* $name, $suite,
            poll_ready_may_be_repeated ReadyRepeats
            inner_is_ready_before_it_is_called InnerReady
            items_pass_unchanged_and_in_order ItemsPass
            calls_reach_the_inner_service_in_order CallOrder
            clone_starts_unready CloneUnready
            readiness_error_is_passed_on ReadyError
            whoever_waits_is_woken Woken
            newest_waker_is_woken NewestWoken
            whoever_waits_does_not_spin NoSpin
            dropped_call_drops_the_inner_call CallDropped
            dropped_reply_drops_the_inner_reply ReplyDropped
            released_once_the_reply_is_over ReleasedAtEnd
            released_after_an_error ReleasedOnError
            released_after_a_drop ReleasedOnDrop
            idle_ready_service_gives_back_on_drop IdleReleased
            released_after_a_panic ReleasedOnPanic
            dropped_waiter_passes_its_turn_on TurnPassedOn
            limit_holds_for_as_long_as_it_says LimitHolds
            limit_is_shared_by_clones SharedByClones
            limit_is_shared_by_all_services_of_the_layer SharedByLayer
            size_hint_is_forwarded SizeHint
            errors_keep_their_cause ErrorCause
            works_without_a_runtime NoRuntime
            nothing_outlives_its_owner NothingLeft
        }
    };
    (@tests $(#[$attribute:meta])* $name:ident, $suite:expr, $($test:ident $rule:ident)+) => {
        $(#[$attribute])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            /// The rules of which there are tests.
            #[allow(dead_code)]
            pub(super) const RULES: &[$crate::contract::Rule] = &[$($crate::contract::Rule::$rule),+];

            $(
                #[test]
                fn $test() {
                    ($suite).check($crate::contract::Rule::$rule);
                }
            )+
        }
    };
}
