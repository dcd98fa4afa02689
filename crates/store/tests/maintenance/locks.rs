//! The locks of an open database survive everything that is done beside SQL.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;

use andon_core::{Millis, Policy};
use andon_store::maintenance::{
    BackupOptions, RestoreOptions, backup, examine, quarantine, recover, repair, restore,
};
use andon_store::{Home, Mode};

use crate::{Fixture, attach, copier, create, person};

/// The read locks that this process holds on a file: an open database has one as long as it is open. The kernel's list
/// may leave lines out while it changes, so that it is read several times; a lock that is gone is in none.
fn locks(path: &std::path::Path) -> BTreeSet<String> {
    let inode = format!(":{} ", std::fs::metadata(path).unwrap().ino());
    let pid = format!(" {} ", std::process::id());
    let mut found = BTreeSet::new();
    for _ in 0..20 {
        let text = std::fs::read_to_string("/proc/locks").unwrap();
        let lines = text.lines().filter(|line| line.contains(&inode) && line.contains(&pid));
        found.extend(
            lines
                .filter(|line| line.contains(" READ "))
                .map(|line| line.split_once(": ").unwrap().1.to_owned()),
        );
    }
    found
}

#[test]
fn nothing_beside_sql_touches_the_locks_of_an_open_board() {
    let fixture = Fixture::new();
    let board = fixture.home.open(&fixture.slug, Mode::Long).unwrap();
    let task = create(&board, "kept", &[]);
    let database = fixture.database();
    let before = locks(&database);
    assert!(!before.is_empty(), "an open database is locked");
    let same = |what: &str| assert!(locks(&database).is_superset(&before), "{what}");
    attach(&board, &task, "r.txt", "x");
    same("attach");
    let target = fixture.path("backup");
    backup(&fixture.home, &fixture.slug, &target, &BackupOptions { with_files: true, replace: false })
        .unwrap();
    same("backup");
    examine(&fixture.home, &fixture.slug).unwrap();
    repair(&fixture.home, &fixture.slug, &person(), &Policy::default()).unwrap();
    same("doctor");
    quarantine(&fixture.folder(), "a test", Millis(1), &copier).unwrap();
    andon_store::maintenance::lift(&fixture.folder());
    same("quarantine");
    recover(&fixture.home, &fixture.slug, &fixture.path("saved.db"), &copier, &Policy::default()).unwrap();
    same("recover");
    let forced = RestoreOptions { force: true, policy: Policy::default() };
    restore(&fixture.home, &fixture.slug, &target, &forced).unwrap();
    same("restore");
    assert_eq!(Home::new(fixture.home.root()).boards().len(), 1);
    fixture.home.describe(&fixture.slug).unwrap();
    same("looking");
}
