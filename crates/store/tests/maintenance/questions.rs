//! Why, context and diagnostics, from the rows of a real board.

use andon_core::Policy;
use andon_core::diagnose::{DiagnosticKind, Thresholds, diagnose};
use andon_core::run::EndsBy;
use andon_core::task::BlockKind;
use andon_core::why::why;
use andon_store::maintenance::Fill;
use andon_store::operation::{AddComment, Block, Complete, Pause, Scope, Unblock};
use andon_store::query::{ContextOf, DiagnosticsOf, StatsOf, Surroundings, WhyOf};
use andon_store::{Board, World as _};

use crate::{Fixture, claim, create, person, roster, run};

fn codes(board: &Board, task: &andon_core::TaskId, names: &[&str]) -> Vec<&'static str> {
    let surroundings =
        Surroundings { roster: Some(roster(names)), max_running: Some(1), ..Surroundings::default() };
    let facts = run(board, WhyOf { task: task.clone(), surroundings }).unwrap();
    why(&facts, &Policy::default(), andon_store::Ambient.now()).iter().map(|reason| reason.code).collect()
}

#[test]
fn why_knows_everything_that_keeps_a_task_from_running() {
    let fixture = Fixture::new();
    let board = fixture.board();
    let parent = create(&board, "parent", &[]);
    let child = create(&board, "child", &[&parent]);
    assert_eq!(codes(&board, &parent, &["coder"]), ["no_dispatcher"]);
    assert_eq!(codes(&board, &child, &["coders"]), ["open_parents", "unknown_profile", "no_dispatcher"]);
    let pause = Pause { scope: Scope::Board, reason: Some("smoke".to_owned()), caller: person() };
    let other = create(&board, "other", &[]);
    claim(&board);
    run(&board, pause).unwrap();
    let running = if codes(&board, &parent, &["coder"]) == ["running"] { &parent } else { &other };
    assert_eq!(codes(&board, running, &["coder"]), ["running"]);
    let third = create(&board, "third", &[]);
    assert_eq!(codes(&board, &third, &["coder"]), ["paused", "capped", "no_dispatcher"]);
}

#[test]
fn the_context_says_what_came_before() {
    let fixture = Fixture::new();
    let board = fixture.board();
    let parent = create(&board, "parent", &[]);
    let child = create(&board, "child", &[&parent]);
    let policy = Policy::default();
    let complete = Complete {
        task: parent,
        caller: person(),
        result: None,
        summary: Some("built the wall".to_owned()),
        metadata: serde_json::json!({ "bricks": 3 }),
        created_cards: Vec::new(),
        kept: Vec::new(),
        policy: policy.clone(),
    };
    run(&board, complete).unwrap();
    run(
        &board,
        AddComment {
            task: child.clone(),
            caller: person(),
            body: "mind the gap".to_owned(),
            policy: policy.clone(),
        },
    )
    .unwrap();
    let block = Block {
        task: child.clone(),
        caller: person(),
        kind: BlockKind::NeedsInput,
        reason: "which colour?".to_owned(),
        policy: policy.clone(),
    };
    run(&board, block).unwrap();
    let unblock = Unblock { task: child.clone(), caller: person(), reason: Some("red".to_owned()), policy };
    run(&board, unblock).unwrap();
    let claimed = claim(&board).remove(0);
    let ask = ContextOf {
        task: child,
        run: Some(claimed.run.id),
        ends_by: Some(EndsBy::Protocol),
        terminal_timeout: None,
        folder: fixture.folder(),
    };
    let text = andon_core::context::render(&run(&board, ask).unwrap());
    for part in ["built the wall", "mind the gap", "which colour?", "red", "bricks", "How this run ends"] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
}

#[test]
fn diagnostics_of_the_board_and_of_one_task_agree() {
    let fixture = Fixture::new();
    let board = fixture.board();
    let tasks: Vec<_> = (0..3).map(|n| create(&board, &format!("task {n}"), &[])).collect();
    drop(board);
    let hour = 3_600_000_i64;
    let long_ago = andon_store::Ambient.now().0 - 48 * hour;
    fixture.tamper(&format!(
        "update tasks set consecutive_failures = 2, last_failure_error = 'boom' where id = '{a}'; \
         update tasks set status = 'blocked', block_kind = 'operator', blocked_at = {long_ago} where id = '{b}'; \
         update events set at = {long_ago} where task_id = '{c}'; update tasks set created_at = {long_ago}; \
         insert into events (task_id, kind, actor, data, at) values \
         ('{c}', 'completion_blocked_hallucination', 'coder', '{{\"phantom_cards\": [\"t_x\"]}}', {long_ago}), \
         ('{b}', 'blocked', 'ann', null, {recent}), ('{b}', 'unblocked', 'ann', null, {recent}), \
         ('{b}', 'blocked', 'ann', null, {recent}), ('{b}', 'unblocked', 'ann', null, {recent}), \
         ('{b}', 'blocked', 'ann', null, {recent}), ('{b}', 'unblocked', 'ann', null, {recent}), \
         ('{b}', 'blocked', 'ann', null, {recent})",
        a = tasks[0], b = tasks[1], c = tasks[2], recent = long_ago + 47 * hour,
    ));
    let board = fixture.board();
    let ask =
        |task| DiagnosticsOf { task, roster: Some(roster(&["coder"])), thresholds: Thresholds::default() };
    let whole: Vec<_> = run(&board, ask(None)).unwrap().into_iter().map(|found| found.facts).collect();
    for task in &tasks {
        let one = run(&board, ask(Some(task.clone()))).unwrap().remove(0).facts;
        assert_eq!(whole.iter().find(|facts| facts.task == *task), Some(&one));
    }
    let found = diagnose(&whole, &Thresholds::default(), &Policy::default(), andon_store::Ambient.now());
    let kinds = |task: &andon_core::TaskId| -> Vec<DiagnosticKind> {
        let of = found.iter().find(|found| found.task_id == *task).unwrap();
        of.diagnostics.iter().map(|diagnostic| diagnostic.kind).collect()
    };
    assert_eq!(kinds(&tasks[0]), [DiagnosticKind::RepeatedFailures]);
    assert!(kinds(&tasks[1]).contains(&DiagnosticKind::StuckInBlocked));
    assert!(kinds(&tasks[1]).contains(&DiagnosticKind::BlockUnblockCycling));
    assert!(kinds(&tasks[2]).contains(&DiagnosticKind::StrandedInReady));
    assert!(kinds(&tasks[2]).contains(&DiagnosticKind::HallucinatedCards));
}

#[test]
fn a_board_of_a_given_size_is_filled_in_slices() {
    let fixture = Fixture::new();
    let board = fixture.board();
    let parent = create(&board, "parent", &[]);
    for slice in 0..3 {
        let fill =
            Fill { count: 500, from: slice * 500, parent: Some(parent.clone()), assignee: None, ready: true };
        assert_eq!(run(&board, fill).unwrap().len(), 500);
    }
    let stats = run(&board, StatsOf).unwrap();
    assert_eq!(stats.by_status[1].1, 1_500);
    assert_eq!(andon_store::maintenance::examine(&fixture.home, &fixture.slug).unwrap().findings, []);
}
