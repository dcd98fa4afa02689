//! Writers that die or meet a failing disk under load: what they were told is there, and the board is whole.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use andon_core::{Policy, TaskId};
use andon_store::operation::Complete;
use andon_store::{Board, Caller, DbError, Mode, OpError};
use andon_testkit::{Inspect, block_on};
use rand::Rng as _;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::Value;

use crate::child;
use crate::processes::{claim, creation};

fn complete(board: &Board, claimed: &andon_store::operation::Claimed) -> Result<(), OpError> {
    let run = &claimed.run;
    let complete = Complete {
        task: claimed.task.id.clone(),
        caller: Caller::worker(run.id.clone(), run.profile.clone(), claimed.token.clone()),
        result: Some("done".to_owned()),
        summary: None,
        metadata: Value::Null,
        created_cards: Vec::new(),
        kept: Vec::new(),
        policy: Policy::default(),
    };
    block_on(board.run(complete)).map(drop)
}

/// The role `write`: creates, claims and completes tasks with four callers until it is killed, and says what it was told.
pub(crate) fn write_for_ever(home: &Path) {
    let mode = if child::setting("ANDON_TEST_LONG").is_some() { Mode::Long } else { Mode::Short };
    let board = child::open(home, mode);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let created = block_on(board.run(creation("t"))).unwrap();
                    child::say(&format!("created {}", created.task.id));
                    for claimed in claim(&board) {
                        child::say(&format!("claimed {}", claimed.task.id));
                        complete(&board, &claimed).unwrap();
                        child::say(&format!("completed {}", claimed.task.id));
                    }
                }
            });
        }
    });
}

/// What every killed writer was told; the board must know it.
#[derive(Debug, Default)]
struct Told {
    created: BTreeSet<TaskId>,
    completed: BTreeSet<TaskId>,
    claimed: Vec<TaskId>,
}

impl Told {
    fn note(&mut self, line: &str) {
        let (what, id) = line.split_once(' ').unwrap();
        let id: TaskId = id.parse().unwrap();
        match what {
            "created" => drop(self.created.insert(id)),
            "completed" => drop(self.completed.insert(id)),
            _ => self.claimed.push(id),
        }
    }

    fn check(&self, home: &Path) {
        let board = child::open(home, Mode::Short);
        let inspection = block_on(board.run(Inspect)).unwrap();
        inspection.check().unwrap();
        for id in &self.created {
            assert!(inspection.tasks.contains_key(id), "{id} was acknowledged and is lost");
        }
        for id in &self.completed {
            let completed = inspection.tasks.get(id).and_then(|(task, _)| task.state.completed_at);
            assert!(completed.is_some(), "the completion of {id} was acknowledged and is lost");
        }
        let each: BTreeSet<_> = self.claimed.iter().collect();
        assert_eq!(each.len(), self.claimed.len(), "a task was claimed twice");
        let database = board.database();
        drop(board);
        assert_eq!(child::integrity(&database), "ok");
    }
}

/// Lets three writers work and kills each after some lines, `rounds` times over, one board all along.
fn kill_writers(rounds: usize, environment: &[(&str, &str)], kill_after: fn() -> usize) {
    let home = tempfile::tempdir().unwrap();
    drop(child::open(home.path(), Mode::Short));
    let mut told = Told::default();
    for _ in 0..rounds {
        let writers: Vec<_> = (0..3)
            .map(|_| {
                let mut writer = child::start("write", home.path(), environment);
                let lines = BufReader::new(writer.stdout.take().unwrap()).lines();
                let limit = kill_after();
                std::thread::spawn(move || {
                    let mut heard = Vec::new();
                    for line in lines.map_while(Result::ok) {
                        let Some((_, line)) = line.split_once("» ") else { continue };
                        heard.push(line.to_owned());
                        if heard.len() == limit {
                            writer.kill().unwrap();
                        }
                    }
                    let status = writer.wait().unwrap();
                    assert!(!status.success());
                    use std::os::unix::process::ExitStatusExt as _;
                    assert!(
                        matches!(status.signal(), Some(6 | 9)),
                        "it ended otherwise than by a kill: {status}"
                    );
                    heard
                })
            })
            .collect();
        for writer in writers {
            for line in writer.join().unwrap() {
                told.note(&line);
            }
        }
        told.check(home.path());
    }
    assert!(told.created.len() > rounds, "hardly anything was written before the kills");
}

fn at_random() -> usize {
    rand::rng().random_range(1..80)
}

#[test]
fn nothing_acknowledged_is_lost_when_short_lived_writers_are_killed() {
    kill_writers(6, &[], at_random);
}

#[test]
fn nothing_acknowledged_is_lost_when_writers_with_group_commit_are_killed() {
    kill_writers(6, &[("ANDON_TEST_LONG", "1")], at_random);
}

#[test]
fn nothing_acknowledged_is_lost_when_writers_die_at_the_commit() {
    for point in ["before_commit:9", "after_commit:9", "before_commit:23", "after_commit:23"] {
        for long in [None, Some(("ANDON_TEST_LONG", "1"))] {
            let mut environment = vec![("ANDON_CRASH_AT", point)];
            environment.extend(long);
            kill_writers(1, &environment, || usize::MAX);
        }
    }
}

/// The role `limited`: writes into a limit on the size of files, which SQLite meets as a failing write, then beyond it.
pub(crate) fn write_into_a_limit(home: &Path) {
    let board = child::open(home, Mode::Long);
    let wal = board.database().with_extension("db-wal");
    let unlimited = getrlimit(Resource::Fsize);
    let room = std::fs::metadata(wal).unwrap().len() + 200_000;
    setrlimit(Resource::Fsize, Rlimit { current: Some(room), ..unlimited }).unwrap();
    let mut failed = 0;
    for n in 0..200 {
        let mut create = creation(&format!("task {n}"));
        create.task.body = Some("x".repeat(9_000));
        match block_on(board.run(create)) {
            Ok(created) => child::say(created.task.id.as_str()),
            Err(OpError::Db(DbError::Io(_) | DbError::Full)) => failed += 1,
            Err(error) => panic!("{error}"),
        }
        if failed == 20 {
            setrlimit(Resource::Fsize, unlimited).unwrap();
        }
    }
    assert!(failed >= 20, "only {failed} writes failed");
    child::say(block_on(board.run(creation("after"))).unwrap().task.id.as_str());
}

#[test]
fn a_failing_disk_refuses_what_it_cannot_keep_and_goes_on_when_it_can() {
    let home = tempfile::tempdir().unwrap();
    drop(child::open(home.path(), Mode::Short));
    let child = child::start_in_shell("trap '' XFSZ; exec \"$@\"", "limited", home.path());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let told: BTreeSet<String> = child::said(&output.stdout).into_iter().collect();
    let board = child::open(home.path(), Mode::Short);
    let inspection = block_on(board.run(Inspect)).unwrap();
    inspection.check().unwrap();
    let kept: BTreeSet<String> = inspection.tasks.keys().map(ToString::to_string).collect();
    assert_eq!(kept, told, "what was acknowledged is there, what failed is not");
    let database = board.database();
    drop(board);
    assert_eq!(child::integrity(&database), "ok");
}
