//! The doctor finds each planted defect, repairs what is safe, and leaves the rest.

use andon_core::Policy;
use andon_core::task::Status;
use andon_store::maintenance::{examine, repair};
use andon_store::query::Show;

use crate::{Fixture, attach, claim, create, person, run};

fn codes(fixture: &Fixture) -> Vec<&'static str> {
    let report = examine(&fixture.home, &fixture.slug).unwrap();
    report.findings.iter().map(|finding| finding.code).collect()
}

/// Plants a defect, sees it found, repaired and gone.
fn planted(code: &str, plant: impl FnOnce(&Fixture)) -> Fixture {
    let fixture = Fixture::new();
    assert_eq!(codes(&fixture), [""; 0]);
    plant(&fixture);
    assert_eq!(codes(&fixture), [code]);
    let report = repair(&fixture.home, &fixture.slug, &person(), &Policy::default()).unwrap();
    assert!(!report.repaired.is_empty(), "{code}");
    assert_eq!(report.findings, [], "{code}");
    fixture
}

#[test]
fn every_safe_defect_is_found_and_repaired() {
    planted("running_without_run", |fixture| {
        create(&fixture.board(), "a", &[]);
        claim(&fixture.board());
        fixture.tamper("delete from leases; delete from runs");
    });
    planted("run_without_lease", |fixture| {
        create(&fixture.board(), "a", &[]);
        claim(&fixture.board());
        fixture.tamper("delete from leases");
    });
    planted("run_without_task", |fixture| {
        create(&fixture.board(), "a", &[]);
        claim(&fixture.board());
        fixture.tamper("update tasks set status = 'ready', current_run_id = null");
    });
    planted("lease_of_reaped_run", |fixture| {
        create(&fixture.board(), "a", &[]);
        claim(&fixture.board());
        fixture.tamper(
            "update tasks set status = 'ready', current_run_id = null; \
             update runs set ended_at = started_at, reaped_at = started_at, outcome = 'lost'",
        );
    });
    planted("negative_counter", |fixture| {
        create(&fixture.board(), "a", &[]);
        fixture.tamper("update tasks set consecutive_failures = -3");
    });
    planted("stuck_probe", |fixture| {
        fixture.tamper("insert into cooldowns values ('coder', 1, 1, '01ARZ3NDEKTSV4RRFFQ69G5FAV')");
    });
    planted("forgotten_task", |fixture| {
        create(&fixture.board(), "a", &[]);
        fixture.tamper("update tasks set status = 'todo'");
    });
    planted("unsettled_children", |fixture| {
        let parent = create(&fixture.board(), "parent", &[]);
        create(&fixture.board(), "child", &[&parent]);
        fixture.tamper(&format!(
            "update tasks set status = 'done', satisfied = 1, completed_at = 1 where id = '{parent}'; \
             insert into settlements values ('{parent}', 'completion', '')"
        ));
    });
}

#[test]
fn a_wrong_satisfied_column_is_written_anew_and_its_children_look_again() {
    let mut child = None;
    let fixture = planted("satisfied_column", |fixture| {
        let parent = create(&fixture.board(), "parent", &[]);
        child = Some(create(&fixture.board(), "child", &[&parent]));
        fixture.tamper(&format!("update tasks set status = 'done', completed_at = 1 where id = '{parent}'"));
    });
    let shown = run(&fixture.board(), Show { task: child.unwrap(), limit: 10 }).unwrap();
    assert_eq!(shown.task.state.status, Status::Ready);
}

#[test]
fn what_only_a_person_can_know_is_told_and_left() {
    let fixture = Fixture::new();
    let board = fixture.board();
    let (a, b) = (create(&board, "a", &[]), create(&board, "b", &[]));
    drop(board);
    fixture.tamper(&format!(
        "insert into links values ('{a}', '{b}', 1), ('{b}', '{a}', 1); update tasks set status = 'todo'"
    ));
    let report = repair(&fixture.home, &fixture.slug, &person(), &Policy::default()).unwrap();
    assert_eq!(report.findings.len(), 1);
    assert_eq!((report.findings[0].code, report.findings[0].repair.as_ref()), ("link_cycle", None));
    assert!(report.findings[0].way_out.as_ref().unwrap().starts_with("andon unlink t_"));
    fixture.tamper(&format!("delete from links; update tasks set status = 'odd' where id = '{a}'"));
    assert!(codes(&fixture).contains(&"unreadable_row"));
}

#[test]
fn files_and_rows_that_miss_each_other_are_found() {
    let fixture = Fixture::new();
    let board = fixture.board();
    let task = create(&board, "a", &[]);
    let attached = attach(&board, &task, "r.txt", "x");
    let file = fixture.folder().join("attachments").join(&attached.path);
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir_all(fixture.folder().join("workspaces/t_00000000")).unwrap();
    let orphan = file.with_file_name("old");
    std::fs::write(&orphan, "x").unwrap();
    let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    std::fs::File::options().write(true).open(&orphan).unwrap().set_modified(old).unwrap();
    let mut found = codes(&fixture);
    found.sort_unstable();
    assert_eq!(found, ["attachment_missing", "orphan_file", "orphan_workspace"]);
    repair(&fixture.home, &fixture.slug, &person(), &Policy::default()).unwrap();
    assert!(!orphan.exists());
}
