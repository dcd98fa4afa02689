//! The locks that a process holds on its board survive everything that Andon does beside SQL.
//!
//! Closing any descriptor of a file cancels every POSIX lock that its process holds on it, whoever opened it.

#![expect(clippy::disallowed_methods, reason = "the copier of a quarantine is another process")]

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

use andon_core::{BoardSlug, Millis, Policy};
use andon_store::maintenance::{
    BackupOptions, RestoreOptions, backup, examine, lift, quarantine, quarantined, recover, restore,
};
use andon_store::query::FileIndex;
use andon_store::{Board, BoardFile, Home, Mode, Ring, files};
use andon_testkit::block_on;

use super::board::{Hold, HoldReading, creation};

/// The locks of this process on the files of a board's database: file, kind, first and last byte.
fn locks(board: &Path) -> BTreeSet<(String, String)> {
    let me = std::process::id().to_string();
    // The kernel hands the list out in pieces while others lock and unlock, so that one reading may pass over a lock that
    // is held; one that is gone is in none of several.
    let all: String = (0..8).map(|_| std::fs::read_to_string("/proc/locks").unwrap()).collect();
    let mut held = BTreeSet::new();
    for name in ["board.db", "board.db-shm"] {
        // Asked by name: the test opens none of these files either.
        let Ok(inode) = std::fs::metadata(board.join(name)).map(|meta| meta.ino()) else { continue };
        for line in all.lines() {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let [_, "POSIX", _, kind, pid, file, first, last] = fields[..] else { continue };
            if pid == me && file.rsplit(':').next() == Some(inode.to_string().as_str()) {
                held.insert((format!("{name} {kind}"), format!("{first}-{last}")));
            }
        }
    }
    held
}

/// Copies by another process, as the program does.
fn copier(from: &Path, to: &Path) -> std::io::Result<()> {
    let status = Command::new("cp").arg(from).arg(to).status()?;
    if status.success() { Ok(()) } else { Err(std::io::Error::other("cp failed")) }
}

/// A step of what Andon does beside SQL.
type Step = (&'static str, fn(&Home, &BoardSlug, &Path));

/// Everything that looks at a board's folder or copies its files.
const STEPS: &[Step] = &[
    ("boards", |home, _, _| assert_eq!(home.boards().len(), 2)),
    ("exists", |home, slug, _| assert!(home.exists(slug))),
    ("describe", |home, slug, _| drop(home.describe(slug).unwrap())),
    ("edit", |home, slug, _| drop(home.edit(slug, |file| file.name = Some("新しい".to_owned())).unwrap())),
    ("create again", |home, slug, _| assert!(!home.create(slug, &BoardFile::default()).unwrap())),
    ("examine", |home, slug, _| drop(examine(home, slug).unwrap())),
    ("open and close", |home, slug, _| drop(home.open(slug, Mode::Short).unwrap())),
    ("open and close a writer", |home, slug, _| drop(home.open(slug, Mode::Long).unwrap())),
    ("backup", |home, slug, to| {
        let options = BackupOptions { with_files: true, ..BackupOptions::default() };
        drop(backup(home, slug, &to.join("backup"), &options).unwrap());
    }),
    ("restore a copy as another board", |home, _, to| {
        let copy = "copy".parse().unwrap();
        let options = RestoreOptions { force: true, policy: Policy::default() };
        drop(restore(home, &copy, &to.join("backup"), &options).unwrap());
        home.delete(&copy).unwrap();
    }),
    ("a restore that is refused", |home, slug, to| {
        let refused = restore(home, slug, &to.join("backup"), &RestoreOptions::default());
        assert_eq!(refused.unwrap_err().code(), "board_in_use");
    }),
    ("a restore from the live file that is refused", |home, slug, _| {
        let live = home.board_folder(slug).join("board.db");
        restore(home, slug, &live, &RestoreOptions::default()).unwrap_err();
    }),
    ("quarantine", |home, slug, _| {
        let folder = home.board_folder(slug);
        let kept = quarantine(&folder, "a test", Millis(0), &copier).unwrap();
        assert!(folder.join(kept.copy.unwrap()).exists());
        assert!(quarantined(&folder).is_some());
        lift(&folder);
    }),
    ("recover", |home, slug, to| {
        recover(home, slug, &to.join("recovered.db"), &copier, &Policy::default()).unwrap();
    }),
    ("attachments", |home, slug, _| {
        let board = home.open(slug, Mode::Short).unwrap();
        let known = block_on(board.run(FileIndex)).unwrap();
        assert_eq!(files::orphans(board.folder(), &known.attachments), Vec::<std::path::PathBuf>::new());
        let _ = files::remove_old_logs(board.folder(), Millis(0), Millis(1));
    }),
    ("ring", |home, slug, _| {
        let board = home.open(slug, Mode::Short).unwrap();
        let waiter = board.doorbell().wait_for_board(1).unwrap();
        board.doorbell().ring(&[Ring::Board]);
        assert!(waiter.drain());
    }),
    ("archive another board", |home, _, _| {
        let third = "third".parse().unwrap();
        home.create(&third, &BoardFile::default()).unwrap();
        home.archive(&third).unwrap();
    }),
    ("start a process", |_, _, _| assert!(Command::new("true").status().unwrap().success())),
];

fn keeps_its_locks(what: &str, home: &Home, slug: &BoardSlug, expected: &BTreeSet<(String, String)>) {
    let folder = home.board_folder(slug);
    // What stays: a lock that was only passing by is no promise.
    let expected = &(0..5).fold(expected.clone(), |steady, _| &steady & &locks(&folder));
    let elsewhere = tempfile::tempdir().unwrap();
    assert!(!expected.is_empty(), "{what} holds locks");
    for (name, step) in STEPS {
        step(home, slug, elsewhere.path());
        let kept = (0..100).any(|_| locks(&folder).is_superset(expected));
        assert!(kept, "{what}: {name} cancelled locks: {:?} of {expected:?}", locks(&folder));
    }
}

fn a_home() -> (tempfile::TempDir, Home, BoardSlug, Board) {
    let root = tempfile::tempdir().unwrap();
    let home = Home::new(root.path().join("home"));
    let slug: BoardSlug = "busy".parse().unwrap();
    for slug in [&slug, &"idle".parse().unwrap()] {
        home.create(slug, &BoardFile::default()).unwrap();
    }
    let board = home.open(&slug, Mode::Long).unwrap();
    block_on(board.run(creation("a task", "x"))).unwrap();
    (root, home, slug, board)
}

#[test]
fn the_locks_of_a_writer_survive_everything_beside_sql() {
    let (_root, home, slug, board) = a_home();
    let hold = Hold::default();
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| block_on(board.run(hold.clone())));
        hold.wait_until_held();
        let held = locks(board.folder());
        assert!(held.iter().any(|(name, _)| name == "board.db-shm WRITE"), "{held:?}");
        keeps_its_locks("a writer", &home, &slug, &held);
        hold.let_go();
        writing.join().unwrap().unwrap();
    });
}

#[test]
fn the_locks_of_a_reader_survive_everything_beside_sql() {
    let (_root, home, slug, board) = a_home();
    let hold = Hold::default();
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| block_on(board.run(HoldReading(hold.clone()))));
        hold.wait_until_held();
        let held = locks(board.folder());
        assert!(held.iter().any(|(name, _)| name == "board.db READ"), "{held:?}");
        keeps_its_locks("a reader", &home, &slug, &held);
        hold.let_go();
        reading.join().unwrap().unwrap();
    });
}

#[test]
fn a_look_at_the_locks_sees_what_a_stray_descriptor_does() {
    let (_root, home, slug, board) = a_home();
    let hold = Hold::default();
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| block_on(board.run(hold.clone())));
        hold.wait_until_held();
        let live = home.board_folder(&slug).join("board.db");
        drop(std::fs::File::open(live).unwrap());
        let held = locks(board.folder());
        assert!(!held.iter().any(|(name, _)| name.starts_with("board.db ")), "{held:?}");
        hold.let_go();
        writing.join().unwrap().unwrap();
    });
}
