//! What the store does beside SQL: it never touches the locks on a live database, and its bell wakes and cleans up.

use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::{Duration, Instant};

use andon_store::{Board, BoardFile, Doorbell, Home, Mode, Ring};
use andon_testkit::{Draft, Scene, SqliteBoards, block_on};

use crate::child;

/// The locks that this process holds on a file, as the kernel tells it.
fn locks(path: &Path) -> Vec<String> {
    let inode = std::fs::metadata(path).unwrap().ino().to_string();
    let me = std::process::id().to_string();
    // One reading may pass over a lock while others lock and unlock; a lock that is gone is in none of several.
    let table: String = (0..8).map(|_| std::fs::read_to_string("/proc/locks").unwrap()).collect();
    let mut held: Vec<String> = table
        .lines()
        .map(|line| line.split_whitespace().skip(1).collect::<Vec<_>>())
        .filter(|words| {
            let own = words.get(3) == Some(&me.as_str());
            own && words.get(4).is_some_and(|file| file.rsplit(':').next() == Some(&inode))
        })
        .map(|words| words.join(" "))
        .collect();
    held.sort();
    held.dedup();
    held
}

/// Everything that Andon does with a board beside SQL.
fn everything_beside_sql(home: &Home, board: &Board) {
    let slug = board.slug().clone();
    assert!(home.exists(&slug) && home.boards() == [slug.clone()]);
    assert!(!home.create(&slug, &BoardFile::default()).unwrap(), "it is there already");
    home.describe(&slug).unwrap();
    home.edit(&slug, |file| file.name = Some("Line one".to_owned())).unwrap();
    for mode in [Mode::Short, Mode::Long] {
        let other = home.open(&slug, mode).unwrap();
        block_on(other.run(andon_testkit::Inspect)).unwrap();
        other.close_idle();
    }
    let waiter = board.doorbell().wait_for_board(3).unwrap();
    board.doorbell().ring(&[Ring::Board]);
    assert!(waiter.drain());
    assert!(std::fs::metadata(board.database()).unwrap().is_file());
}

#[test]
fn locks_on_the_database_survive_everything_beside_sql() {
    let boards = SqliteBoards::new(Mode::Short);
    let s = Scene::new(&boards);
    block_on(s.task("t"));
    let database = s.board.database();
    let holder = rusqlite::Connection::open(&database).unwrap();
    holder.execute_batch("begin; select count(*) from tasks").unwrap();
    let before = locks(&database);
    assert!(!before.is_empty(), "the connection holds no lock that could be lost");
    everything_beside_sql(&boards.home(s.board.world()), &s.board);
    assert_eq!(wait_for_locks(&database, &before), before);
    // The proof proves something: one descriptor that is opened and closed takes the locks away.
    drop(std::fs::File::open(&database).unwrap());
    assert_ne!(locks(&database), before);
}

/// Other connections of this process may still be closing on their writer's thread.
fn wait_for_locks(database: &Path, expected: &[String]) -> Vec<String> {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let held = locks(database);
        if held == expected || Instant::now() > deadline {
            return held;
        }
        std::thread::yield_now();
    }
}

#[test]
fn the_bell_removes_sockets_of_the_dead_and_keeps_those_of_the_living() {
    let boards = SqliteBoards::new(Mode::Short);
    let s = Scene::new(&boards);
    let wake = s.board.folder().join("wake");
    for n in 0..5 {
        drop(UnixDatagram::bind(wake.join(format!("board-stale{n}"))).unwrap());
    }
    let living = s.board.doorbell().wait_for_board(9).unwrap();
    block_on(s.create(Draft::new("t")));
    assert!(living.drain());
    assert_eq!(std::fs::read_dir(&wake).unwrap().count(), 1);
    drop(living);
    assert_eq!(std::fs::read_dir(&wake).unwrap().count(), 0);
}

#[test]
fn the_bell_reaches_waiters_in_homes_with_long_and_foreign_names() {
    let root = tempfile::tempdir().unwrap();
    let home = root.path().join("ein Zuhause mit Leerzeichen é").join("l".repeat(120)).join("m".repeat(120));
    let board = child::open(&home, Mode::Long);
    let waiter = board.doorbell().wait_for_board(1).unwrap();
    block_on(board.run(crate::processes::creation("t"))).unwrap();
    assert!(waiter.drain());
}

#[test]
fn a_waiter_that_never_reads_holds_no_writer_up() {
    let boards = SqliteBoards::new(Mode::Short);
    let s = Scene::new(&boards);
    let deaf = s.board.doorbell().wait_for_board(1).unwrap();
    let bell: &Doorbell = s.board.doorbell();
    for _ in 0..10_000 {
        bell.ring(&[Ring::Board]);
    }
    let hears = bell.wait_for_board(2).unwrap();
    block_on(s.task("t"));
    assert!(hears.drain() && deaf.drain());
}
