//! Layers that break the contract: the suite must name the rule.

use crate::faulty::{Fault, FaultyLayer, LIMIT};
use tower_transport_layers::contract::{Rule, Suite};

/// What is broken, and all rules that it breaks. The first is the one that `run` names first.
const BROKEN: &[(Fault, &[Rule])] = &[
    (Fault::None, &[]),
    (Fault::ReservesAtEveryPoll, &[Rule::ReadyRepeats, Rule::InnerReady]),
    (Fault::ReservesOnceMore, &[Rule::ReadyRepeats, Rule::CloneUnready]),
    (Fault::ReservesInnerTwice, &[Rule::ReadyRepeats]),
    (Fault::ForgetsReadiness, &[Rule::ReadyRepeats]),
    // PITFALLS 1
    (Fault::CallsFreshClone, &[Rule::InnerReady]),
    (Fault::IgnoresInnerPending, &[Rule::InnerReady]),
    // PITFALLS 7
    (Fault::NeverPollsInner, &[Rule::InnerReady]),
    // PITFALLS 7
    (Fault::WaitsWithoutPolling, &[Rule::InnerReady]),
    (Fault::CloneTakesItselfForReady, &[Rule::CloneUnready]),
    (Fault::HidesReadyError, &[Rule::ReadyError]),
    // PITFALLS 6
    (Fault::ForgetsWakerWhenFull, &[Rule::Woken]),
    // PITFALLS 6
    (Fault::ForgetsWakerOfFuture, &[Rule::Woken]),
    // PITFALLS 6
    (Fault::ForgetsWakerOfReply, &[Rule::Woken]),
    (Fault::KeepsFirstWakerWhenFull, &[Rule::NewestWoken]),
    (Fault::KeepsFirstWakerOfFuture, &[Rule::NewestWoken]),
    // PITFALLS 6
    (Fault::SpinsWhenFull, &[Rule::NoSpin]),
    // PITFALLS 6
    (Fault::SpinsInReply, &[Rule::NoSpin]),
    // PITFALLS 11
    (Fault::LetsPolledCallLive, &[Rule::CallDropped, Rule::ReleasedOnPanic]),
    // PITFALLS 11
    (Fault::LetsUnpolledCallLive, &[Rule::CallDropped]),
    // PITFALLS 11
    (Fault::LetsReplyLive, &[Rule::ReplyDropped, Rule::ReleasedOnPanic]),
    (
        Fault::HoldsUntilReplyIsDropped,
        &[Rule::ReleasedAtEnd, Rule::ReleasedOnError],
    ),
    (Fault::HoldsAfterEmptyReply, &[Rule::ReleasedAtEnd]),
    // PITFALLS 3
    (Fault::HoldsAfterError, &[Rule::ReleasedOnError]),
    // PITFALLS 3
    (Fault::LeaksOnDrop, &[Rule::ReleasedOnDrop, Rule::ReleasedOnPanic]),
    (
        Fault::GivesBackTwiceOnDrop,
        &[Rule::ReleasedOnDrop, Rule::ReleasedOnPanic],
    ),
    (Fault::LeaksIdle, &[Rule::IdleReleased, Rule::ReleasedOnPanic]),
    (Fault::LeaksIdleInner, &[Rule::IdleReleased]),
    (Fault::WakesNobodyWhenIdle, &[Rule::IdleReleased]),
    // PITFALLS 3
    (Fault::LeaksOnPanic, &[Rule::ReleasedOnPanic]),
    // PITFALLS 14
    (Fault::WakesOnlyOne, &[Rule::TurnPassedOn]),
    // PITFALLS 3
    (Fault::ReleasesAtHead, &[Rule::LimitHolds]),
    (Fault::LetsInOneMore, &[Rule::LimitHolds]),
    // PITFALLS 2
    (Fault::LimitsEachClone, &[Rule::SharedByClones]),
    // PITFALLS 2
    (Fault::LimitsEachService, &[Rule::SharedByLayer]),
    (Fault::LosesItems, &[Rule::ItemsPass]),
    (Fault::EndsWhilePending, &[Rule::ItemsPass]),
    // PITFALLS 23
    (Fault::SwapsItems, &[Rule::ItemsPass, Rule::SizeHint]),
    (Fault::CallsInFuture, &[Rule::CallOrder]),
    (Fault::HidesSizeHint, &[Rule::SizeHint]),
    (Fault::HidesCause, &[Rule::ErrorCause]),
    (Fault::HidesCauseOfCall, &[Rule::ErrorCause]),
    (Fault::GivesErrorOfAnotherCall, &[Rule::ErrorCause]),
    // PITFALLS 34
    (Fault::ArmsTimer, &[Rule::NoRuntime]),
    // PITFALLS 43
    (Fault::LeavesInnerBehind, &[Rule::NothingLeft]),
    // PITFALLS 43
    (Fault::LeavesTaskBehind, &[Rule::NoRuntime, Rule::NothingLeft]),
];

#[test]
fn every_broken_layer_is_caught_by_its_rule_and_by_no_other() {
    let mut wrong = Vec::new();
    for &(fault, rules) in BROKEN {
        let breaches = Suite::new(move || FaultyLayer::new(fault)).limit(LIMIT).breaches();
        let seen: Vec<_> = breaches.iter().map(|breach| breach.rule()).collect();
        if seen != rules {
            wrong.push(format!("{fault:?}: {rules:?} expected, and seen {breaches:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_is_the_first_that_some_layer_breaks() {
    let first = |rule| BROKEN.iter().any(|(_, rules)| rules.first() == Some(&rule));
    let unproven: Vec<_> = Rule::ALL.iter().filter(|&&rule| !first(rule)).collect();
    assert_eq!(unproven, [&Rule::NothingLeft; 0]);
}
