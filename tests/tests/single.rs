//! Nothing runs twice, and nothing starts once the cord was pulled.

use std::process::Child;

use andon_tests::{House, wait_until};

use crate::guard::{claimed, supervisor};
use crate::harness::alone;

#[test]
fn of_many_supervisors_of_one_run_one_starts_a_worker() {
    let house = House::new();
    for _ in 0..if andon_tests::chaos() { 100 } else { 8 } {
        let given = claimed(&house);
        let racing: Vec<Child> =
            (0..4).map(|_| supervisor(&house, &given.run, Some(&given.token)).spawn().unwrap()).collect();
        for mut child in racing {
            assert!(child.wait().unwrap().success());
        }
        let ran = house.lines("ran");
        assert_eq!(ran.iter().filter(|line| **line == given.run).count(), 1);
        assert_eq!(house.outcomes(&given.task), ["completed"]);
    }
}

#[test]
fn a_task_that_was_taken_back_waits_until_no_process_of_its_old_run_lives() {
    let house = House::new();
    house.config("stop_grace = \"1s\"\nsweep_interval = \"100ms\"\n");
    let _dispatchers = (house.dispatcher(), house.dispatcher());
    let first = "[ -e \"$OUT/first\" ] && exit 0; trap '' TERM; touch \"$OUT/first\"; setsid sleep 1000";
    let task = house.script(&alone(first));
    wait_until("the worker is at work", || house.outside().join("first").exists());
    let _ = house.andon(["reclaim", &task]).ok();
    house.wait_status(&task, "done");
    assert!(house.lines("overlap").is_empty(), "two workers of one task at once");
    assert_eq!(house.outcomes(&task), ["reclaimed", "completed"]);
    assert_eq!(house.task(&task)["consecutive_failures"], 0);
}

#[test]
fn once_pause_has_answered_nothing_starts() {
    let house = House::new();
    let _dispatchers = (house.dispatcher(), house.dispatcher());
    let rounds = if andon_tests::chaos() { 500 } else { 50 };
    for round in 0..rounds {
        // A new task rings the bell, and the cord is pulled while the dispatchers look.
        house.script("exit 0");
        let _ = house.andon(["pause", "wait"]).ok();
        let answered = format!("0-{}", house.head());
        let late = house.script("exit 0");
        assert_eq!(house.status(&late), "ready");
        let starts = house.json(["events", "--after", &answered, "--kinds", "claimed,spawned"]);
        assert_eq!(starts, serde_json::json!([]), "round {round}");
        let _ = house.andon(["resume"]).ok();
    }
    wait_until("everything that was created is done", || {
        house.json(["list", "--status", "done", "--limit", "10000"]).as_array().unwrap().len() == 2 * rounds
    });
}

#[test]
fn a_pause_that_stops_what_runs_leaves_it_blocked() {
    let house = House::new();
    let _dispatcher = house.dispatcher();
    let task = house.script("sleep 1000");
    let run = house.wait_running(&task);
    let _ = house.andon(["pause", "--stop-running", "fire drill"]).ok();
    wait_until("its worker is gone", || andon_tests::processes::of_run(&run).is_empty());
    assert_eq!(house.task(&task)["block_kind"], "operator");
    let waits = house.script("exit 0");
    let why = house.json(["why", &waits]);
    assert!(why.as_array().unwrap().iter().any(|reason| reason["code"] == "paused"), "{why:#}");
    let _ = house.andon(["resume"]).ok();
    house.wait_status(&waits, "done");
}
