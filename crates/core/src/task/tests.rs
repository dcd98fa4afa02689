//! The promises of the lifecycle, one test each.

use super::*;
use crate::id::RunId;
use crate::policy::Policy;
use crate::run::{Failure, Outcome};
use crate::time::Millis;

const NOW: Millis = Millis(1_000_000);

fn run(last: char) -> RunId {
    format!("0000000000000000000000000{last}").parse().unwrap()
}

fn person() -> Actor {
    Actor::Person("ada".to_owned())
}

fn orchestrator() -> Actor {
    Actor::Orchestrator { profile: None, run: run('9') }
}

fn worker(last: char) -> Actor {
    Actor::Worker { profile: None, run: run(last) }
}

fn running(last: char) -> TaskState {
    TaskState { current_run: Some(run(last)), ..TaskState::new(Status::Running) }
}

fn reviewing(last: char) -> TaskState {
    TaskState { phase: Phase::Review, ..running(last) }
}

fn blocked(kind: BlockKind) -> TaskState {
    let block = Block { kind, reason: "because".to_owned(), at: Millis(0) };
    TaskState { block: Some(block), ..TaskState::new(Status::Blocked) }
}

fn done() -> TaskState {
    TaskState { completed_at: Some(Millis(1)), ..TaskState::new(Status::Done) }
}

/// One task of each status, and of each phase where that matters.
fn everywhere() -> Vec<TaskState> {
    let review = TaskState { phase: Phase::Review, ..TaskState::new(Status::Review) };
    let scheduled = TaskState { scheduled_at: Some(Millis(1)), ..TaskState::new(Status::Scheduled) };
    let plain = [Status::Triage, Status::Todo, Status::Ready, Status::Archived].map(TaskState::new);
    let mut all = vec![review, scheduled, running('1'), reviewing('1'), done()];
    all.extend(plain);
    all.extend(BlockKind::ALL.iter().map(|kind| blocked(*kind)));
    all
}

fn reason() -> String {
    "because".to_owned()
}

fn end(last: char, failure: Failure) -> Event {
    Event::RunEnded(End { run: run(last), failure, error: "exit 1".to_owned(), systemic: false })
}

/// Every event, with run 1 where it names a run.
fn everything() -> Vec<Event> {
    vec![
        Event::Specify,
        Event::ToTriage,
        Event::Linked,
        Event::ParentsSettled { completion: false },
        Event::ParentsSettled { completion: true },
        Event::ParentReopened,
        Event::Promote { force: false },
        Event::Promote { force: true },
        Event::Hold,
        Event::Claim { run: run('2') },
        Event::Complete,
        Event::RequestReview,
        Event::Approve,
        Event::RequestChanges { reason: reason() },
        Event::Block { kind: BlockKind::NeedsInput, reason: reason() },
        Event::BlockOnParent { reason: reason() },
        Event::Unblock,
        Event::Schedule { at: Some(NOW.plus(5)), reason: reason() },
        Event::ScheduleDue,
        end('1', Failure::Crashed),
        Event::Stop { reason: reason() },
        Event::Reclaim { reason: reason() },
        Event::Assigned,
        Event::News,
        Event::ResetFailures,
        Event::Archive { release: Some(true) },
        Event::Reopen,
    ]
}

fn with_open_parents(count: u32) -> Facts {
    Facts { open_parents: count, ..Facts::default() }
}

fn try_step(task: &TaskState, event: &Event, actor: &Actor, facts: &Facts) -> Result<Step, Refusal> {
    step(task, event, actor, facts, &Policy::default(), NOW)
}

#[track_caller]
fn ok(task: &TaskState, event: &Event, actor: &Actor, facts: &Facts) -> Step {
    let step = try_step(task, event, actor, facts).unwrap();
    assert_eq!(step.next.check(), Ok(()), "{event:?}");
    step
}

#[track_caller]
fn next(task: &TaskState, event: &Event, actor: &Actor) -> TaskState {
    ok(task, event, actor, &Facts::default()).next
}

#[track_caller]
fn code(task: &TaskState, event: &Event, actor: &Actor, facts: &Facts) -> &'static str {
    try_step(task, event, actor, facts).unwrap_err().code()
}

fn crash(task: &TaskState, last: char) -> TaskState {
    next(task, &end(last, Failure::Crashed), &Actor::System)
}

fn claim(task: &TaskState, last: char) -> TaskState {
    let ready = TaskState { eligible: None, ..task.clone() };
    next(&ready, &Event::Claim { run: run(last) }, &Actor::System)
}

#[test]
fn sticky_blocks_end_only_by_a_person() {
    let facts = [Facts::default(), with_open_parents(1)];
    for kind in BlockKind::ALL.iter().filter(|kind| kind.is_sticky()) {
        let task = blocked(*kind);
        for event in everything() {
            for actor in [Actor::System, worker('1'), worker('2')] {
                for facts in &facts {
                    if let Ok(step) = try_step(&task, &event, &actor, facts) {
                        assert_eq!(step.next.block, task.block, "{event:?} by {actor:?}");
                        assert_eq!(step.next.status, Status::Blocked, "{event:?} by {actor:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn an_orchestrator_answers_questions_and_moves_nothing_else_of_others() {
    let spent = Counters { blocks: 2, failures: 1, ..Counters::default() };
    for kind in BlockKind::ALL {
        let asked = TaskState { counters: spent.clone(), ..blocked(*kind) };
        let answer = try_step(&asked, &Event::Unblock, &orchestrator(), &Facts::default());
        match kind {
            BlockKind::NeedsInput | BlockKind::Capability | BlockKind::Transient => {
                let after = answer.unwrap().next;
                assert_eq!((after.status, &after.block), (Status::Ready, &None), "{kind:?}");
                assert_eq!(after.counters, spent, "answering has an end");
            }
            BlockKind::Operator | BlockKind::Recurring | BlockKind::GaveUp => {
                assert_eq!(answer.unwrap_err().code(), "forbidden", "{kind:?}");
            }
        }
    }
    for task in everywhere() {
        for event in everything() {
            let routes = matches!(event, Event::Unblock | Event::Assigned | Event::News);
            let answer = try_step(&task, &event, &orchestrator(), &Facts::default());
            assert!(routes || answer.is_err(), "{event:?} of {task:?}: {answer:?}");
        }
    }
}

#[test]
fn nobody_but_a_person_unblocks_stops_or_puts_away() {
    let verbs = [
        Event::Unblock,
        Event::Promote { force: true },
        Event::Hold,
        Event::Stop { reason: reason() },
        Event::Reclaim { reason: reason() },
        Event::Archive { release: None },
        Event::Reopen,
        Event::ToTriage,
        Event::ResetFailures,
    ];
    for task in everywhere() {
        for event in &verbs {
            for actor in [Actor::System, worker('1')] {
                let refusal = try_step(&task, event, &actor, &Facts::default());
                let unchanged = refusal.as_ref().is_ok_and(|step| step.next == task && step.facts.is_empty());
                assert!(refusal.is_err() || unchanged, "{event:?} of {task:?} by {actor:?}: {refusal:?}");
            }
        }
    }
}

#[test]
fn a_stale_run_is_refused_whatever_it_says() {
    for task in everywhere() {
        for event in everything() {
            let refusal = try_step(&task, &event, &worker('7'), &Facts::default()).unwrap_err();
            let stale = Refusal::StaleRun { run: run('7'), current: task.current_run.clone() };
            assert_eq!(refusal, stale, "{event:?} of {task:?}");
        }
        let (fact, refusal) = stale_write(&task, &run('7'), "complete");
        assert_eq!((fact.kind, fact.run), (EventKind::StaleWrite, Some(run('7'))));
        assert_eq!(fact.data, serde_json::json!({ "verb": "complete" }));
        assert_eq!(refusal.code(), "stale_run");
    }
}

#[test]
fn the_end_of_a_run_that_is_not_current_is_stale_wherever_the_task_stands() {
    for task in everywhere() {
        for failure in Failure::ALL {
            assert_eq!(code(&task, &end('7', *failure), &Actor::System, &Facts::default()), "stale_run");
        }
    }
}

#[test]
fn a_change_of_status_has_exactly_one_fact() {
    for task in everywhere() {
        for event in everything() {
            for actor in [person(), worker('1'), Actor::System] {
                for facts in [Facts::default(), with_open_parents(2)] {
                    let Ok(step) = try_step(&task, &event, &actor, &facts) else { continue };
                    let changed = step.next.status != task.status;
                    assert!(
                        step.facts.len() <= 1 && (!changed || step.facts.len() == 1),
                        "{event:?} of {task:?}"
                    );
                    assert_eq!(step.next.check(), Ok(()), "{event:?} of {task:?}");
                    let left = task.current_run.is_some() && step.next.current_run.is_none();
                    assert_eq!(step.run_end.is_some(), left, "{event:?} of {task:?}");
                }
            }
        }
    }
}

#[test]
fn a_given_up_task_is_revived_once_between_two_acts_of_a_person() {
    let settled = Event::ParentsSettled { completion: true };
    let given_up = TaskState {
        counters: Counters { failures: 2, reclaims: 1, blocks: 1, review_rounds: 1, ..Counters::default() },
        last_failure_error: Some(reason()),
        ..blocked(BlockKind::GaveUp)
    };
    let looked_at = Event::ParentsSettled { completion: false };
    assert_eq!(next(&given_up, &looked_at, &Actor::System), given_up);
    assert_eq!(ok(&given_up, &settled, &Actor::System, &with_open_parents(1)).next, given_up);

    let step = ok(&given_up, &settled, &Actor::System, &Facts::default());
    assert_eq!((step.next.status, step.facts[0].kind), (Status::Ready, EventKind::Revived));
    assert_eq!(step.next.counters, Counters { blocks: 1, review_rounds: 1, ..Counters::default() });

    let again = crash(&claim(&crash(&claim(&step.next, '1'), '1'), '2'), '2');
    assert_eq!(again.block.as_ref().unwrap().kind, BlockKind::GaveUp);
    assert_eq!(next(&again, &settled, &Actor::System), again, "a second time it stays given up");

    let noticed = next(&again, &Event::News, &person());
    assert_eq!(next(&noticed, &settled, &Actor::System).status, Status::Ready);
    let held = TaskState { held: true, ..given_up };
    assert_eq!(next(&held, &settled, &Actor::System).status, Status::Todo);
}

#[test]
fn a_worker_cannot_buy_a_second_revival_with_a_review() {
    let revived = TaskState { revived: true, ..running('1') };
    let review = next(&revived, &Event::RequestReview, &worker('1'));
    assert!(review.revived);
    let changes = Event::RequestChanges { reason: reason() };
    assert!(next(&claim(&review, '2'), &changes, &worker('2')).revived);
}

#[test]
fn only_persons_and_completions_reset_counters() {
    let counters =
        Counters { failures: 1, reclaims: 1, rate_limits: 1, interruptions: 1, blocks: 1, review_rounds: 1 };
    for task in everywhere() {
        let task = TaskState { counters: counters.clone(), ..task };
        for event in everything() {
            for actor in [worker('1'), Actor::System] {
                let Ok(step) = try_step(&task, &event, &actor, &Facts::default()) else { continue };
                let completion = step.facts.iter().any(|fact| {
                    matches!(fact.kind, EventKind::Completed | EventKind::Approved | EventKind::Revived)
                });
                let old = [1_u32; 6];
                let c = &step.next.counters;
                let new = [c.failures, c.reclaims, c.rate_limits, c.interruptions, c.blocks, c.review_rounds];
                let fell = old.iter().zip(new).any(|(old, new)| new < *old);
                assert!(completion || !fell, "{event:?} of {task:?} by {actor:?}");
            }
        }
    }
}

#[test]
fn a_persons_way_out_gives_a_fresh_budget() {
    let spent =
        Counters { failures: 2, reclaims: 4, rate_limits: 3, interruptions: 2, blocks: 2, review_rounds: 1 };
    let fresh = Counters { blocks: 2, review_rounds: 1, ..Counters::default() };
    let task = TaskState {
        counters: spent,
        last_failure_error: Some(reason()),
        revived: true,
        ..blocked(BlockKind::GaveUp)
    };
    let ways = [
        Event::Unblock,
        Event::Promote { force: false },
        Event::Schedule { at: Some(NOW.plus(1)), reason: reason() },
        Event::ToTriage,
        Event::RequestReview,
    ];
    for event in ways {
        let after = next(&task, &event, &person());
        assert_eq!(after.counters, fresh, "{event:?}");
        assert_eq!((after.last_failure_error, after.revived, after.block), (None, false, None), "{event:?}");
    }
    let reset = next(&task, &Event::ResetFailures, &person());
    assert_eq!(reset.counters, Counters { blocks: 0, ..fresh.clone() });
    assert_eq!(reset.status, Status::Blocked, "a reset alone starts nothing");
    assert_eq!(next(&task, &Event::Assigned, &person()).counters, fresh);
    assert_eq!(next(&task, &Event::Assigned, &Actor::System), task, "an inherited assignee resets nothing");
    assert_eq!(next(&task, &Event::Complete, &person()).counters, Counters::default());
}

#[test]
fn the_board_alone_says_gave_up_and_recurring() {
    for kind in [BlockKind::GaveUp, BlockKind::Recurring] {
        let event = Event::Block { kind, reason: reason() };
        assert_eq!(code(&running('1'), &event, &worker('1'), &Facts::default()), "invalid_value");
        assert_eq!(
            code(&TaskState::new(Status::Ready), &event, &person(), &Facts::default()),
            "invalid_value"
        );
    }
}

#[test]
fn blocking_again_and_again_without_news_becomes_recurring() {
    let block = Event::Block { kind: BlockKind::Transient, reason: reason() };
    let mut task = TaskState::new(Status::Ready);
    let mut kinds = Vec::new();
    for _ in 0..3 {
        task = next(&claim(&task, '1'), &block, &worker('1'));
        kinds.push(task.block.as_ref().unwrap().kind);
        task = next(&task, &Event::Unblock, &person());
    }
    assert_eq!(kinds, [BlockKind::Transient, BlockKind::Transient, BlockKind::Recurring]);
    let told = next(&task, &Event::News, &person());
    let again = next(&claim(&told, '1'), &block, &worker('1'));
    assert_eq!(again.block.unwrap().kind, BlockKind::Transient, "there was news");
    let own_words = next(&running('1'), &Event::News, &worker('1'));
    assert_eq!(own_words, running('1'), "a worker's own words are no news");
    let by_hand =
        next(&TaskState { counters: task.counters, ..TaskState::new(Status::Ready) }, &block, &person());
    assert_eq!(by_hand.block.unwrap().kind, BlockKind::Transient, "a person's block counts for nothing");
}

#[test]
fn waiting_for_a_parent_needs_an_open_one_and_counts_as_a_block() {
    let wait = Event::BlockOnParent { reason: reason() };
    assert_eq!(code(&running('1'), &wait, &worker('1'), &Facts::default()), "nothing_to_wait_for");
    let waived = TaskState { parents_waived: true, ..running('1') };
    let open = with_open_parents(1);
    let step = ok(&waived, &wait, &worker('1'), &open);
    assert_eq!((step.next.status, step.next.parents_waived), (Status::Todo, false));
    assert_eq!((step.facts[0].kind, step.next.counters.blocks), (EventKind::WaitsForParent, 1));
    let often = TaskState { counters: Counters { blocks: 2, ..Counters::default() }, ..running('1') };
    let step = ok(&often, &wait, &worker('1'), &open);
    assert_eq!((step.next.block.unwrap().kind, step.next.counters.blocks), (BlockKind::Recurring, 3));
    let by_hand = ok(&TaskState::new(Status::Ready), &wait, &person(), &open);
    assert_eq!((by_hand.next.status, by_hand.next.counters.blocks), (Status::Todo, 0));
}

#[test]
fn review_rounds_end_with_a_person() {
    let changes = Event::RequestChanges { reason: "more tests".to_owned() };
    let mut task = TaskState::new(Status::Ready);
    for round in 1..=3 {
        let review = next(&claim(&task, '1'), &Event::RequestReview, &worker('1'));
        assert_eq!((review.status, review.phase), (Status::Review, Phase::Review));
        task = next(&claim(&review, '2'), &changes, &worker('2'));
        assert_eq!((task.counters.review_rounds, task.phase), (round, Phase::Work));
    }
    let often =
        TaskState { counters: Counters { review_rounds: 2, ..Counters::default() }, ..reviewing('2') };
    let last = ok(&often, &changes, &worker('2'), &Facts::default());
    assert!(last.facts[0].kind == EventKind::Blocked && last.facts[0].kind.needs_attention());
    assert_eq!(last.facts[0].data["round"], 3);
    assert_eq!(last.run_end.unwrap().outcome, Outcome::ChangesRequested);
    let block = task.block.clone().unwrap();
    assert_eq!((task.status, block.kind), (Status::Blocked, BlockKind::NeedsInput));
    assert_eq!(block.reason, "changes were requested 3 times; last: more tests");
    let review =
        TaskState { phase: Phase::Review, counters: task.counters, ..TaskState::new(Status::Review) };
    let by_hand = next(&review, &changes, &person());
    assert_eq!((by_hand.status, by_hand.counters.review_rounds), (Status::Ready, 0));
}

#[test]
fn reviews_are_judged_only_where_there_is_one() {
    let changes = Event::RequestChanges { reason: reason() };
    for event in [&Event::Approve, &changes] {
        assert_eq!(code(&running('1'), event, &worker('1'), &Facts::default()), "wrong_status");
    }
    assert_eq!(code(&reviewing('1'), &Event::RequestReview, &worker('1'), &Facts::default()), "wrong_status");
    let step = ok(&reviewing('1'), &Event::Complete, &worker('1'), &Facts::default());
    assert_eq!(step.run_end.unwrap().outcome, Outcome::Approved, "a reviewer that completes approves");
    let over_its_head = ok(&reviewing('1'), &Event::Complete, &person(), &Facts::default());
    assert_eq!(over_its_head.run_end.unwrap().outcome, Outcome::Completed);
    let crashed = crash(&reviewing('1'), '1');
    assert_eq!(
        (crashed.status, crashed.phase),
        (Status::Review, Phase::Review),
        "a crashed review stays one"
    );
    let asked = ok(&running('1'), &Event::RequestReview, &worker('1'), &with_open_parents(1)).next;
    assert_eq!((asked.status, asked.phase), (Status::Todo, Phase::Review));
    assert_eq!(
        next(&asked, &Event::ParentsSettled { completion: true }, &Actor::System).status,
        Status::Review
    );
}

#[test]
fn a_new_link_takes_back_the_waiver_of_the_old_ones() {
    let task = TaskState { parents_waived: true, ..TaskState::new(Status::Ready) };
    let step = ok(&task, &Event::Linked, &person(), &with_open_parents(1));
    assert_eq!((step.next.status, step.next.parents_waived), (Status::Todo, false));
    assert_eq!(step.facts[0].kind, EventKind::Demoted);
    assert_eq!(
        next(&task, &Event::Linked, &person()),
        task,
        "a parent that is done already takes nothing back"
    );
    let busy = TaskState { parents_waived: true, ..running('1') };
    let linked = ok(&busy, &Event::Linked, &person(), &with_open_parents(1));
    assert_eq!((linked.next.status, linked.next.parents_waived), (Status::Running, false));
    assert!(linked.facts.is_empty() && linked.run_end.is_none());
    let ended = ok(&linked.next, &end('1', Failure::Crashed), &Actor::System, &with_open_parents(1));
    assert_eq!(ended.next.status, Status::Todo, "it takes effect at the next start");
}

#[test]
fn force_waives_parents_and_nothing_else_does() {
    let todo = TaskState::new(Status::Todo);
    let open = with_open_parents(2);
    assert_eq!(code(&todo, &Event::Promote { force: false }, &person(), &open), "open_parents");
    let forced = ok(&todo, &Event::Promote { force: true }, &person(), &open).next;
    assert_eq!((forced.status, forced.parents_waived), (Status::Ready, true));
    assert_eq!(ok(&forced, &Event::ParentReopened, &Actor::System, &open).next, forced);
    assert!(
        !next(&todo, &Event::Promote { force: true }, &person()).parents_waived,
        "there was nothing to waive"
    );
    let again =
        ok(&TaskState { parents_waived: true, ..todo }, &Event::Promote { force: false }, &person(), &open);
    assert_eq!(again.next.status, Status::Ready);
    let started = ok(&forced, &Event::Claim { run: run('1') }, &Actor::System, &open).next;
    assert_eq!(started.status, Status::Running);
}

#[test]
fn a_held_task_waits_for_a_promote() {
    for status in [Status::Ready, Status::Todo, Status::Review] {
        let phase = if status == Status::Review { Phase::Review } else { Phase::Work };
        let task = TaskState { phase, ..TaskState::new(status) };
        let step = ok(&task, &Event::Hold, &person(), &Facts::default());
        assert_eq!(
            (step.next.status, step.next.held, step.facts[0].kind),
            (Status::Todo, true, EventKind::Held)
        );
        let settled = Event::ParentsSettled { completion: true };
        assert_eq!(next(&step.next, &settled, &Actor::System), step.next);
        let promoted = next(&step.next, &Event::Promote { force: false }, &person());
        let home = if status == Status::Review { Status::Review } else { Status::Ready };
        assert_eq!((promoted.status, promoted.held), (home, false));
        let twice = ok(&step.next, &Event::Hold, &person(), &Facts::default());
        assert!(twice.next == step.next && twice.facts.is_empty());
    }
    let stays = next(&blocked(BlockKind::Operator), &Event::Hold, &person());
    assert_eq!((stays.status, stays.held), (Status::Blocked, true));
    assert_eq!(next(&stays, &Event::Unblock, &person()).status, Status::Todo);
}

#[test]
fn archiving_an_unfinished_parent_asks_what_becomes_of_its_children() {
    let waiting = Facts { waiting_children: 2, ..Facts::default() };
    let archive = |release| Event::Archive { release };
    let ready = TaskState::new(Status::Ready);
    assert_eq!(code(&ready, &archive(None), &person(), &waiting), "waiting_children");
    let released = ok(&ready, &archive(Some(true)), &person(), &waiting);
    assert!(released.next.satisfied());
    assert_eq!(released.effects, [Effect::SettleChildren { completion: false }]);
    let kept = ok(&ready, &archive(Some(false)), &person(), &waiting);
    assert!(!kept.next.satisfied() && kept.effects.is_empty());
    assert!(ok(&ready, &archive(None), &person(), &Facts::default()).next.released, "nobody waits");
    let finished = ok(&done(), &archive(Some(false)), &person(), &waiting);
    assert!(finished.next.satisfied() && finished.effects.is_empty(), "a finished parent stays satisfied");
    let stopped = ok(&running('1'), &archive(None), &person(), &Facts::default());
    let end = stopped.run_end.unwrap();
    assert_eq!((end.outcome, end.by_self), (Outcome::Cancelled, false));
    assert_eq!(stopped.effects[0], Effect::WakeRun(run('1')));
}

#[test]
fn a_parent_that_is_reopened_takes_its_word_back() {
    let step = ok(&done(), &Event::Reopen, &person(), &Facts::default());
    assert_eq!((step.next.status, step.next.completed_at), (Status::Ready, None));
    assert_eq!(step.effects, [Effect::DemoteChildren]);
    let waiting = TaskState { parents_waived: true, ..done() };
    assert_eq!(ok(&waiting, &Event::Reopen, &person(), &with_open_parents(1)).next.status, Status::Todo);
    let unreleased = ok(&TaskState::new(Status::Archived), &Event::Reopen, &person(), &Facts::default());
    assert!(unreleased.effects.is_empty(), "its children never counted on it");
    let released = TaskState { released: true, ..TaskState::new(Status::Archived) };
    let step = ok(&released, &Event::Reopen, &person(), &Facts::default());
    assert!(!step.next.released);
    assert_eq!(step.effects, [Effect::DemoteChildren]);
    let child =
        ok(&TaskState::new(Status::Ready), &Event::ParentReopened, &Actor::System, &with_open_parents(1));
    assert_eq!((child.next.status, child.facts[0].kind), (Status::Todo, EventKind::Demoted));
}

#[test]
fn stop_and_reclaim_fence_the_run_and_wake_its_supervisor() {
    let cases = [
        (Event::Stop { reason: reason() }, Status::Blocked, Outcome::Cancelled, EventKind::Stopped),
        (Event::Reclaim { reason: reason() }, Status::Ready, Outcome::Reclaimed, EventKind::Reclaimed),
    ];
    for (event, status, outcome, kind) in cases {
        let task = TaskState {
            counters: Counters { failures: 1, blocks: 2, ..Counters::default() },
            revived: true,
            ..running('1')
        };
        let step = ok(&task, &event, &person(), &Facts::default());
        assert_eq!((step.next.status, step.facts[0].kind), (status, kind));
        assert_eq!(step.facts[0].run, Some(run('1')));
        assert_eq!(step.effects, [Effect::WakeRun(run('1'))]);
        let error = Some(reason());
        assert_eq!(step.run_end.unwrap(), RunEnd { run: run('1'), outcome, error, by_self: false });
        assert!(!step.next.revived);
    }
    let stopped = next(&running('1'), &Event::Stop { reason: reason() }, &person());
    assert_eq!(stopped.block.unwrap(), Block { kind: BlockKind::Operator, reason: reason(), at: NOW });
}

#[test]
fn a_run_that_ends_itself_may_finish_and_any_other_end_stops_it() {
    let block = Event::Block { kind: BlockKind::NeedsInput, reason: reason() };
    for event in [Event::Complete, block, Event::RequestReview] {
        for (actor, by_self) in [(worker('1'), true), (person(), false)] {
            let step = ok(&running('1'), &event, &actor, &Facts::default());
            assert_eq!(step.run_end.unwrap().by_self, by_self, "{event:?}");
            assert!(step.effects.contains(&Effect::WakeRun(run('1'))));
        }
    }
    for actor in [Actor::System, worker('1')] {
        let ended = ok(&running('1'), &end('1', Failure::Crashed), &actor, &Facts::default());
        assert!(!ended.run_end.unwrap().by_self);
    }
}

#[test]
fn a_stop_beside_a_process_that_still_dies_keeps_the_task_from_starting() {
    let stop = Event::Stop { reason: "enough".to_owned() };
    let dying = Facts { unreaped_run: true, ..Facts::default() };
    for status in [Status::Todo, Status::Scheduled, Status::Ready, Status::Review] {
        let step = ok(&TaskState::new(status), &stop, &person(), &dying);
        assert!(step.next.held, "{status:?}");
        assert_eq!(code(&TaskState::new(status), &stop, &person(), &Facts::default()), "wrong_status");
    }
}

#[test]
fn a_claim_waits_for_pause_processes_parents_and_back_off() {
    let claim = Event::Claim { run: run('1') };
    let ready = TaskState::new(Status::Ready);
    let paused = Facts { paused: Some("the board".to_owned()), ..Facts::default() };
    let unreaped = Facts { unreaped_run: true, ..Facts::default() };
    assert_eq!(code(&ready, &claim, &Actor::System, &paused), "paused");
    assert_eq!(code(&ready, &claim, &Actor::System, &unreaped), "unreaped");
    let cooling = Facts { cooling: Some(("coder".parse().unwrap(), NOW.plus(1))), ..Facts::default() };
    assert_eq!(code(&ready, &claim, &person(), &cooling), "cooling_down");
    let step = ok(&ready, &claim, &Actor::System, &with_open_parents(1));
    assert_eq!((step.next.status, step.facts[0].kind), (Status::Todo, EventKind::ClaimRejected));
    let waits = |at| TaskState { eligible: Some(Eligible { at, reason: reason() }), ..ready.clone() };
    assert_eq!(code(&waits(NOW.plus(1)), &claim, &Actor::System, &Facts::default()), "not_eligible");
    let started = ok(&waits(NOW), &claim, &Actor::System, &Facts::default());
    assert_eq!((started.next.eligible, started.next.started_at), (None, Some(NOW)));
    assert_eq!(started.next.current_run, Some(run('1')));
    assert_eq!(started.facts[0].run, Some(run('1')), "the fact belongs to the new run");
    let before = TaskState { started_at: Some(Millis(3)), ..TaskState::new(Status::Ready) };
    assert_eq!(next(&before, &claim, &Actor::System).started_at, Some(Millis(3)));
    let promoted = next(&waits(NOW.plus(9)), &Event::Promote { force: false }, &person());
    assert_eq!(promoted.eligible, None, "a person's promote does not wait");
}

#[test]
fn counter_back_off_and_error_come_with_the_end_of_the_run() {
    let step = ok(&running('1'), &end('1', Failure::Crashed), &Actor::System, &Facts::default());
    assert_eq!((step.next.status, step.next.counters.failures), (Status::Ready, 1));
    assert_eq!(
        step.next.eligible,
        Some(Eligible { at: NOW.plus(1_000), reason: "back-off after crashed".to_owned() })
    );
    assert_eq!(step.next.last_failure_error.as_deref(), Some("exit 1"));
    assert_eq!(step.facts[0].kind, EventKind::Crashed);
    let run_end = step.run_end.unwrap();
    assert_eq!((run_end.outcome, run_end.error.as_deref()), (Outcome::Crashed, Some("exit 1")));

    let again = ok(&claim(&step.next, '2'), &end('2', Failure::Crashed), &Actor::System, &Facts::default());
    let block = again.next.block.unwrap();
    assert_eq!((block.kind, block.reason.as_str()), (BlockKind::GaveUp, "exit 1"));
    assert_eq!((again.facts[0].kind, again.next.eligible), (EventKind::GaveUp, None));

    let missing = ok(
        &running('1'),
        &end('1', Failure::SpawnFailed { missing: true }),
        &Actor::System,
        &Facts::default(),
    );
    assert_eq!(missing.next.block.unwrap().kind, BlockKind::Capability);
    assert_eq!(missing.facts[0].kind, EventKind::Blocked);
    let patient = Facts { max_retries: Some(3), ..Facts::default() };
    let third = ok(&claim(&step.next, '2'), &end('2', Failure::Crashed), &Actor::System, &patient);
    assert_eq!(third.next.status, Status::Ready, "the task's own patience");
    assert_eq!(code(&running('1'), &end('1', Failure::Crashed), &person(), &Facts::default()), "forbidden");
}

#[test]
fn a_scheduled_task_fires_at_its_time_and_not_before() {
    let at = NOW.plus(10);
    let task =
        next(&TaskState::new(Status::Ready), &Event::Schedule { at: Some(at), reason: reason() }, &person());
    assert_eq!((task.status, task.scheduled_at), (Status::Scheduled, Some(at)));
    assert_eq!(next(&task, &Event::ScheduleDue, &Actor::System), task);
    let due = |task: &TaskState, facts: &Facts| {
        step(task, &Event::ScheduleDue, &Actor::System, facts, &Policy::default(), at).unwrap().next
    };
    let fired = due(&task, &Facts::default());
    assert_eq!((fired.status, fired.scheduled_at), (Status::Ready, None));
    assert_eq!(due(&task, &with_open_parents(1)).status, Status::Todo);
    assert_eq!(due(&TaskState { held: true, ..task.clone() }, &Facts::default()).status, Status::Todo);
    let parked = TaskState { scheduled_at: None, ..task.clone() };
    assert_eq!(due(&parked, &Facts::default()), parked, "parked is for a person to end");
    assert_eq!(next(&parked, &Event::Unblock, &person()).status, Status::Ready);
    assert_eq!(code(&task, &Event::ScheduleDue, &person(), &Facts::default()), "forbidden");
    let soon = Policy { backoff_base: 5, ..Policy::default() };
    let put_off = Event::Schedule { at: Some(at), reason: reason() };
    let own = step(&reviewing('1'), &put_off, &worker('1'), &Facts::default(), &soon, NOW).unwrap();
    assert_eq!(own.run_end.unwrap().outcome, Outcome::Scheduled);
    assert_eq!(due(&own.next, &Facts::default()).status, Status::Review);
}

#[test]
fn a_worker_that_puts_itself_off_keeps_its_failures_and_waits() {
    let task = TaskState { counters: Counters { failures: 1, ..Counters::default() }, ..running('1') };
    let put_off = |at| Event::Schedule { at, reason: reason() };
    let after = next(&task, &put_off(Some(NOW)), &worker('1'));
    assert_eq!(after.counters.failures, 1);
    assert_eq!(after.scheduled_at, Some(NOW.plus(1_000)), "and waits, or it would loop at once");
    assert_eq!(
        next(&task, &put_off(Some(NOW.plus(5_000))), &worker('1')).scheduled_at,
        Some(NOW.plus(5_000))
    );
    assert_eq!(next(&task, &put_off(None), &worker('1')).scheduled_at, None);
    assert_eq!(next(&TaskState::new(Status::Ready), &put_off(Some(NOW)), &person()).scheduled_at, Some(NOW));
}

#[test]
fn finished_tasks_refuse_to_go_on() {
    let block = Event::Block { kind: BlockKind::Operator, reason: reason() };
    let verbs =
        [Event::Claim { run: run('1') }, Event::Complete, block, Event::Unblock, Event::Linked, Event::Hold];
    for task in [done(), TaskState::new(Status::Archived)] {
        for event in &verbs {
            assert_eq!(code(&task, event, &person(), &Facts::default()), "wrong_status", "{event:?}");
        }
    }
}

#[test]
fn a_person_completes_what_waits_and_children_go_on() {
    let settle = Effect::SettleChildren { completion: true };
    for task in [
        TaskState::new(Status::Ready),
        TaskState::new(Status::Todo),
        blocked(BlockKind::Operator),
        running('1'),
    ] {
        let held = TaskState { held: task.status == Status::Todo, ..task };
        let step = ok(&held, &Event::Complete, &person(), &Facts::default());
        assert_eq!(
            (step.next.status, step.next.completed_at, step.next.held),
            (Status::Done, Some(NOW), false)
        );
        assert_eq!(step.effects.last(), Some(&settle));
    }
    for status in [Status::Ready, Status::Todo] {
        assert_eq!(
            code(&TaskState::new(status), &Event::Complete, &Actor::System, &Facts::default()),
            "forbidden"
        );
    }
}

#[test]
fn a_new_task_starts_where_its_creator_and_its_parents_say() {
    let later = NOW.plus(1);
    let place = |initial: &Initial, open| {
        let task = place_new(initial, open, NOW);
        assert_eq!(task.check(), Ok(()), "{initial:?}");
        task
    };
    let plain = Initial::default();
    assert_eq!(place(&plain, 0).status, Status::Ready);
    assert_eq!(place(&plain, 1).status, Status::Todo);
    assert_eq!(place(&Initial { held: true, ..plain.clone() }, 0).status, Status::Todo);
    let at = |at| Initial { at: Some(at), ..Initial::default() };
    assert_eq!(place(&at(later), 0).scheduled_at, Some(later));
    assert_eq!(place(&at(NOW), 0).status, Status::Ready, "a time that has come is no wait");
    let idea = Initial { triage: true, ..at(later) };
    assert_eq!(place(&idea, 0).status, Status::Triage);
    let stopped = place(&Initial { blocked: Some(reason()), ..idea }, 0);
    assert_eq!(stopped.block, Some(Block { kind: BlockKind::Operator, reason: reason(), at: NOW }));
    let idea = TaskState::new(Status::Triage);
    assert_eq!(ok(&idea, &Event::Specify, &Actor::System, &with_open_parents(1)).next.status, Status::Todo);
    assert_eq!(next(&idea, &Event::Specify, &Actor::System).status, Status::Ready);
    let back = next(
        &TaskState { phase: Phase::Review, ..TaskState::new(Status::Review) },
        &Event::ToTriage,
        &person(),
    );
    assert_eq!((back.status, back.phase), (Status::Triage, Phase::Work));
}

#[test]
fn long_errors_are_cut_between_characters() {
    let failure = Failure::Crashed;
    let event = Event::RunEnded(End { run: run('1'), failure, error: "é".repeat(600), systemic: false });
    let step = ok(&running('1'), &event, &Actor::System, &Facts::default());
    let cut = Some("é".repeat(500));
    assert_eq!(step.next.last_failure_error, cut);
    assert_eq!(step.run_end.unwrap().error, cut);
}

#[test]
fn andon_itself_never_speaks_for_the_worker() {
    let block = Event::Block { kind: BlockKind::NeedsInput, reason: reason() };
    let wait = Event::BlockOnParent { reason: reason() };
    let put_off = Event::Schedule { at: None, reason: reason() };
    for event in [Event::Complete, Event::RequestReview, block, wait, put_off] {
        assert_eq!(code(&running('1'), &event, &Actor::System, &Facts::default()), "forbidden", "{event:?}");
    }
    for event in [Event::Approve, Event::RequestChanges { reason: reason() }] {
        assert_eq!(
            code(&reviewing('1'), &event, &Actor::System, &Facts::default()),
            "forbidden",
            "{event:?}"
        );
    }
}

#[test]
fn an_unsound_row_is_named() {
    let unsound = [
        TaskState::new(Status::Running),
        TaskState { current_run: Some(run('1')), ..TaskState::new(Status::Ready) },
        TaskState::new(Status::Blocked),
        TaskState { status: Status::Ready, ..blocked(BlockKind::Operator) },
        TaskState { scheduled_at: Some(NOW), ..TaskState::new(Status::Ready) },
        TaskState { released: true, ..done() },
        TaskState { held: true, ..TaskState::new(Status::Ready) },
        TaskState::new(Status::Done),
        TaskState::new(Status::Review),
        TaskState { phase: Phase::Review, ..TaskState::new(Status::Ready) },
    ];
    let found: std::collections::BTreeSet<_> = unsound.iter().map(|task| task.check().unwrap_err()).collect();
    assert_eq!(found.len(), 8, "{found:?}");
    assert!(everywhere().iter().all(|task| task.check().is_ok()));
}
