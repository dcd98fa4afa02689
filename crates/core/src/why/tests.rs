use std::collections::BTreeSet;

use super::*;
use crate::id::{RunId, TaskId};
use crate::planning::Planning;
use crate::run::Outcome;
use crate::task::{Block, BlockKind, Counters, Eligible, TaskState};

const NOW: Millis = Millis(1_795_219_200_000);
const TASK: &str = "t_00000001";

fn profile(name: &str) -> ProfileName {
    name.parse().unwrap()
}

fn run_id() -> RunId {
    "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap()
}

/// A task in `status` that nothing else holds.
fn free(status: Status) -> WhyFacts {
    let mut state = TaskState::new(status);
    if status == Status::Review {
        state.phase = Phase::Review;
    }
    WhyFacts {
        task: TASK.parse().unwrap(),
        state,
        max_retries: None,
        last_outcome: None,
        open_parents: Vec::new(),
        open_parents_total: 0,
        assignee: Some(profile("coder")),
        reviewer: Some(profile("critic")),
        default_assignee: None,
        profile: Standing::Known,
        pauses: Vec::new(),
        caps: Vec::new(),
        cooling_until: None,
        unreaped: None,
        guarded: None,
        dispatcher_seen_at: Some(NOW),
        unmet_labels: Vec::new(),
        planning: None,
        run: None,
    }
}

fn with(status: Status, change: impl FnOnce(&mut WhyFacts)) -> WhyFacts {
    let mut facts = free(status);
    change(&mut facts);
    facts
}

fn block(kind: BlockKind, reason: &str) -> WhyFacts {
    with(Status::Blocked, |facts| {
        facts.state.block = Some(Block { kind, reason: reason.to_owned(), at: NOW.plus(-60_000) });
    })
}

fn parent(n: u64, status: Status) -> OpenParent {
    OpenParent {
        id: TaskId::from_bits(n),
        status,
        block: None,
        held: false,
        open_parents: 0,
        scheduled_at: None,
        assignee: Some(profile("coder")),
    }
}

fn waiting(parents: Vec<OpenParent>) -> WhyFacts {
    with(Status::Todo, |facts| {
        facts.open_parents_total = parents.len();
        facts.open_parents = parents;
    })
}

fn idea(attempts: u32, held_until: Option<Millis>, due_at: Option<Millis>) -> WhyFacts {
    let error = Some("no route".to_owned());
    with(Status::Triage, |facts| {
        facts.planning = Some(Planning { attempts, held_until, due_at, error, ..Planning::default() });
    })
}

fn pause(scope: Scope) -> WhyFacts {
    with(Status::Ready, |facts| {
        facts.pauses = vec![Pause { scope, at: NOW, by: "ann".to_owned(), reason: "release".to_owned() }];
    })
}

fn cap(scope: Scope) -> WhyFacts {
    with(Status::Ready, |facts| facts.caps = vec![Cap { scope, running: 3, limit: 3 }])
}

fn ask(facts: &WhyFacts) -> Vec<Reason> {
    why(facts, &Policy::default(), NOW)
}

fn codes(facts: &WhyFacts) -> Vec<&'static str> {
    ask(facts).iter().map(|reason| reason.code).collect()
}

/// Situations with one reason each: its code, what clears it, and a part of its message.
fn table() -> Vec<(WhyFacts, &'static str, Option<&'static str>, &'static str)> {
    let live = LiveRun {
        run: run_id(),
        phase: Phase::Work,
        profile: Some(profile("coder")),
        host: "mill".to_owned(),
        started_at: NOW.plus(-120_000),
        lease_expires_at: Some(NOW.plus(40_000)),
        progress_at: Some(NOW.plus(-5_000)),
    };
    let late = LiveRun { lease_expires_at: Some(NOW.plus(-1)), ..live.clone() };
    vec![
        (with(Status::Running, |f| f.run = Some(live)), "running", None, "coder on mill since"),
        (with(Status::Running, |f| f.run = Some(late)), "running", None, "its lease ran out"),
        (free(Status::Running), "running", Some("andon edit t_00000001 --clear-claim"), "not on the board"),
        (
            with(Status::Done, |f| f.state.completed_at = Some(NOW)),
            "done",
            Some("andon reopen t_00000001"),
            "since 2026-11-21T00:00:00Z",
        ),
        (free(Status::Archived), "archived", Some("andon reopen t_00000001"), "archived"),
        (free(Status::Triage), "triage", Some("andon specify t_00000001"), "nobody has specified"),
        (idea(1, Some(NOW.plus(5)), None), "triage", None, "plans it right now (attempt 1)"),
        (
            idea(2, None, Some(NOW.plus(60_000))),
            "triage",
            Some("andon specify t_00000001"),
            "tried 2 times of at most 4",
        ),
        (
            idea(4, None, None),
            "triage",
            Some("andon specify t_00000001 --auto"),
            "“no route”; an edit of the idea",
        ),
        (
            with(Status::Todo, |f| f.state.held = true),
            "held",
            Some("andon promote t_00000001"),
            "a person holds it",
        ),
        (
            with(Status::Scheduled, |f| f.state.scheduled_at = Some(NOW.plus(60_000))),
            "scheduled",
            Some("andon promote t_00000001"),
            "2026-11-21T00:01:00Z (in 1 min)",
        ),
        (free(Status::Scheduled), "parked", Some("andon promote t_00000001"), "without a time"),
        (
            block(BlockKind::NeedsInput, "red?"),
            "blocked",
            Some("andon unblock t_00000001"),
            "for 1 min: “red?”",
        ),
        (block(BlockKind::Operator, ""), "blocked", Some("andon unblock t_00000001"), "no reason given"),
        (block(BlockKind::Transient, "502"), "blocked", Some("andon unblock t_00000001"), "outside failure"),
        (
            block(BlockKind::Capability, "no gh"),
            "blocked_capability",
            Some("andon unblock t_00000001"),
            "“no gh”; supply that first",
        ),
        (
            block(BlockKind::Recurring, "again"),
            "blocked_recurring",
            Some("andon comment t_00000001 \"<what is new>\" && andon unblock t_00000001"),
            "unblocking it again will not help",
        ),
        (
            with(Status::Ready, |f| {
                f.state.eligible =
                    Some(Eligible { at: NOW.plus(4_000), reason: "back-off after crashed".to_owned() });
            }),
            "not_eligible",
            Some("andon promote t_00000001"),
            "back-off after crashed: not before 2026-11-21T00:00:04Z (in 4 s)",
        ),
        (free(Status::Todo), "unsettled", Some("andon promote t_00000001"), "next sweep"),
        (
            with(Status::Review, |f| f.reviewer = None),
            "review_by_person",
            Some("andon approve t_00000001"),
            "`andon request-changes t_00000001",
        ),
        (
            with(Status::Ready, |f| f.assignee = None),
            "unassigned",
            Some("andon assign t_00000001 <profile>"),
            "no `default_assignee`",
        ),
        (
            with(Status::Ready, |f| {
                f.assignee = None;
                f.default_assignee = Some(profile("coder"));
            }),
            "unassigned",
            Some("andon assign t_00000001 coder"),
            "`default_assignee` is coder",
        ),
        (
            with(Status::Ready, |f| f.profile = Standing::Unknown { nearest: vec![profile("code")] }),
            "unknown_profile",
            Some("andon assign t_00000001 code"),
            "did you mean code?",
        ),
        (
            with(Status::Ready, |f| f.profile = Standing::Unknown { nearest: Vec::new() }),
            "unknown_profile",
            Some("andon profile create coder --runner <runner>"),
            "no profile coder",
        ),
        (
            with(Status::Review, |f| f.profile = Standing::Unknown { nearest: vec![profile("coder")] }),
            "unknown_profile",
            Some("andon profile create critic --runner <runner>"),
            "critic, its reviewer",
        ),
        (
            with(Status::Ready, |f| f.profile = Standing::Broken { problem: "line 3: runer".to_owned() }),
            "broken_profile",
            Some("andon profile edit coder"),
            "line 3: runer",
        ),
        (
            with(Status::Ready, |f| {
                f.profile = Standing::Lane;
                f.dispatcher_seen_at = None;
            }),
            "lane",
            Some("andon claim t_00000001"),
            "pulled by hand",
        ),
        (pause(Scope::Everything), "paused", Some("andon resume --all"), "every board is paused by ann"),
        (pause(Scope::Board), "paused", Some("andon resume"), "“release”"),
        (
            pause(Scope::Profile(profile("coder"))),
            "paused",
            Some("andon resume --profile coder"),
            "profile coder",
        ),
        (cap(Scope::Board), "capped", None, "this board has 3 of at most 3 running"),
        (
            cap(Scope::Profile(profile("coder"))),
            "capped",
            Some("andon profile edit coder"),
            "profile coder has 3",
        ),
        (cap(Scope::Host("mill".to_owned())), "capped", None, "host mill has 3"),
        (with(Status::Ready, |f| f.cooling_until = Some(NOW.plus(1_000))), "cooling_down", None, "(in 1 s)"),
        (
            with(Status::Ready, |f| {
                f.unreaped = Some(UnreapedRun { run: run_id(), host: "mill".to_owned(), ended_at: NOW });
            }),
            "unreaped",
            Some("andon dispatch --once"),
            "may still live on mill",
        ),
        (
            with(Status::Ready, |f| {
                f.guarded = Some(Guarded {
                    reason: "a pull request is open".to_owned(),
                    until: Some(NOW.plus(1_000)),
                });
            }),
            "guarded",
            Some("andon promote t_00000001"),
            "a pull request is open, until",
        ),
        (
            with(Status::Ready, |f| f.dispatcher_seen_at = None),
            "no_dispatcher",
            Some("andon serve"),
            "board ever",
        ),
        (
            with(Status::Ready, |f| f.dispatcher_seen_at = Some(NOW.plus(-120_000))),
            "no_dispatcher",
            Some("andon serve"),
            "(2 min ago)",
        ),
        (free(Status::Ready), "starting", None, "a dispatcher takes it next"),
        (free(Status::Review), "starting", None, "the review by critic"),
    ]
}

#[test]
fn each_situation_has_its_reason_and_its_way_out() {
    for (facts, code, command, part) in table() {
        let reasons = ask(&facts);
        assert_eq!(reasons.len(), 1, "{code}: {reasons:?}");
        let reason = &reasons[0];
        assert_eq!(reason.code, code);
        assert_eq!(reason.clear.as_ref().map(|clear| clear.command.as_str()), command, "{}", reason.message);
        assert!(reason.message.contains(part), "{part:?} in {:?}", reason.message);
    }
}

#[test]
fn each_parent_is_named_with_what_it_waits_for() {
    let blocked = |kind, reason: &str| OpenParent {
        block: Some((kind, reason.to_owned())),
        ..parent(2, Status::Blocked)
    };
    let table = [
        (parent(2, Status::Triage), "nobody has specified", "andon specify t_00000002"),
        (
            OpenParent { open_parents: 2, ..parent(2, Status::Todo) },
            "2 open parent(s)",
            "andon promote t_00000001 --force",
        ),
        (OpenParent { held: true, ..parent(2, Status::Todo) }, "is held", "andon promote t_00000002"),
        (parent(2, Status::Scheduled), "is parked", "andon promote t_00000002"),
        (parent(2, Status::Ready), "is ready for coder", "andon promote t_00000001 --force"),
        (
            OpenParent { assignee: None, ..parent(2, Status::Ready) },
            "no assignee",
            "andon assign t_00000002 <profile>",
        ),
        (parent(2, Status::Running), "is running", "andon promote t_00000001 --force"),
        (parent(2, Status::Review), "is in review", "andon promote t_00000001 --force"),
        (blocked(BlockKind::NeedsInput, "red?"), "blocked (needs_input): “red?”", "andon unblock t_00000002"),
        (blocked(BlockKind::GaveUp, "exit 1"), "given up: “exit 1”", "andon unblock t_00000002"),
        (parent(2, Status::Archived), "was not released", "andon unlink t_00000002 t_00000001"),
    ];
    for (parent, part, command) in table {
        let reasons = ask(&waiting(vec![parent]));
        assert_eq!(reasons.len(), 1, "{part}");
        assert_eq!(reasons[0].code, "open_parents");
        assert!(reasons[0].message.contains("parent t_00000002"), "{:?}", reasons[0].message);
        assert!(reasons[0].message.contains(part), "{part:?} in {:?}", reasons[0].message);
        assert_eq!(reasons[0].clear.as_ref().unwrap().command, command);
    }
}

#[test]
fn at_most_ten_parents_are_named_and_the_rest_is_counted() {
    let mut facts = waiting((10..25).rev().map(|n| parent(n, Status::Running)).collect());
    facts.open_parents_total = 40;
    let reasons = ask(&facts);
    assert_eq!(reasons.len(), 11);
    assert!(reasons[0].message.contains("t_0000000a"));
    assert!(reasons[10].message.starts_with("30 more parents"));
    facts.state.parents_waived = true;
    assert_eq!(codes(&facts), ["unsettled"]);
}

#[test]
fn a_given_up_task_says_what_tripped() {
    let table = [
        (Some(Outcome::Crashed), None, "2 failures in a row (limit 2)"),
        (Some(Outcome::Crashed), Some(3), "together with other tasks"),
        (Some(Outcome::ProtocolViolation), None, "2 failures in a row (limit 1)"),
        (Some(Outcome::RateLimited), None, "20 rate limits in a row (limit 20)"),
        (Some(Outcome::Lost), None, "5 lost or stale runs in a row (limit 5)"),
        (Some(Outcome::Interrupted), None, "20 interruptions in a row (limit 20)"),
    ];
    for (last_outcome, max_retries, part) in table {
        let mut facts = block(BlockKind::GaveUp, "boom");
        facts.state.counters =
            Counters { failures: 2, reclaims: 5, rate_limits: 20, interruptions: 20, ..Counters::default() };
        facts.state.last_failure_error = Some("exit 1: boom".to_owned());
        facts.last_outcome = last_outcome;
        facts.max_retries = max_retries;
        let reasons = ask(&facts);
        assert_eq!(reasons[0].code, "gave_up");
        assert!(reasons[0].message.contains(part), "{part:?} in {:?}", reasons[0].message);
        assert!(reasons[0].message.ends_with("the last error: “exit 1: boom”"));
    }
}

/// Everything that can hold a task in `status` at once.
fn everything(status: Status) -> WhyFacts {
    with(status, |facts| {
        facts.state.held = !matches!(status, Status::Ready | Status::Review);
        facts.state.eligible = Some(Eligible { at: NOW.plus(1), reason: "back-off".to_owned() });
        facts.open_parents = vec![parent(2, Status::Running)];
        facts.open_parents_total = 1;
        facts.profile = Standing::Unknown { nearest: Vec::new() };
        facts.pauses =
            vec![Pause { scope: Scope::Board, at: NOW, by: "ann".to_owned(), reason: String::new() }];
        facts.caps = vec![Cap { scope: Scope::Board, running: 1, limit: 1 }];
        facts.cooling_until = Some(NOW.plus(1));
        facts.unreaped = Some(UnreapedRun { run: run_id(), host: "mill".to_owned(), ended_at: NOW });
        facts.guarded = Some(Guarded { reason: "x".to_owned(), until: None });
        facts.dispatcher_seen_at = None;
        if status == Status::Blocked {
            facts.state.block = Some(Block { kind: BlockKind::Operator, reason: "stop".to_owned(), at: NOW });
        }
    })
}

#[test]
fn all_that_holds_a_task_is_named_in_order() {
    assert_eq!(
        codes(&everything(Status::Blocked)),
        [
            "held",
            "open_parents",
            "blocked",
            "not_eligible",
            "unknown_profile",
            "paused",
            "cooling_down",
            "unreaped",
            "no_dispatcher"
        ]
    );
    assert_eq!(
        codes(&everything(Status::Ready)),
        [
            "open_parents",
            "not_eligible",
            "unknown_profile",
            "paused",
            "capped",
            "cooling_down",
            "unreaped",
            "guarded",
            "no_dispatcher"
        ]
    );
    for status in Status::ALL {
        let found = codes(&everything(*status));
        let places: Vec<usize> =
            found.iter().map(|code| ALL_CODES.iter().position(|known| known == code).unwrap()).collect();
        assert!(places.is_sorted(), "{status}: {found:?}");
        assert!(!found.is_empty(), "{status}");
    }
}

#[test]
fn commands_that_open_parents_would_refuse_are_not_offered() {
    let mut facts = everything(Status::Scheduled);
    let clear = |facts: &WhyFacts, code: &str| {
        let reason = ask(facts).into_iter().find(|reason| reason.code == code).unwrap();
        reason.clear.map(|clear| clear.command)
    };
    assert_eq!(clear(&facts, "parked").as_deref(), Some("andon unblock t_00000001"));
    assert_eq!(clear(&facts, "not_eligible"), None);
    facts.state.parents_waived = true;
    assert_eq!(clear(&facts, "parked").as_deref(), Some("andon promote t_00000001"));
}

#[test]
fn every_code_is_reached_and_known() {
    let mut reached: BTreeSet<&str> = table().iter().flat_map(|(facts, ..)| codes(facts)).collect();
    reached.extend(codes(&waiting(vec![parent(2, Status::Running)])));
    reached.extend(codes(&block(BlockKind::GaveUp, "")));
    assert_eq!(reached, ALL_CODES.iter().copied().collect());
    assert_eq!(ALL_CODES.len(), ALL_CODES.iter().collect::<BTreeSet<_>>().len());
}

#[test]
fn a_reason_is_json_as_documented() {
    let facts = with(Status::Scheduled, |facts| facts.state.scheduled_at = Some(NOW.plus(1_000)));
    let json = serde_json::to_value(ask(&facts)).unwrap();
    assert_eq!(json[0]["code"], "scheduled");
    assert_eq!(json[0]["until"], NOW.plus(1_000).0);
    assert_eq!(json[0]["clear"]["command"], "andon promote t_00000001");
}
