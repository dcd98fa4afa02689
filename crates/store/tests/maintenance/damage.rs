//! Damaged, lost and foreign databases: what is told, what is saved.

use std::os::unix::fs::FileExt as _;

use andon_core::task::Status;
use andon_core::{Millis, Policy};
use andon_store::maintenance::{
    RestoreOptions, examine, is_damage, quarantine, quarantined, recover, restore,
};
use andon_store::query::StatsOf;
use andon_store::{HomeError, Mode};

use crate::{Fixture, claim, copier, create, run};

/// A board of several hundred tasks, closed, with nothing left in its log.
fn filled() -> Fixture {
    let fixture = Fixture::new();
    let board = fixture.board();
    let parent = create(&board, "parent", &[]);
    for number in 0..400 {
        create(&board, &format!("task {number} {}", "x".repeat(200)), &[&parent]);
    }
    claim(&board);
    drop(board);
    let connection = rusqlite::Connection::open(fixture.database()).unwrap();
    connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(())).unwrap();
    drop(connection);
    fixture
}

/// Overwrites leaf pages of the table of tasks.
fn damage_pages(fixture: &Fixture) -> usize {
    let connection = rusqlite::Connection::open(fixture.database()).unwrap();
    let root: i64 = connection
        .query_row("select rootpage from sqlite_schema where name = 'tasks'", [], |row| row.get(0))
        .unwrap();
    drop(connection);
    let file = std::fs::File::options().read(true).write(true).open(fixture.database()).unwrap();
    let (mut interior, mut leaves) = (vec![root as u64], Vec::new());
    while let Some(number) = interior.pop() {
        let mut page = vec![0_u8; 4_096];
        file.read_exact_at(&mut page, (number - 1) * 4_096).unwrap();
        if !matches!(page[0], 2 | 5) {
            leaves.push(number);
            continue;
        }
        for index in 0..usize::from(u16::from_be_bytes([page[3], page[4]])) {
            let at = usize::from(u16::from_be_bytes([page[12 + 2 * index], page[13 + 2 * index]]));
            interior.push(u64::from(u32::from_be_bytes(page[at..at + 4].try_into().unwrap())));
        }
    }
    let damaged = 3;
    for number in leaves.iter().skip(leaves.len() / 3).take(damaged) {
        file.write_all_at(&[0xee; 4_096], (number - 1) * 4_096).unwrap();
    }
    damaged
}

#[test]
fn a_damaged_page_is_found_and_everything_else_is_recovered() {
    let fixture = filled();
    assert_eq!(damage_pages(&fixture), 3);
    let report = examine(&fixture.home, &fixture.slug).unwrap();
    assert!(report.findings.iter().any(|f| matches!(f.code, "integrity" | "database_corrupt")), "{report:?}");
    let target = fixture.path("saved.db");
    let saved = recover(&fixture.home, &fixture.slug, &target, &copier, &Policy::default()).unwrap();
    let tasks = saved.iter().find(|saved| saved.table == "tasks").unwrap();
    assert!(!tasks.whole && tasks.rows > 300 && tasks.rows < 401, "{saved:?}");
    assert!(saved.iter().find(|saved| saved.table == "events").unwrap().whole);
    let restored = restore(&fixture.home, &fixture.slug, &target, &RestoreOptions::default()).unwrap();
    assert!(restored.aside.is_some());
    let stats = run(&fixture.board(), StatsOf).unwrap();
    let count: u32 = stats.by_status.iter().map(|(_, count)| *count).sum();
    assert_eq!(u64::from(count), tasks.rows);
    // The parent may have been lost: nothing starts because of that.
    let ready = stats.by_status.iter().find(|(status, _)| *status == Status::Ready).unwrap().1;
    assert!(ready <= 1, "{stats:?}");
    let healthy = examine(&fixture.home, &fixture.slug).unwrap();
    assert_eq!(healthy.findings, []);
}

#[test]
fn a_truncated_database_is_refused_and_its_rest_recovered() {
    let fixture = filled();
    let file = std::fs::File::options().write(true).open(fixture.database()).unwrap();
    let length = file.metadata().unwrap().len();
    file.set_len(length / 2 / 4_096 * 4_096).unwrap();
    drop(file);
    let report = examine(&fixture.home, &fixture.slug).unwrap();
    assert!(!report.healthy());
    let target = fixture.path("saved.db");
    let saved = recover(&fixture.home, &fixture.slug, &target, &copier, &Policy::default()).unwrap();
    assert!(saved.iter().map(|saved| saved.rows).sum::<u64>() > 0);
    let slug = "saved".parse().unwrap();
    restore(&fixture.home, &slug, &target, &RestoreOptions::default()).unwrap();
    assert_eq!(examine(&fixture.home, &slug).unwrap().findings, []);
}

#[test]
fn a_thousand_attempts_make_one_copy() {
    let fixture = filled();
    damage_pages(&fixture);
    let folder = fixture.folder();
    let copies = std::cell::Cell::new(0);
    let counting = |from: &std::path::Path, to: &std::path::Path| {
        copies.set(copies.get() + 1);
        copier(from, to)
    };
    let mut now = Millis(1_000_000);
    for _ in 0..1_000 {
        let marker = quarantine(&folder, "malformed", now, &counting).unwrap();
        assert!(marker.until > now);
        now = now.plus(40_000);
    }
    let names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains("corrupt"))
        .collect();
    assert_eq!((copies.get(), names.len()), (1, 1));
    assert!(names[0].starts_with("board.db.corrupt.") && names[0].ends_with(".bak"));
    assert!(quarantined(&folder).is_some());
    // Another file is another case.
    std::fs::write(fixture.database(), "something else").unwrap();
    assert_eq!(quarantined(&folder), None);
}

#[test]
fn databases_that_are_not_the_boards_are_named_for_what_they_are() {
    let code = |fixture: &Fixture| match fixture.home.open(&fixture.slug, Mode::Short) {
        Err(HomeError::Db(error)) => error.code(),
        other => panic!("{other:?}"),
    };
    let plant = |act: &dyn Fn(&Fixture)| {
        let fixture = Fixture::new();
        drop(fixture.board());
        act(&fixture);
        let report = examine(&fixture.home, &fixture.slug).unwrap();
        let code = code(&fixture);
        assert_eq!(report.findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), [code]);
        assert!(report.findings[0].way_out.is_some(), "{code}");
        (code, fixture)
    };
    assert_eq!(plant(&|f| std::fs::remove_file(f.database()).unwrap()).0, "database_missing");
    assert_eq!(plant(&|f| std::fs::write(f.database(), "").unwrap()).0, "database_empty");
    assert_eq!(plant(&|f| std::fs::write(f.database(), "x".repeat(9_000)).unwrap()).0, "database_foreign");
    assert_eq!(plant(&|f| f.tamper("pragma application_id = 7")).0, "database_foreign");
    assert_eq!(plant(&|f| f.tamper("pragma user_version = 999")).0, "database_newer");
    assert_eq!(
        plant(&|f| f.tamper("update meta set value = 'x' where key = 'identity'")).0,
        "database_identity"
    );
    let (_, fixture) = plant(&|f| std::fs::write(f.database(), "x".repeat(9_000)).unwrap());
    assert!(is_damage(&fixture.home.open(&fixture.slug, Mode::Short).unwrap_err()));
}
