//! A disk that runs full: what was acknowledged is there, what failed is not, and work goes on when there is room.
//!
//! A full disk is a small file system of its own, which only root may mount; without that right these tests say so and
//! pass.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use andon_store::{BoardFile, Home, Mode};
use andon_testkit::{Inspect, block_on};
use andon_tests::{House, processes, wait_until};

use super::board::{self, as_one_batch, creation};
use super::disk::Disk;

#[test]
fn a_batch_of_fifty_that_meets_a_full_disk_keeps_what_it_acknowledged_and_nothing_else() {
    let root = tempfile::tempdir().unwrap();
    let Some(disk) = Disk::mount(&root.path().join("disk"), "6m") else { return };
    let home = disk.folder().join("home");
    Home::new(&home).create(&"default".parse().unwrap(), &BoardFile::default()).unwrap();
    let board = board::open(&home, Mode::Long);
    block_on(board.run(creation("before", "x"))).unwrap();
    disk.fill(700_000);
    let body = "x".repeat(30_000);
    let title = |n: usize| format!("task {n}");
    let answers = as_one_batch(&board, (0..50).map(|n| creation(&title(n), &body)).collect());
    let mut told = BTreeSet::from(["before".to_owned()]);
    let mut failed = Vec::new();
    for (n, answer) in answers.into_iter().enumerate() {
        match answer {
            Ok(created) => assert!(created.new && told.insert(created.task.title)),
            Err(error) => {
                assert_eq!(error.code(), "disk_full", "{error}");
                failed.push(n);
            }
        }
    }
    println!("{} of 50 were acknowledged", told.len() - 1);
    assert!(told.len() > 1 && !failed.is_empty(), "the disk ran full in the middle");
    assert_eq!(titles(&home), told.iter().cloned().collect::<Vec<_>>());
    disk.make_room();
    let answers = as_one_batch(&board, failed.iter().map(|n| creation(&title(*n), &body)).collect());
    for answer in answers {
        assert!(told.insert(answer.unwrap().task.title));
    }
    assert_eq!(titles(&home), told.into_iter().collect::<Vec<_>>(), "each operation once");
    drop(board);
    board::whole(&home);
}

/// The titles of all tasks, in order; a task that is there twice is in it twice.
fn titles(home: &Path) -> Vec<String> {
    let mut titles: Vec<String> =
        board::inspect(home).tasks.values().map(|(task, _)| task.title.clone()).collect();
    titles.sort();
    titles
}

#[test]
fn a_command_says_that_the_disk_is_full_and_has_changed_nothing() {
    let house = House::new();
    let Some(disk) = Disk::mount(&house.board(), "4m") else { return };
    let first = house.create(["first"]);
    let before = house.head();
    // Once while nobody has the board open, and once while somebody has.
    for open in [false, true] {
        let _dispatcher = open.then(|| {
            let dispatcher = house.dispatcher();
            wait_until("the dispatcher has the board open", || house.board().join("board.db-wal").exists());
            dispatcher
        });
        disk.fill(0);
        // What is free in the log of the board may still be used up.
        let large = "x".repeat(100_000);
        let answer = house.andon(["create", "second", "--body", &large, "--json"]);
        assert_eq!((answer.code, answer.error_code().as_str()), (5, "disk_full"), "{answer:?}");
        let answer = house.andon(["create", "second", "--body", &large]);
        assert_eq!(answer.code, 5, "{answer:?}");
        assert!(answer.stderr.contains("make room and try again"), "{answer:?}");
        disk.make_room();
        assert_eq!(house.json(["list"]).as_array().unwrap().len(), 1, "nothing was half done");
    }
    let _ = house.andon(["complete", &first]).exits(0);
    assert!(house.head() > before);
    board::whole(house.home());
}

const LEASE: Duration = Duration::from_millis(600);

/// Starts a worker, fills its board's disk, lets it end; gives the run.
fn ends_on_a_full_disk(house: &House, disk: &Disk, task: &str) -> String {
    let run = house.wait_running(task);
    wait_until("its start is told", || house.kinds_of(task).iter().any(|kind| kind == "spawned"));
    disk.fill(0);
    // Renewals may fit into the free space of the log for a while; then they fail for longer than a lease lasts.
    let filler = "x".repeat(100_000);
    wait_until("nothing fits any more", || house.andon(["comment", task, &filler]).code == 5);
    let since = Instant::now();
    wait_until("a lease would have run out", || since.elapsed() > 4 * LEASE);
    assert!(!processes::of_run(&run).is_empty(), "a full disk stopped a worker");
    assert_eq!(processes::supervisors_of(&run).len(), 1);
    house.touch("go");
    let record = house.board().join("exits").join(format!("{run}.json"));
    wait_until("its end is on the disk", || {
        std::fs::read(&record).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains("\"complete\""))
    });
    run
}

const PATIENT_WORKER: &str =
    "while [ ! -e \"$OUT/go\" ]; do sleep 0.02; done\necho ran >> \"$OUT/ran\"\necho 'all is well'\n";

fn ended_once(house: &House, task: &str) {
    let done = house.wait_status(task, "done");
    assert_eq!(done["consecutive_failures"], 0);
    let runs = house.runs(task);
    assert_eq!(runs.len(), 1, "{runs:#?}");
    assert_eq!((&runs[0]["outcome"], &runs[0]["exit_code"]), (&"completed".into(), &0.into()), "{runs:#?}");
    assert_eq!(house.show(task)["latest_summary"], "all is well");
    assert_eq!(house.lines("ran"), ["ran"]);
}

#[test]
fn a_worker_outlives_a_full_disk_and_its_end_is_recorded_when_there_is_room() {
    for supervisor_dies in [false, true] {
        let house = House::new();
        house.config("lease_ttl = \"600ms\"\nsweep_interval = \"300ms\"\n");
        let Some(disk) = Disk::mount(&house.board(), "6m") else { return };
        let task = house.script(PATIENT_WORKER);
        let _dispatcher = house.dispatcher();
        let run = ends_on_a_full_disk(&house, &disk, &task);
        if supervisor_dies {
            processes::supervisors_of(&run).into_iter().for_each(processes::kill);
        }
        disk.make_room();
        ended_once(&house, &task);
        wait_until("the record goes", || {
            std::fs::read_dir(house.board().join("exits")).unwrap().count() == 0
        });
    }
}

#[test]
fn another_board_goes_on_while_the_disk_of_one_is_full() {
    let house = House::new();
    let Some(disk) = Disk::mount(&house.board(), "4m") else { return };
    let waiting = house.script("true");
    let _ = house.andon(["init", "--board", "other"]).exits(0);
    disk.fill(0);
    let dispatcher = house.dispatcher_with(&["--all"], &[]);
    let other = house.create(["work", "--assignee", "sh", "--body", "true", "--board", "other"]);
    wait_until("the other board's task is done", || {
        house.json(["show", &other, "--board", "other"])["task"]["status"] == "done"
    });
    disk.make_room();
    house.wait_status(&waiting, "done");
    dispatcher.kill();
    let board = board::open(house.home(), Mode::Short);
    block_on(board.run(Inspect)).unwrap().check().unwrap();
}
