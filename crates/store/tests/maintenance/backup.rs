//! Backups and restoring: what comes back, and what is refused.

use std::sync::atomic::{AtomicBool, Ordering};

use andon_core::Policy;
use andon_core::run::Outcome;
use andon_core::task::{BlockKind, Status};
use andon_store::maintenance::{BackupOptions, RestoreOptions, backup, restore};
use andon_store::operation::{Block, Next, Subscribe, TakeNext};
use andon_store::query::{Head, Show};
use andon_store::{Board, Mode};

use crate::{Fixture, attach, claim, create, person, run};

fn count(board: &Board) -> u32 {
    let stats = run(board, andon_store::query::StatsOf).unwrap();
    stats.by_status.iter().map(|(_, count)| count).sum()
}

#[test]
fn a_backup_comes_back_with_its_files_and_its_runs_ended() {
    let fixture = Fixture::new();
    let board = fixture.board();
    let task = create(&board, "kept", &[]);
    attach(&board, &task, "a/b/report.txt", "hello");
    let run_id = claim(&board).remove(0).run.id;
    let place = run(&board, Head { reader: None }).unwrap().0;
    let target = fixture.path("backup");
    let options = BackupOptions { with_files: true, ..BackupOptions::default() };
    let made = backup(&fixture.home, &fixture.slug, &target, &options).unwrap();
    assert_eq!((made.tasks, made.files, made.missing.len()), (1, 1, 0));
    let again = backup(&fixture.home, &fixture.slug, &target, &options).unwrap_err();
    assert_eq!(again.code(), "target_exists");
    let replacing = BackupOptions { replace: true, ..options };
    backup(&fixture.home, &fixture.slug, &target, &replacing).unwrap();

    create(&board, "later", &[]);
    let held = restore(&fixture.home, &fixture.slug, &target, &RestoreOptions::default()).unwrap_err();
    assert_eq!(held.code(), "board_in_use");
    assert_eq!(count(&board), 2);
    let forced = RestoreOptions { force: true, policy: Policy::default() };
    let restored = restore(&fixture.home, &fixture.slug, &target, &forced).unwrap();
    assert_eq!(restored.interrupted, std::slice::from_ref(&run_id));
    assert!(restored.aside.unwrap().exists());

    // The board that was open all the time sees the restored one.
    assert_eq!(count(&board), 1);
    let head = run(&board, Head { reader: None }).unwrap().0;
    assert!(head.epoch > place.epoch);
    let shown = run(&board, Show { task: task.clone(), limit: 50 }).unwrap();
    assert_eq!(shown.task.state.status, Status::Ready);
    assert_eq!(shown.runs[0].outcome, Some(Outcome::Interrupted));
    assert_eq!(shown.attachments[0].name, "report.txt");
    // Restored again, places of the first restore are old, too.
    let second = restore(&fixture.home, &fixture.slug, &target, &forced).unwrap();
    assert!(second.epoch > restored.epoch);
}

#[test]
fn a_restored_board_tells_on_from_where_it_stood() {
    let fixture = Fixture::new();
    let board = fixture.board();
    let task = create(&board, "kept", &[]);
    let subscribe = Subscribe {
        task: Some(task.clone()),
        channel: "ops".parse().unwrap(),
        wish: None,
        home: false,
        caller: person(),
    };
    let id = run(&board, subscribe).unwrap().subscription.id;
    let block = Block {
        task,
        caller: person(),
        kind: BlockKind::NeedsInput,
        reason: "which colour?".to_owned(),
        policy: Policy::default(),
    };
    run(&board, block).unwrap();
    let take = |lease: &str| TakeNext { id: id.clone(), lease: lease.to_owned(), ttl: 600_000 };
    // Somebody is at it while the backup is made, and will never say how it went.
    assert!(matches!(run(&board, take("one")).unwrap(), Next::Tell(_)));
    let target = fixture.path("backup");
    backup(&fixture.home, &fixture.slug, &target, &BackupOptions::default()).unwrap();
    let forced = RestoreOptions { force: true, policy: Policy::default() };
    restore(&fixture.home, &fixture.slug, &target, &forced).unwrap();
    let head = run(&board, Head { reader: None }).unwrap().0;
    let Next::Tell(told) = run(&board, take("two")).unwrap() else { panic!("nothing is told") };
    assert_eq!((told.event.kind.as_str(), told.cursor.epoch), ("blocked", head.epoch));
}

#[test]
fn a_backup_under_write_load_is_one_consistent_moment() {
    let fixture = Fixture::new();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let board = fixture.home.open(&fixture.slug, Mode::Long).unwrap();
                while !stop.load(Ordering::SeqCst) {
                    let parent = create(&board, "parent", &[]);
                    create(&board, "child", &[&parent]);
                }
            });
        }
        for number in 0..5 {
            let target = fixture.path(&format!("backup{number}"));
            backup(&fixture.home, &fixture.slug, &target, &BackupOptions::default()).unwrap();
        }
        stop.store(true, Ordering::SeqCst);
    });
    let slug = "copy".parse().unwrap();
    let restored =
        restore(&fixture.home, &slug, &fixture.path("backup4"), &RestoreOptions::default()).unwrap();
    assert!(restored.new);
    let report = andon_store::maintenance::examine(&fixture.home, &slug).unwrap();
    assert_eq!(report.findings, []);
    // A second board from one backup is a board of its own.
    let (one, other) = (fixture.home.describe(&fixture.slug).unwrap(), fixture.home.describe(&slug).unwrap());
    assert_ne!(one.identity, other.identity);
}

#[test]
fn a_lost_or_damaged_database_is_moved_aside_and_replaced() {
    for damage in [None, Some(&b""[..]), Some(&b"SQLite format 3\0rubbish"[..])] {
        let fixture = Fixture::new();
        let task = create(&fixture.board(), "kept", &[]);
        let target = fixture.path("backup");
        backup(&fixture.home, &fixture.slug, &target, &BackupOptions::default()).unwrap();
        std::fs::remove_file(fixture.database()).unwrap();
        if let Some(bytes) = damage {
            std::fs::write(fixture.database(), bytes).unwrap();
        }
        assert!(fixture.home.open(&fixture.slug, Mode::Short).is_err());
        let restored =
            restore(&fixture.home, &fixture.slug, &target.join("board.db"), &RestoreOptions::default())
                .unwrap();
        assert_eq!(restored.aside.is_some(), damage.is_some());
        run(&fixture.board(), Show { task, limit: 1 }).unwrap();
        let left = std::fs::read_dir(fixture.folder()).unwrap().flatten();
        assert!(!left.into_iter().any(|entry| entry.file_name().to_string_lossy().contains("restoring")));
    }
}

#[test]
fn what_is_no_backup_is_refused_before_anything_is_touched() {
    let fixture = Fixture::new();
    let task = create(&fixture.board(), "kept", &[]);
    for (name, bytes) in
        [("nothing", None), ("empty", Some(&b""[..])), ("text", Some(&b"hello hello hello"[..]))]
    {
        let path = fixture.path(name);
        if let Some(bytes) = bytes {
            std::fs::write(&path, bytes).unwrap();
        }
        let error = restore(&fixture.home, &fixture.slug, &path, &RestoreOptions::default()).unwrap_err();
        assert_eq!(error.code(), "bad_backup", "{name}");
    }
    let other: andon_core::BoardSlug = "other".parse().unwrap();
    fixture.home.create(&other, &Default::default()).unwrap();
    let target = fixture.path("backup");
    backup(&fixture.home, &other, &target, &BackupOptions::default()).unwrap();
    let error = restore(&fixture.home, &fixture.slug, &target, &RestoreOptions::default()).unwrap_err();
    assert_eq!(error.code(), "other_board");
    run(&fixture.board(), Show { task, limit: 1 }).unwrap();
}
