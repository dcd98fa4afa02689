//! The startup guard: a supervisor without a live right to its run starts nothing and changes nothing.

use std::process::Command;

use andon_tests::{Answer, House, text_of, wait_until};
use serde_json::Value;

/// What a dispatcher hands to a supervisor, got by a claim by hand.
pub(crate) struct Identity {
    pub(crate) task: String,
    pub(crate) run: String,
    pub(crate) token: String,
}

/// Claims a task whose script leaves a line in `ran`.
pub(crate) fn claimed(house: &House) -> Identity {
    let task = house.script("printf '%s\\n' \"$ANDON_RUN\" >> \"$OUT/ran\"");
    claim(house, &task)
}

fn claim(house: &House, task: &str) -> Identity {
    let claim = house.json(["claim", task]);
    let run = text_of(&claim["run"]["id"]);
    Identity { task: task.to_owned(), run, token: text_of(&claim["run"]["token"]) }
}

/// The command by which a dispatcher starts a supervisor.
pub(crate) fn supervisor(house: &House, run: &str, token: Option<&str>) -> Command {
    let mut command = house.command();
    command.arg("__supervise").arg(house.home()).args(["default", run]);
    if let Some(token) = token {
        command.env("ANDON_SUPERVISE_TOKEN", token);
    }
    command
}

fn stands_down(house: &House, task: &str, command: Command) {
    let look = |house: &House| -> (Value, Value, i64) {
        let shown = house.show(task);
        (shown["task"].clone(), shown["runs"].clone(), house.head())
    };
    let before = look(house);
    let _: Answer = House::answer(command).exits(0);
    assert_eq!(look(house), before, "a failed guard changes nothing");
    assert!(house.lines("ran").is_empty(), "a failed guard starts nothing");
}

#[test]
fn with_its_right_a_supervisor_runs_the_worker() {
    let house = House::new();
    let given = claimed(&house);
    let _ = House::answer(supervisor(&house, &given.run, Some(&given.token))).exits(0);
    assert_eq!(house.lines("ran"), [given.run]);
    assert_eq!(house.status(&given.task), "done");
}

#[test]
fn a_missing_or_wrong_identity_starts_nothing() {
    let house = House::new();
    let given = claimed(&house);
    let task = &given.task;
    let other = claimed(&house);
    for token in [None, Some(""), Some(" "), Some("wrong"), Some(other.token.as_str())] {
        stands_down(&house, task, supervisor(&house, &given.run, token));
    }
    for run in ["", "nonsense", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "../../x", given.task.as_str()] {
        stands_down(&house, task, supervisor(&house, run, Some(&given.token)));
    }
    for arguments in
        [&["__supervise"][..], &["__supervise", "/nowhere"], &["__supervise", "a", "b", "c", "d"]]
    {
        let mut command = house.command();
        command.args(arguments).env("ANDON_SUPERVISE_TOKEN", &given.token);
        stands_down(&house, task, command);
    }
    assert_eq!(house.task(task)["current_run_id"], given.run.as_str());
}

#[test]
fn a_run_that_was_taken_back_starts_nothing() {
    let house = House::new();
    let given = claimed(&house);
    let _ = house.andon(["reclaim", &given.task]).ok();
    stands_down(&house, &given.task, supervisor(&house, &given.run, Some(&given.token)));
    assert_eq!(house.task(&given.task)["consecutive_failures"], 0);
}

#[test]
fn a_superseded_run_starts_nothing_and_leaves_the_newer_one_alone() {
    let house = House::new();
    let old = claimed(&house);
    let _ = house.andon(["reclaim", &old.task]).ok();
    wait_until("the old run is gone", || {
        let _ = house.andon(["dispatch", "--once", "--max", "0"]);
        !house.runs(&old.task)[0]["reaped_at"].is_null()
    });
    let new = claim(&house, &old.task);
    stands_down(&house, &old.task, supervisor(&house, &old.run, Some(&old.token)));
    stands_down(&house, &old.task, supervisor(&house, &new.run, Some(&old.token)));
    assert_eq!(house.task(&old.task)["current_run_id"], new.run.as_str());
    let _ = House::answer(supervisor(&house, &new.run, Some(&new.token))).exits(0);
    assert_eq!(house.lines("ran"), [new.run]);
}

#[test]
fn a_blocked_task_starts_nothing() {
    let house = House::new();
    let given = claimed(&house);
    let _ = house.andon(["block", &given.task, "not now"]).ok();
    stands_down(&house, &given.task, supervisor(&house, &given.run, Some(&given.token)));
}

#[test]
fn an_archived_task_starts_nothing() {
    let house = House::new();
    let given = claimed(&house);
    let _ = house.andon(["archive", &given.task]).ok();
    stands_down(&house, &given.task, supervisor(&house, &given.run, Some(&given.token)));
}
