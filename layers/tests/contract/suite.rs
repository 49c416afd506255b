//! What the suite says, and what it is told.

use crate::faulty::{Fault, FaultyLayer, LIMIT};
use std::time::Duration;
use tower::buffer::BufferLayer;
use tower::limit::{ConcurrencyLimitLayer, GlobalConcurrencyLimitLayer};
use tower::load_shed::LoadShedLayer;
use tower::timeout::TimeoutLayer;
use tower_layer::{Identity, Stack};
use tower_transport_layers::contract::{Breach, Request, Rule, Suite};
use tower_transport_layers::contract_suite;

contract_suite!(faultless, Suite::new(|| FaultyLayer::new(Fault::None)).limit(LIMIT));
contract_suite!(
    refuses_when_full,
    Suite::new(|| Stack::new(GlobalConcurrencyLimitLayer::new(2), LoadShedLayer::new()))
        .limit_until_first_item(2)
        .always_ready()
);

fn rules(breaches: &[Breach]) -> Vec<Rule> {
    breaches.iter().map(Breach::rule).collect()
}

#[test]
fn macro_makes_a_test_of_every_rule() {
    assert_eq!(faultless::RULES, Rule::ALL);
}

#[test]
fn breach_names_the_rule_what_was_seen_and_why_it_matters() {
    let suite = Suite::new(|| FaultyLayer::new(Fault::HidesSizeHint)).limit(LIMIT);
    let message = suite.breach(Rule::SizeHint).unwrap().to_string();
    assert_eq!(
        message,
        "the layer breaks the rule `size_hint_is_forwarded`\n  \
         seen: after 0 of 3 items the inner reply told (3, Some(3)), and the layer's told (0, None)\n  \
         why it matters: guards and servers go by it to know the last item: without it permits are held too long and bodies get no length"
    );
}

#[test]
#[should_panic(expected = "the layer breaks the rule `size_hint_is_forwarded`")]
fn run_panics_with_the_breach() {
    Suite::new(|| FaultyLayer::new(Fault::HidesSizeHint)).limit(LIMIT).run();
}

#[test]
#[should_panic(expected = "the layer breaks the rule `size_hint_is_forwarded`")]
fn check_panics_with_the_breach() {
    let suite = Suite::new(|| FaultyLayer::new(Fault::HidesSizeHint)).limit(LIMIT);
    suite.check(Rule::ErrorCause);
    suite.check(Rule::SizeHint);
}

// PITFALLS 2 and 3: what tower's limit is not.
#[test]
fn limit_that_is_taken_for_more_than_it_is_breaks_the_rules_on_limits() {
    let until_over = Suite::new(|| GlobalConcurrencyLimitLayer::new(2)).limit(2).breaches();
    assert_eq!(rules(&until_over), [Rule::LimitHolds]);
    let per_service = Suite::new(|| ConcurrencyLimitLayer::new(2))
        .limit_until_first_item(2)
        .breaches();
    assert_eq!(rules(&per_service), [Rule::SharedByLayer]);
    let other_number = Suite::new(|| GlobalConcurrencyLimitLayer::new(2))
        .limit_until_first_item(1)
        .breaches();
    assert!(rules(&other_number).contains(&Rule::LimitHolds));
}

#[test]
fn limit_that_the_suite_is_not_told_of_breaks_a_rule() {
    // Most of the rules that it breaks are not about limits.
    for rule in [Rule::LimitHolds, Rule::ReadyRepeats, Rule::ReleasedOnDrop] {
        let untold = Suite::new(|| FaultyLayer::new(Fault::None)).breach(rule).unwrap();
        assert!(untold.seen().ends_with("tells the suite so, by `limit`"), "{untold}");
    }
}

#[test]
fn timer_without_a_runtime_is_named_as_such() {
    let breaches = Suite::new(|| TimeoutLayer::new(Duration::from_secs(1))).breaches();
    assert_eq!(rules(&breaches), [Rule::NoRuntime]);
    assert!(breaches[0].seen().contains("no reactor running"), "{}", breaches[0]);
    assert!(
        breaches[0].to_string().ends_with("says so, by `needs_runtime`"),
        "{}",
        breaches[0]
    );
}

#[test]
fn layer_that_is_ready_before_the_inner_one_says_so() {
    assert!(rules(&Suite::new(LoadShedLayer::new).breaches()).contains(&Rule::InnerReady));
    let buffer = || BufferLayer::<Request>::new(8);
    assert!(rules(&Suite::new(buffer).needs_runtime().breaches()).contains(&Rule::InnerReady));
    // Nor is what queues a layer that refuses, nor what refuses one that queues.
    assert!(rules(&Suite::new(buffer).needs_runtime().always_ready().breaches()).contains(&Rule::InnerReady));
    assert!(rules(&Suite::new(LoadShedLayer::new).queues().breaches()).contains(&Rule::InnerReady));
}

// PITFALLS 7
#[test]
fn layer_that_never_polls_the_inner_one_is_told_so() {
    let breaches = Suite::new(|| FaultyLayer::new(Fault::WaitsWithoutPolling))
        .limit(LIMIT)
        .breaches();
    assert_eq!(rules(&breaches), [Rule::InnerReady]);
    assert_eq!(
        breaches[0].seen(),
        "its `poll_ready` was pending without polling the inner one"
    );
}

#[test]
fn layer_need_not_be_clone_if_it_says_so() {
    #[derive(Debug)]
    struct Unclone<S>(S);

    impl<S: tower::Service<R>, R> tower::Service<R> for Unclone<S> {
        type Response = S::Response;
        type Error = S::Error;
        type Future = S::Future;

        fn poll_ready(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), S::Error>> {
            self.0.poll_ready(cx)
        }

        fn call(&mut self, request: R) -> S::Future {
            self.0.call(request)
        }
    }

    Suite::new(|| tower_layer::layer_fn(Unclone)).not_clone().run();
    let limit = || Stack::new(ConcurrencyLimitLayer::new(2), tower_layer::layer_fn(Unclone));
    Suite::new(limit)
        .limit_until_first_item(2)
        .limit_per_service()
        .not_clone()
        .run();
}

#[test]
fn what_a_layer_says_of_itself_lifts_the_rule_and_no_other() {
    let faulty = |fault| Suite::new(move || FaultyLayer::new(fault)).limit(LIMIT);
    faulty(Fault::HidesSizeHint).own_size_hint().run();
    faulty(Fault::CallsInFuture).delays_calls().run();
    faulty(Fault::HidesCause).answers_errors().run();
    faulty(Fault::ArmsTimer).needs_runtime().run();
    faulty(Fault::LimitsEachService).limit_per_service().run();
}

#[test]
#[should_panic(expected = "a limit of 0 lets nothing through")]
fn limit_of_zero_is_refused() {
    let _suite = Suite::new(Identity::new).limit(0);
}

#[test]
#[should_panic(expected = "the limit comes first")]
fn limit_per_service_without_a_limit_is_refused() {
    let _suite = Suite::new(Identity::new).limit_per_service();
}
