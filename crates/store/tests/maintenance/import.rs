//! Boards of the reference, new and old, whole and garbled.

use andon_core::run::Outcome;
use andon_core::task::{BlockKind, Status};
use andon_core::{BoardSlug, Millis, TaskId};
use andon_store::Mode;
use andon_store::maintenance::{ImportOptions, Imported, examine, import};
use andon_store::query::{Show, Shown};

use crate::{Fixture, claim, create, profile, reference, run};

fn slug() -> BoardSlug {
    "imported".parse().unwrap()
}

fn show(fixture: &Fixture, id: &str) -> Shown {
    let board = fixture.home.open(&slug(), Mode::Short).unwrap();
    let task: TaskId = id.parse().unwrap();
    run(&board, Show { task, limit: 100 }).unwrap()
}

fn imported(fixture: &Fixture) -> Imported {
    let path = fixture.path("kanban.db");
    reference::new_board(&path);
    std::fs::create_dir_all(fixture.path("attachments/t_0000000a")).unwrap();
    std::fs::write(fixture.path("attachments/t_0000000a/plan.md"), "plan").unwrap();
    let before = std::fs::read(&path).unwrap();
    let known_profiles = Some([profile("coder")].into());
    let done = import(&fixture.home, &slug(), &path, &ImportOptions { known_profiles, ..Default::default() })
        .unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), before, "the source is only read");
    done
}

#[test]
fn a_board_of_the_reference_comes_with_all_that_it_has() {
    let fixture = Fixture::new();
    let done = imported(&fixture);
    assert!(done.new);
    assert_eq!((done.tasks, done.links, done.runs), (8, 3, 3));
    assert_eq!((done.events, done.comments, done.attachments, done.files), (6, 2, 2, 1));
    assert_eq!(done.unknown_profiles, ["odd-name", "planner"]);
    for (field, was) in [("assignee", "odd name!"), ("link", "t_0000000e"), ("attachment", "gone.md")] {
        assert!(done.changed.iter().any(|c| c.field == field && c.was == was), "{field}: {:?}", done.changed);
    }
    let findings = examine(&fixture.home, &slug()).unwrap().findings;
    assert_eq!(findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["attachment_missing"]);

    let plan = show(&fixture, "t_0000000a");
    assert_eq!(plan.task.state.status, Status::Done);
    assert_eq!(plan.task.created_at, Millis(1_700_000_000_000));
    assert_eq!(plan.latest_summary(), Some("planned it"));
    assert_eq!(plan.events[1].run.as_deref(), Some(plan.runs[0].id.as_str()));
    let build = show(&fixture, "t_0000000b");
    assert_eq!((build.task.state.status, build.runs[0].outcome), (Status::Ready, Some(Outcome::Reclaimed)));
    assert_eq!(build.task.assignee, Some(profile("coder")));
    assert_eq!((build.task.max_runtime, build.task.state.counters.failures), (Some(90_000), 1));
    assert_eq!(build.task.workspace_path, None);
    assert_eq!(build.events[0].kind, "reprioritized");
    assert_eq!(
        build.comments.iter().map(|c| c.author_kind.as_str()).collect::<Vec<_>>(),
        ["worker", "person"]
    );
    let block = |id| show(&fixture, id).task.state.block.unwrap();
    assert_eq!(
        (block("t_0000000c").kind, block("t_0000000c").reason.as_str()),
        (BlockKind::Operator, "which colour?")
    );
    assert_eq!((block("t_0000000d").kind, block("t_0000000d").reason.as_str()), (BlockKind::GaveUp, "boom"));
    assert_eq!(show(&fixture, "t_0000000e").task.state.status, Status::Todo);
    assert_eq!(show(&fixture, "t_0000000f").task.state.status, Status::Ready);
    assert_eq!(show(&fixture, "t_00000010").task.state.status, Status::Review);
}

#[test]
fn an_imported_board_works_on() {
    let fixture = Fixture::new();
    imported(&fixture);
    let board = fixture.home.open(&slug(), Mode::Short).unwrap();
    let claimed: Vec<String> = claim(&board).iter().map(|claimed| claimed.task.id.to_string()).collect();
    assert_eq!(claimed, ["t_0000000b", "t_0000000f"]);
    assert_eq!(show(&fixture, "t_0000000b").runs.iter().map(|run| run.attempt).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn what_is_there_already_is_refused_and_nothing_changes() {
    let fixture = Fixture::new();
    imported(&fixture);
    let path = fixture.path("kanban.db");
    let again = import(&fixture.home, &slug(), &path, &ImportOptions::default()).unwrap_err();
    assert_eq!(again.code(), "already_imported");
    assert_eq!(show(&fixture, "t_0000000b").runs.len(), 1);
    // A board with tasks of its own takes them in.
    create(&fixture.board(), "own", &[]);
    let into = import(&fixture.home, &fixture.slug, &path, &ImportOptions::default()).unwrap();
    assert!(!into.new && into.tasks == 8);
}

#[test]
fn old_schemas_and_garbage_are_read_as_far_as_they_make_sense() {
    let fixture = Fixture::new();
    let path = fixture.path("kanban.db");
    reference::old_board(&path);
    let done = import(&fixture.home, &slug(), &path, &ImportOptions::default()).unwrap();
    assert_eq!((done.tasks, done.events), (3, 1));
    assert_eq!(examine(&fixture.home, &slug()).unwrap().findings, []);
    let renamed = done.changed.iter().find(|changed| changed.was == "custom-id").unwrap();
    let odd = show(&fixture, &renamed.now);
    assert!(odd.task.state.held && odd.task.title == "(untitled)");
    assert_eq!(odd.task.created_at, Millis(1_714_979_289_000));
    assert_eq!((odd.task.state.counters.failures, odd.task.skills.len()), (3, 0));
    assert_eq!(odd.task.state.last_failure_error.as_deref(), Some("nope"));
    let bell = show(&fixture, "t_00000001");
    assert_eq!((bell.task.title.as_str(), bell.task.created_at), ("bell", Millis(1_700_000_000_500)));
    assert_eq!((bell.task.max_runtime, bell.task.priority, bell.task.state.started_at), (None, 7, None));
    assert_eq!(bell.events[0].kind, "promoted");
    assert!(show(&fixture, "t_00000002").task.state.completed_at.is_some());
}

#[test]
fn what_is_no_board_of_the_reference_is_refused() {
    let fixture = Fixture::new();
    let path = fixture.path("kanban.db");
    let code = || import(&fixture.home, &slug(), &path, &ImportOptions::default()).unwrap_err().code();
    assert_eq!(code(), "bad_source");
    std::fs::write(&path, "").unwrap();
    assert_eq!(code(), "bad_source");
    std::fs::write(&path, "no database at all").unwrap();
    assert_eq!(code(), "bad_source");
    std::fs::remove_file(&path).unwrap();
    rusqlite::Connection::open(&path).unwrap().execute_batch("create table tasks (id text)").unwrap();
    assert_eq!(code(), "bad_source");
    assert!(!fixture.home.exists(&slug()));
}
