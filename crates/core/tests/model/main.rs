//! Every interleaving of dispatchers, supervisors, workers, an operator and crashes on a small board, over the core's own
//! functions; and proof that the search would notice if a rule were broken.

#![expect(clippy::expect_used, reason = "a test that cannot go on should stop")]

mod action;
mod cut_off;
mod line;
mod rules;
mod world;

use std::collections::BTreeSet;

use andon_core::task::Initial;
use stateright::{Checker, HasDiscoveries, Model};

use action::{Act, Verb};
use line::{BOUNDED, FENCED, Line, ONE_PROCESS, STICKY};
use rules::{Andon, BlockFromLog, CounterLater, FencedIsGone, NoFence, PromoteByLevel, Rules};

/// Visits every state; fails with the shortest way to the first that breaks a promise. Gives the number of states.
fn exhaust<R: Rules>(line: Line<R>, unseen: &[&str]) -> usize {
    let checker = line.checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    for property in checker.model().properties() {
        if property.expectation.discovery_is_failure() {
            checker.assert_no_discovery(property.name);
        } else if !unseen.contains(&property.name) {
            checker.assert_any_discovery(property.name);
        }
    }
    checker.unique_state_count()
}

/// The shortest way to a state in which `promise` is broken.
fn counterexample<R: Rules>(line: Line<R>, promise: &'static str) -> String {
    let when = HasDiscoveries::AllOf(BTreeSet::from([promise]));
    let checker = line.checker().finish_when(when).spawn_bfs().join();
    let path = checker.assert_any_discovery(promise);
    let steps: Vec<String> = path.into_actions().iter().map(|action| format!("{action:?}")).collect();
    steps.join("\n")
}

/// A task that was created blocked, before anybody wrote a `blocked` event.
fn created_blocked<R: Rules>(rules: R) -> Line<R> {
    let blocked = Initial { blocked: Some("not before Monday".to_owned()), ..Initial::default() };
    Line { tasks: vec![blocked], dispatchers: vec![0], supervisors: 1, ..Line::one_task(rules) }
}

#[test]
fn two_dispatchers_two_supervisors_and_an_operator_share_one_task() {
    let states = exhaust(Line::one_task(Andon), &[]);
    println!("one task, an operator: {states} states");
}

#[test]
fn a_task_that_was_created_blocked_waits_for_a_person() {
    let line = Line { acts: 2, ..created_blocked(Andon) };
    let states = exhaust(line, &["two supervisors are started for one run"]);
    println!("created blocked: {states} states");
}

#[test]
fn a_host_that_goes_down_starts_nothing_twice() {
    let mut line = Line { acts: 0, verbs: &[Verb::Complete], ..Line::one_task(Andon) };
    line.policy.interruption_limit = 3;
    line.policy.reclaim_limit = 1;
    let states = exhaust(line, &["a task is blocked by somebody"]);
    println!("a host that goes down: {states} states");
}

#[test]
fn a_child_waits_for_its_parent_whatever_happens() {
    let mut line = Line {
        tasks: vec![Initial::default(), Initial::default()],
        dispatchers: vec![0],
        supervisors: 1,
        acts: 2,
        operator: &[Act::ForcePromote, Act::Reopen, Act::Archive, Act::Stop],
        verbs: &[Verb::Complete, Verb::BlockOnParent],
        ..Line::one_task(Andon)
    };
    line.policy.reclaim_limit = 1;
    let states = exhaust(line, &["two supervisors are started for one run"]);
    println!("a parent and a child: {states} states");
}

#[test]
fn a_supervisor_that_was_frozen_past_its_lease_is_fenced() {
    let line = Line {
        dispatchers: vec![0, 1],
        acts: 0,
        verbs: &[Verb::Complete, Verb::Block],
        freezes: true,
        ..Line::one_task(Andon)
    };
    let states = exhaust(line, &[]);
    println!("two hosts, frozen supervisors: {states} states");
}

#[test]
fn reviews_come_to_an_end() {
    let line = Line {
        dispatchers: vec![0],
        supervisors: 1,
        acts: 0,
        verbs: &[Verb::RequestReview, Verb::RequestChanges, Verb::Approve],
        ..Line::one_task(Andon)
    };
    let states = exhaust(line, &["two supervisors are started for one run"]);
    println!("work and review: {states} states");
}

#[test]
fn without_a_fence_a_stale_run_changes_something() {
    println!("{}", counterexample(Line::one_task(NoFence), FENCED));
}

#[test]
fn a_block_read_from_the_event_log_ends_by_itself() {
    println!("{}", counterexample(Line { acts: 0, ..created_blocked(BlockFromLog) }, STICKY));
    println!("{}", counterexample(Line { acts: 0, verbs: &[], ..Line::one_task(BlockFromLog) }, BOUNDED));
}

#[test]
fn a_counter_in_a_second_transaction_lets_retries_go_on_for_ever() {
    let line =
        Line { acts: 0, verbs: &[], dispatchers: vec![0], supervisors: 1, ..Line::one_task(CounterLater) };
    println!("{}", counterexample(line, BOUNDED));
}

#[test]
fn promoting_by_level_ends_sticky_blocks() {
    println!("{}", counterexample(Line { acts: 0, ..Line::one_task(PromoteByLevel) }, STICKY));
}

#[test]
fn taking_fenced_for_gone_starts_a_second_process() {
    println!("{}", counterexample(Line::one_task(FencedIsGone), ONE_PROCESS));
}
