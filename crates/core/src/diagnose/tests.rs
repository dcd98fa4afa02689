use super::*;
use crate::id::RunId;
use crate::planning::Planning;
use crate::run::Outcome;
use crate::task::BlockKind;
use crate::why::Standing;

const NOW: Millis = Millis(1_795_219_200_000);
const HOUR: i64 = 3_600_000;

fn ago(millis: i64) -> Millis {
    NOW.plus(-millis)
}

fn run_id() -> RunId {
    "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap()
}

/// A task that nothing is wrong with.
fn sound(status: Status) -> TaskFacts {
    TaskFacts {
        task: "t_00000001".parse().unwrap(),
        title: "Build".to_owned(),
        status,
        assignee: Some("coder".parse().unwrap()),
        profile: Standing::Known,
        unknown_skills: Vec::new(),
        created_at: ago(1_000),
        blocked: None,
        last_comment_at: None,
        ready_since: Some(ago(1_000)),
        eligible_at: None,
        paused: false,
        consecutive_failures: 0,
        last_failure_error: None,
        last_run: None,
        crashes: None,
        phantom_cards: None,
        phantom_references: None,
        cycles: None,
        claim: (status == Status::Running).then(|| claim(None, Some(NOW.plus(30_000)), Some(true))),
        planning: None,
    }
}

fn with(status: Status, change: impl FnOnce(&mut TaskFacts)) -> TaskFacts {
    let mut task = sound(status);
    change(&mut task);
    task
}

fn claim(ended_at: Option<Millis>, lease_expires_at: Option<Millis>, alive: Option<bool>) -> ClaimFacts {
    ClaimFacts {
        run: run_id(),
        host: "mill".to_owned(),
        claimed_at: ago(HOUR),
        lease_expires_at,
        ended_at,
        supervisor_alive: alive,
    }
}

fn phantoms() -> Option<Phantoms> {
    Some(Phantoms {
        ids: vec!["t_99999999".to_owned()],
        count: 2,
        first_at: ago(2_000),
        last_at: ago(1_000),
        run: Some(run_id()),
    })
}

fn crashes(count: u32) -> Option<Crashes> {
    let error = Some("exit 1: boom\nmore".to_owned());
    Some(Crashes { count, first_at: ago(2_000), last_at: ago(1_000), run: run_id(), error })
}

fn failing(failures: u32, outcome: Outcome) -> TaskFacts {
    with(Status::Ready, |task| {
        task.consecutive_failures = failures;
        task.last_failure_error = Some("exit 1: boom\nmore".to_owned());
        task.last_run = Some(ClosedRun { run: run_id(), outcome, ended_at: ago(500) });
    })
}

fn planned(attempts: u32) -> TaskFacts {
    with(Status::Triage, |task| task.planning = Some(Planning { attempts, ..Planning::default() }))
}

fn blocked(age: i64) -> TaskFacts {
    with(Status::Blocked, |task| task.blocked = Some((BlockKind::NeedsInput, ago(age))))
}

fn ready(age: i64) -> TaskFacts {
    with(Status::Ready, |task| task.ready_since = Some(ago(age)))
}

fn cycling(count: u32) -> TaskFacts {
    with(Status::Blocked, |task| {
        task.blocked = Some((BlockKind::NeedsInput, ago(0)));
        task.cycles = Some(Cycles { count, first_at: ago(HOUR), last_at: ago(0) });
    })
}

fn ask(task: &TaskFacts) -> Vec<Diagnostic> {
    diagnose_task(task, &Thresholds::default(), &Policy::default(), NOW)
}

#[test]
fn each_rule_finds_its_case_with_severity_and_first_thing_to_try() {
    use DiagnosticKind as K;
    use Severity::{Critical, Error, Warning};
    let unknown = |nearest: &[&str]| {
        let nearest = nearest.iter().map(|name| name.parse().unwrap()).collect();
        with(Status::Ready, |task| task.profile = Standing::Unknown { nearest })
    };
    let comment = "andon comment t_00000001 \"<what to do>\"";
    let table = [
        (with(Status::Running, |t| t.phantom_cards = phantoms()), K::HallucinatedCards, Error, comment),
        (
            with(Status::Done, |t| t.phantom_references = phantoms()),
            K::ProsePhantomRefs,
            Warning,
            "andon show t_00000001",
        ),
        (failing(2, Outcome::Crashed), K::RepeatedFailures, Error, "andon log t_00000001"),
        (failing(4, Outcome::TimedOut), K::RepeatedFailures, Critical, "andon log t_00000001"),
        (failing(2, Outcome::SpawnFailed), K::RepeatedFailures, Error, "andon profile show coder"),
        (with(Status::Ready, |t| t.crashes = crashes(2)), K::RepeatedCrashes, Error, "andon log t_00000001"),
        (
            with(Status::Ready, |t| t.crashes = crashes(4)),
            K::RepeatedCrashes,
            Critical,
            "andon log t_00000001",
        ),
        (blocked(24 * HOUR), K::StuckInBlocked, Warning, comment),
        (cycling(3), K::BlockUnblockCycling, Warning, "andon events t_00000001"),
        (ready(1_800_000), K::StrandedInReady, Warning, "andon why t_00000001"),
        (ready(3_600_000), K::StrandedInReady, Error, "andon why t_00000001"),
        (ready(6 * 1_800_000), K::StrandedInReady, Critical, "andon why t_00000001"),
        (
            with(Status::Ready, |t| t.unknown_skills = vec!["web".to_owned()]),
            K::InvalidTaskSkills,
            Error,
            "andon edit t_00000001 --clear-skills",
        ),
        (unknown(&["code"]), K::AssigneeProfileNotFound, Error, "andon assign t_00000001 code"),
        (unknown(&[]), K::AssigneeProfileNotFound, Error, "andon profile create coder --runner <runner>"),
        (
            with(Status::Ready, |t| t.profile = Standing::Broken { problem: "line 3".to_owned() }),
            K::AssigneeProfileNotFound,
            Error,
            "andon profile edit coder",
        ),
        (
            with(Status::Running, |t| t.claim = Some(claim(None, Some(ago(60_001)), None))),
            K::StaleRunningClaim,
            Error,
            "andon reclaim t_00000001",
        ),
        (
            with(Status::Running, |t| t.claim = Some(claim(None, Some(NOW), Some(false)))),
            K::StaleRunningClaim,
            Error,
            "andon reclaim t_00000001",
        ),
        (
            with(Status::Running, |t| t.claim = None),
            K::StaleRunningClaim,
            Error,
            "andon edit t_00000001 --clear-claim",
        ),
        (
            with(Status::Ready, |t| t.claim = Some(claim(Some(ago(300_001)), None, None))),
            K::StaleRunningClaim,
            Warning,
            "andon dispatch --once",
        ),
        (planned(4), K::PlanningFailed, Error, "andon decompose t_00000001 --auto"),
    ];
    for (task, kind, severity, command) in &table {
        let found = ask(task);
        assert_eq!(found.len(), 1, "{kind}: {found:?}");
        assert_eq!((found[0].kind, found[0].severity), (*kind, *severity));
        assert_eq!((found[0].actions[0].command.as_str(), found[0].actions[0].suggested), (*command, true));
        assert_eq!(found[0].actions.iter().filter(|action| action.suggested).count(), 1, "{kind}");
    }
    for kind in K::ALL {
        assert!(table.iter().any(|row| row.1 == *kind), "{kind} is never found");
    }
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    for status in Status::ALL {
        assert_eq!(ask(&sound(*status)), [], "{status}");
    }
    for task in [
        failing(1, Outcome::Crashed),
        planned(3),
        with(Status::Ready, |t| t.crashes = crashes(1)),
        with(Status::Done, |t| t.crashes = crashes(9)),
        blocked(24 * HOUR - 1),
        TaskFacts { last_comment_at: Some(ago(HOUR)), ..blocked(48 * HOUR) },
        cycling(2),
        ready(1_799_999),
        TaskFacts { eligible_at: Some(NOW.plus(1)), ..ready(9 * HOUR) },
        TaskFacts { eligible_at: Some(ago(1_000)), ..ready(9 * HOUR) },
        TaskFacts { paused: true, ..ready(9 * HOUR) },
        TaskFacts { assignee: None, ..ready(9 * HOUR) },
        TaskFacts { status: Status::Todo, ..ready(9 * HOUR) },
        with(Status::Running, |t| t.claim = Some(claim(None, Some(ago(59_000)), None))),
        with(Status::Ready, |t| t.claim = Some(claim(Some(ago(1_000)), None, None))),
        with(Status::Done, |t| t.profile = Standing::Unknown { nearest: Vec::new() }),
        with(Status::Archived, |t| t.phantom_cards = phantoms()),
    ] {
        assert_eq!(ask(&task), [], "{task:?}");
    }
}

#[test]
fn crashes_are_silent_where_failures_speak() {
    let found = ask(&TaskFacts { crashes: crashes(5), ..failing(2, Outcome::Crashed) });
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].kind, DiagnosticKind::RepeatedFailures);
    assert_eq!(found[0].title, "failed 2 times in a row: exit 1: boom");
    assert_eq!(found[0].data["most_recent_outcome"], "crashed");
    assert_eq!(found[0].data["failure_threshold"], 2);
    assert_eq!((found[0].count, found[0].run_id.clone()), (2, Some(run_id())));
}

#[test]
fn long_errors_are_cut_in_characters() {
    let mut task = failing(2, Outcome::Crashed);
    task.last_failure_error = Some("é".repeat(900));
    let found = ask(&task);
    assert_eq!(found[0].title.matches('é').count(), 160);
    assert_eq!(found[0].detail.matches('é').count(), 500);
}

#[test]
fn the_worst_comes_first_then_the_latest() {
    let task = TaskFacts {
        phantom_references: phantoms(),
        unknown_skills: vec!["web".to_owned()],
        ready_since: Some(ago(24 * HOUR)),
        ..failing(2, Outcome::Crashed)
    };
    let order: Vec<&str> = ask(&task).iter().map(|found| found.kind.as_str()).collect();
    assert_eq!(
        order,
        ["stranded_in_ready", "repeated_failures", "invalid_task_skills", "prose_phantom_refs"]
    );

    let named = |n: u64, task: TaskFacts| TaskFacts { task: crate::id::TaskId::from_bits(n), ..task };
    let tasks = [
        named(1, sound(Status::Ready)),
        named(2, blocked(30 * HOUR)),
        named(3, blocked(25 * HOUR)),
        named(4, failing(2, Outcome::Crashed)),
    ];
    let found = diagnose(&tasks, &Thresholds::default(), &Policy::default(), NOW);
    let order: Vec<&str> = found.iter().map(|task| task.task_id.as_str()).collect();
    assert_eq!(order, ["t_00000004", "t_00000003", "t_00000002"]);
}

#[test]
fn a_running_task_is_taken_back_before_it_is_given_away() {
    let found = ask(&with(Status::Running, |task| task.phantom_cards = phantoms()));
    let commands: Vec<&str> = found[0].actions.iter().map(|action| action.command.as_str()).collect();
    assert_eq!(commands[1..], ["andon reclaim t_00000001", "andon reassign t_00000001 <profile> --reclaim"]);
}

#[test]
fn thresholds_come_from_the_configuration_or_the_failure_limit() {
    let thresholds: Thresholds = serde_json::from_str("{\"spawn_failure_threshold\": 3}").unwrap();
    assert_eq!(thresholds, Thresholds { failure_threshold: Some(3), ..Thresholds::default() });
    let found = |thresholds: &Thresholds, limit| {
        let policy = Policy { failure_limit: limit, ..Policy::default() };
        !diagnose_task(&failing(2, Outcome::Crashed), thresholds, &policy, NOW).is_empty()
    };
    assert!(found(&Thresholds::default(), 2));
    assert!(!found(&Thresholds::default(), 3));
    assert!(!found(&thresholds, 2));
    assert!(serde_json::from_str::<Thresholds>("{\"crash_treshold\": 3}").is_err());
}

#[test]
fn severities_ascend() {
    assert!(Severity::Warning < Severity::Error && Severity::Error < Severity::Critical);
}
