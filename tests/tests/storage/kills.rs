//! SIGKILL at random, under load: writers, dispatchers, supervisors.
//!
//! What was acknowledged is there afterwards, the board is whole, all work finishes, and no task ever ran twice at once.

use std::collections::BTreeSet;
use std::process::{Child, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use andon_tests::{Dispatcher, House, chaos, processes, wait_for, wait_until};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use super::board;
use super::crash_points::{PATIENT, WORKER};

/// Every crash point of a dispatcher and of the supervisors that inherit its environment.
const POINTS: &[&str] = &[
    "before_commit",
    "after_commit",
    "after_claim_commit",
    "after_take",
    "before_exec",
    "after_exec",
    "after_tree_gone",
    "after_record",
    "after_end",
];

/// What was acknowledged.
#[derive(Debug, Default)]
struct Told {
    created: BTreeSet<String>,
    completed: BTreeSet<String>,
}

/// What the storm has come to.
struct Storm<'a> {
    house: &'a House,
    told: Mutex<Told>,
    kills: AtomicUsize,
    over: AtomicBool,
    wanted: usize,
}

impl Storm<'_> {
    fn count_kill(&self) {
        if self.kills.fetch_add(1, Ordering::SeqCst) + 1 >= self.wanted {
            self.over.store(true, Ordering::SeqCst);
        }
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    /// Runs a command that may be killed at any time or dies at a commit; gives what it told.
    fn risky(&self, arguments: &[&str], chance: &mut StdRng) -> Option<String> {
        let mut command = self.house.command();
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let fate = chance.random_range(0..12);
        if fate == 0 {
            command.env("ANDON_CRASH_AT", if chance.random() { "before_commit" } else { "after_commit" });
        }
        let mut child = command.spawn().unwrap();
        let killed = fate < 3;
        if fate == 1 || fate == 2 {
            kill_after(&mut child, Duration::from_micros(chance.random_range(0..25_000)));
        }
        let output = child.wait_with_output().unwrap();
        if output.status.code().is_none() {
            self.count_kill();
        }
        assert!(
            output.status.success() || killed,
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        // What stands on standard output as a whole line was said, even by a process that died then.
        let said = String::from_utf8(output.stdout).unwrap();
        said.ends_with('\n').then_some(said)
    }

    /// Creates tasks for the dispatchers and for itself, and completes its own, until the storm is over.
    fn write(&self, seed: u64) {
        let mut chance = StdRng::seed_from_u64(seed);
        let mut own: Vec<String> = Vec::new();
        while !self.is_over() {
            let mine = chance.random_range(0..3) > 0;
            let script = format!("{WORKER}sleep 0.0{}\n", chance.random_range(0..10));
            let arguments: &[&str] = if mine {
                &["create", "by hand"]
            } else {
                &["create", "work", "--assignee", "sh", "--body", &script]
            };
            if let Some(id) = self.risky(arguments, &mut chance).and_then(|said| id_in(&said)) {
                self.told.lock().unwrap().created.insert(id.clone());
                if mine {
                    own.push(id);
                }
            }
            if own.len() > 3
                && let Some(id) = own.pop()
                && self.risky(&["complete", &id, "--result", "by hand"], &mut chance).is_some()
            {
                self.told.lock().unwrap().completed.insert(id);
            }
        }
    }

    /// Keeps a dispatcher at work, with and without a crash point, and kills it and supervisors at random.
    fn kill(&self, seed: u64) {
        let mut chance = StdRng::seed_from_u64(seed);
        while !self.is_over() {
            let point =
                format!("{}:{}", POINTS[chance.random_range(0..POINTS.len())], chance.random_range(1..4));
            let with_point = chance.random_range(0..3) == 0;
            let environment = [("ANDON_CRASH_AT", point.as_str())];
            let mut dispatcher = self.house.dispatcher_with(&[], if with_point { &environment } else { &[] });
            let victims = chance.random_range(1..4);
            for _ in 0..victims {
                if !self.kill_a_supervisor(&mut dispatcher, &mut chance) {
                    break;
                }
            }
            self.count_kill();
            dispatcher.kill();
        }
    }

    /// Whether one was killed while the dispatcher lives.
    fn kill_a_supervisor(&self, dispatcher: &mut Dispatcher, chance: &mut StdRng) -> bool {
        let victim = wait_for("a supervisor, or the end of the dispatcher", || {
            if self.is_over() || !dispatcher.runs() {
                return Some(None);
            }
            let all = supervisors(self.house);
            (!all.is_empty()).then(|| Some(all[chance.random_range(0..all.len())]))
        });
        let Some(victim) = victim else { return false };
        processes::kill(victim);
        self.count_kill();
        true
    }
}

/// Kills a child at a moment within the next time; a child that is faster than that is not waited for.
fn kill_after(child: &mut Child, wait: Duration) {
    let until = Instant::now() + wait;
    while Instant::now() < until {
        if child.try_wait().unwrap().is_some() {
            return;
        }
        std::thread::yield_now();
    }
    child.kill().unwrap();
}

fn id_in(said: &str) -> Option<String> {
    said.split_whitespace().find(|word| word.starts_with("t_")).map(str::to_owned)
}

fn supervisors(house: &House) -> Vec<i32> {
    processes::supervisors_among(house.processes())
}

fn storm(house: &House, kills: usize, seed: u64) -> Told {
    println!("seed {seed}");
    let storm = Storm {
        house,
        told: Mutex::default(),
        kills: AtomicUsize::new(0),
        over: AtomicBool::new(false),
        wanted: kills,
    };
    std::thread::scope(|scope| {
        for n in 0..2 {
            let storm = &storm;
            scope.spawn(move || storm.write(seed ^ (n + 1)));
        }
        storm.kill(seed);
    });
    storm.told.into_inner().unwrap()
}

/// The board while work may be in flight: sound, and everything acknowledged is there.
fn keeps(house: &House, told: &Told) {
    let inspection = board::inspect(house.home());
    for id in &told.created {
        let id = id.parse().unwrap();
        assert!(inspection.tasks.contains_key(&id), "{id} was acknowledged and is lost");
    }
    for id in &told.completed {
        let (task, _) = &inspection.tasks[&id.parse().unwrap()];
        assert!(task.state.completed_at.is_some(), "the completion of {id} was acknowledged and is lost");
    }
}

#[test]
fn nothing_is_lost_and_nothing_runs_twice_under_sigkill_at_random() {
    let house = House::new();
    house.config(&format!("{PATIENT}max_running = 6\n"));
    let _ = house.andon(["init"]).exits(0);
    let told = storm(&house, if chaos() { 200 } else { 40 }, rand::random());
    keeps(&house, &told);
    println!("{} creations and {} completions were acknowledged", told.created.len(), told.completed.len());
    assert!(!told.created.is_empty());
    let _dispatcher = house.dispatcher();
    wait_until("all work finishes", || {
        let inspection = board::inspect(house.home());
        inspection.live.is_empty()
            && inspection
                .tasks
                .values()
                .filter(|(task, _)| task.assignee.is_some())
                .all(|(task, _)| task.state.status == andon_core::task::Status::Done)
    });
    keeps(&house, &told);
    assert_eq!(house.lines("clashes"), [""; 0], "a task ran twice at once");
    board::whole(house.home());
}
