//! The process dies in the middle of maintenance: what is there then is the old state or the new one, and the same
//! command goes on.

#![expect(
    clippy::disallowed_methods,
    reason = "a process that is to die is started, and told where by its environment"
)]

use std::path::{Path, PathBuf};

use andon_core::{BoardSlug, Policy, TaskId};
use andon_store::maintenance::{
    BackupOptions, ImportOptions, RestoreOptions, backup, examine, import, restore,
};
use andon_store::query::Show;
use andon_store::{Home, Mode};

use crate::{Fixture, attach, create, reference, run};

const WORK: &str = "ANDON_TEST_WORK";

fn act(work: &str, root: &Path) -> bool {
    let home = Home::new(root.join("home with späces"));
    let slug: BoardSlug = "line".parse().unwrap();
    let new: BoardSlug = "new".parse().unwrap();
    let forced = RestoreOptions { force: false, policy: Policy::default() };
    match work {
        "restore" => restore(&home, &slug, &root.join("backup"), &forced).is_ok(),
        "restore new" => restore(&home, &new, &root.join("backup"), &forced).is_ok(),
        "backup" => backup(&home, &slug, &root.join("second"), &BackupOptions::default()).is_ok(),
        "import" => import(&home, &new, &root.join("kanban.db"), &ImportOptions::default()).is_ok(),
        "attach" => {
            let board = home.open(&slug, Mode::Short).unwrap();
            let task: TaskId = std::fs::read_to_string(root.join("task")).unwrap().parse().unwrap();
            attach(&board, &task, "r.txt", "x").size == 1
        }
        other => panic!("{other}"),
    }
}

/// Not a test of its own: the process that dies.
#[test]
fn child() {
    if let (Ok(work), Ok(root)) = (std::env::var(WORK), std::env::var("ANDON_TEST_ROOT")) {
        assert!(act(&work, &PathBuf::from(root)));
    }
}

fn die(work: &str, at: &str, root: &Path) {
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child", "--nocapture"])
        .env(WORK, work)
        .env("ANDON_TEST_ROOT", root)
        .env("ANDON_CRASH_AT", at)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(!child.success(), "{work} did not die at {at}");
}

fn prepared() -> (Fixture, TaskId) {
    let fixture = Fixture::new();
    let board = fixture.board();
    let task = create(&board, "kept", &[]);
    std::fs::write(fixture.path("task"), task.as_str()).unwrap();
    backup(&fixture.home, &fixture.slug, &fixture.path("backup"), &BackupOptions::default()).unwrap();
    reference::new_board(&fixture.path("kanban.db"));
    create(&board, "later", &[]);
    (fixture, task)
}

#[test]
fn a_restore_that_dies_anywhere_can_be_run_again() {
    for at in ["restore_prepared", "restore_described", "restore_aside", "restore_overwritten"] {
        let (fixture, task) = prepared();
        die("restore", at, fixture.dir.path());
        // What is there is a whole board: the old one or the restored one.
        assert_eq!(examine(&fixture.home, &fixture.slug).unwrap().findings, [], "{at}");
        assert!(act("restore", fixture.dir.path()), "{at}");
        run(&fixture.board(), Show { task, limit: 1 }).unwrap();
        assert_eq!(examine(&fixture.home, &fixture.slug).unwrap().findings, [], "{at}");
    }
    for at in ["restore_prepared", "restore_described", "restore_moved:1", "restore_moved:3"] {
        let (fixture, task) = prepared();
        std::fs::write(fixture.database(), "rubbish").unwrap();
        die("restore", at, fixture.dir.path());
        // Refused, never an empty board.
        assert!(fixture.home.open(&fixture.slug, Mode::Short).is_err(), "{at}");
        assert!(act("restore", fixture.dir.path()), "{at}");
        run(&fixture.board(), Show { task, limit: 1 }).unwrap();
        assert_eq!(examine(&fixture.home, &fixture.slug).unwrap().findings, [], "{at}");
    }
}

#[test]
fn a_restore_into_a_new_board_that_dies_can_be_run_again() {
    for at in ["restore_prepared", "restore_described", "restore_moved:2"] {
        let (fixture, task) = prepared();
        die("restore new", at, fixture.dir.path());
        let new: BoardSlug = "new".parse().unwrap();
        assert!(fixture.home.open(&new, Mode::Short).is_err(), "{at}");
        let again = RestoreOptions { force: true, policy: Policy::default() };
        restore(&fixture.home, &new, &fixture.path("backup"), &again).unwrap();
        let board = fixture.home.open(&new, Mode::Short).unwrap();
        run(&board, Show { task, limit: 1 }).unwrap();
    }
}

#[test]
fn nothing_half_done_gets_a_name() {
    let (fixture, _) = prepared();
    die("backup", "backup_before_name", fixture.dir.path());
    assert!(!fixture.path("second").exists());
    assert!(act("backup", fixture.dir.path()));
    die("import", "import_before_name", fixture.dir.path());
    assert!(!fixture.home.exists(&"new".parse().unwrap()));
    assert_eq!(fixture.home.boards().len(), 1);
    assert!(act("import", fixture.dir.path()));
    die("attach", "attachment_written", fixture.dir.path());
    assert!(act("attach", fixture.dir.path()));
    assert_eq!(examine(&fixture.home, &fixture.slug).unwrap().findings, []);
}
